package memory

import (
	"cmp"
	"maps"
	"slices"

	"dialtone/storage"
)

// Texts implements storage.Store, with those that there are at the call.
func (s *Store) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	found, err := s.pickTexts(f)
	if err != nil {
		return err
	}
	for n, t := range found {
		if f.Limit > 0 && n == f.Limit || !yield(t) {
			break
		}
	}
	return nil
}

func (s *Store) pickTexts(f storage.TextFilter) ([]storage.Text, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	var found []storage.Text
	for _, t := range s.texts {
		if f.Fits(&t) {
			found = append(found, cloneText(t))
		}
	}
	slices.SortFunc(found, func(a, b storage.Text) int { return cmp.Compare(b.ID, a.ID) })
	return found, nil
}

// SaveTexts implements storage.Store.
func (s *Store) SaveTexts(list ...storage.Text) error {
	for i := range list {
		if err := list[i].Check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, t := range list {
		s.texts[t.ID] = cloneText(t)
	}
	return nil
}

// ChangeText implements storage.Store.
func (s *Store) ChangeText(id string, change func(*storage.Text)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	t, ok := s.texts[id]
	if !ok {
		return nil
	}
	t = cloneText(t)
	change(&t)
	t.ID = id
	if err := t.Check(); err != nil {
		return err
	}
	s.texts[id] = cloneText(t)
	return nil
}

// DeleteTexts implements storage.Store.
func (s *Store) DeleteTexts(ids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, id := range ids {
		delete(s.texts, id)
	}
	return nil
}

// Devices implements storage.Store.
func (s *Store) Devices() ([]storage.Device, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	all := slices.Collect(maps.Values(s.devices))
	slices.SortFunc(all, func(a, b storage.Device) int {
		return cmp.Or(cmp.Compare(a.Extension, b.Extension), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// SaveDevices implements storage.Store.
func (s *Store) SaveDevices(changed, removed []storage.Device) error {
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, d := range removed {
		delete(s.devices, deviceKey(&d))
	}
	for _, d := range changed {
		s.devices[deviceKey(&d)] = d
	}
	return nil
}

func deviceKey(d *storage.Device) storage.ContactKey {
	return storage.ContactKey{Extension: d.Extension, Binding: d.Name}
}

func cloneText(t storage.Text) storage.Text {
	t.Body, t.Receipts = slices.Clone(t.Body), slices.Clone(t.Receipts)
	return t
}
