package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Subscriptions implements storage.Store.
func (s *Store) Subscriptions() ([]storage.Subscription, error) {
	var all []storage.Subscription
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketSubscriptions()).ForEach(func(k, v []byte) error {
			var u storage.Subscription
			if err := decode(v, &u); err != nil {
				return fmt.Errorf("subscription %q is damaged: %w", k, err)
			}
			all = append(all, u)
			return nil
		})
	})
	return all, err
}

// SaveSubscriptions implements storage.Store.
func (s *Store) SaveSubscriptions(changed []storage.Subscription, removed []string) error {
	values := make([][]byte, len(changed))
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
		value, err := encode(changed[i])
		if err != nil {
			return fmt.Errorf("storage: subscription of %q: %w", changed[i].Subscriber, err)
		}
		values[i] = value
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketSubscriptions())
		for _, id := range removed {
			if err := bucket.Delete([]byte(id)); err != nil {
				return err
			}
		}
		for i := range changed {
			if err := bucket.Put([]byte(changed[i].ID), values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
