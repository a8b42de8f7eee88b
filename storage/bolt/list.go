package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// ListEntries implements storage.Store.
func (s *Store) ListEntries() ([]storage.ListEntry, error) {
	var all []storage.ListEntry
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketLists()).ForEach(func(k, v []byte) error {
			var e storage.ListEntry
			if err := decode(v, &e); err != nil {
				return fmt.Errorf("list entry %q is damaged: %w", k, err)
			}
			all = append(all, e)
			return nil
		})
	})
	return all, err
}

// SaveListEntries implements storage.Store.
func (s *Store) SaveListEntries(changed []storage.ListEntry, removed []storage.ListKey) error {
	values := make([][]byte, len(changed))
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
		value, err := encode(changed[i])
		if err != nil {
			return fmt.Errorf("storage: %q of list %q: %w", changed[i].Number, changed[i].List, err)
		}
		values[i] = value
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketLists())
		for _, k := range removed {
			if err := bucket.Delete(listKey(k)); err != nil {
				return err
			}
		}
		for i := range changed {
			if err := bucket.Put(listKey(changed[i].ListKey), values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
