package bolt

import "dialtone/storage"

func settings() kind[storage.Settings] {
	return kind[storage.Settings]{bucketSettings(), "settings of", func(one *storage.Settings) []byte { return idKey(one.Extension) }}
}

// Settings implements storage.Store.
func (s *Store) Settings() ([]storage.Settings, error) { return values(s, settings(), nil) }

// SaveSettings implements storage.Store.
func (s *Store) SaveSettings(one storage.Settings) error {
	if err := one.Check(); err != nil {
		return err
	}
	if one.Empty() {
		return save(s, settings(), nil, idKey(one.Extension))
	}
	return save(s, settings(), []storage.Settings{one})
}
