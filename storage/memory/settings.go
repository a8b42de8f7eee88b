package memory

import (
	"cmp"
	"maps"
	"slices"

	"dialtone/storage"
)

// Settings implements storage.Store.
func (s *Store) Settings() ([]storage.Settings, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	all := slices.SortedFunc(maps.Values(s.settings), func(a, b storage.Settings) int { return cmp.Compare(a.Extension, b.Extension) })
	for i := range all {
		all[i] = all[i].Clone()
	}
	return all, nil
}

// SaveSettings implements storage.Store.
func (s *Store) SaveSettings(one storage.Settings) error {
	if err := one.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	if one.Empty() {
		delete(s.settings, one.Extension)
		return nil
	}
	s.settings[one.Extension] = one.Clone()
	return nil
}
