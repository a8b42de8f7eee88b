package memory

import (
	"cmp"

	"dialtone/storage"
)

func settings() table[string, storage.Settings] {
	return table[string, storage.Settings]{
		values:  map[string]storage.Settings{},
		key:     func(one *storage.Settings) string { return one.Extension },
		clone:   func(one storage.Settings) storage.Settings { return one.Clone() },
		compare: func(a, b storage.Settings) int { return cmp.Compare(a.Extension, b.Extension) },
	}
}

// Settings implements storage.Store.
func (s *Store) Settings() ([]storage.Settings, error) { return list(s, &s.settings, every) }

// SaveSettings implements storage.Store.
func (s *Store) SaveSettings(one storage.Settings) error {
	if err := one.Check(); err != nil {
		return err
	}
	if one.Empty() {
		return save(s, &s.settings, nil, one.Extension)
	}
	return save(s, &s.settings, []storage.Settings{one})
}
