package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Settings implements storage.Store.
func (s *Store) Settings() ([]storage.Settings, error) {
	var all []storage.Settings
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketSettings()).ForEach(func(k, v []byte) error {
			var one storage.Settings
			if err := decode(v, &one); err != nil {
				return fmt.Errorf("settings of %q are damaged: %w", k, err)
			}
			all = append(all, one)
			return nil
		})
	})
	return all, err
}

// SaveSettings implements storage.Store.
func (s *Store) SaveSettings(one storage.Settings) error {
	if err := one.Check(); err != nil {
		return err
	}
	value, err := encode(one)
	if err != nil {
		return fmt.Errorf("storage: settings of %q: %w", one.Extension, err)
	}
	return s.commit(func(tx *bbolt.Tx) error {
		if one.Empty() {
			return tx.Bucket(bucketSettings()).Delete([]byte(one.Extension))
		}
		return tx.Bucket(bucketSettings()).Put([]byte(one.Extension), value)
	})
}
