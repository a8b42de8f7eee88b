package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Contacts implements storage.Store.
func (s *Store) Contacts() ([]storage.Contact, error) {
	var all []storage.Contact
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketContacts()).ForEach(func(k, v []byte) error {
			var c storage.Contact
			if err := decode(v, &c); err != nil {
				return fmt.Errorf("contact %q is damaged: %w", k, err)
			}
			all = append(all, c)
			return nil
		})
	})
	return all, err
}

// SaveContacts implements storage.Store.
func (s *Store) SaveContacts(changed []storage.Contact, removed []storage.ContactKey) error {
	type pair struct{ key, value []byte }
	pairs := make([]pair, 0, len(changed))
	for _, c := range changed {
		if err := c.Check(); err != nil {
			return err
		}
		value, err := encode(c)
		if err != nil {
			return fmt.Errorf("storage: contact of %q: %w", c.Extension, err)
		}
		pairs = append(pairs, pair{contactKey(c.ContactKey), value})
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketContacts())
		for _, k := range removed {
			if err := bucket.Delete(contactKey(k)); err != nil {
				return err
			}
		}
		for _, p := range pairs {
			if err := bucket.Put(p.key, p.value); err != nil {
				return err
			}
		}
		return nil
	})
}
