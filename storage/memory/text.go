package memory

import (
	"cmp"
	"slices"

	"dialtone/storage"
)

func texts() table[string, storage.Text] {
	return table[string, storage.Text]{
		values:  map[string]storage.Text{},
		key:     func(t *storage.Text) string { return t.ID },
		clone:   cloneText,
		compare: func(a, b storage.Text) int { return cmp.Compare(b.ID, a.ID) },
	}
}

func devices() table[storage.ContactKey, storage.Device] {
	return table[storage.ContactKey, storage.Device]{
		values: map[storage.ContactKey]storage.Device{},
		key:    deviceKey,
		compare: func(a, b storage.Device) int {
			return cmp.Or(cmp.Compare(a.Extension, b.Extension), cmp.Compare(a.Name, b.Name))
		},
	}
}

// Texts implements storage.Store, with those that there are at the call.
func (s *Store) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	return give(s, &s.texts, f.Fits, f.Limit, yield)
}

// SaveTexts implements storage.Store.
func (s *Store) SaveTexts(list ...storage.Text) error { return save(s, &s.texts, list) }

// ChangeText implements storage.Store.
func (s *Store) ChangeText(id string, change func(*storage.Text)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	t, ok := s.texts.values[id]
	if !ok {
		return nil
	}
	t = cloneText(t)
	change(&t)
	t.ID = id
	if err := t.Check(); err != nil {
		return err
	}
	s.texts.values[id] = cloneText(t)
	return nil
}

// DeleteTexts implements storage.Store.
func (s *Store) DeleteTexts(ids ...string) error { return save(s, &s.texts, nil, ids...) }

// Devices implements storage.Store.
func (s *Store) Devices() ([]storage.Device, error) { return list(s, &s.devices, every) }

// SaveDevices implements storage.Store.
func (s *Store) SaveDevices(changed, removed []storage.Device) error {
	gone := make([]storage.ContactKey, len(removed))
	for i := range removed {
		gone[i] = deviceKey(&removed[i])
	}
	return save(s, &s.devices, changed, gone...)
}

func deviceKey(d *storage.Device) storage.ContactKey {
	return storage.ContactKey{Extension: d.Extension, Binding: d.Name}
}

func cloneText(t storage.Text) storage.Text {
	t.Body, t.Receipts = slices.Clone(t.Body), slices.Clone(t.Receipts)
	return t
}
