package bolt

import "dialtone/storage"

func subscriptions() kind[storage.Subscription] {
	return kind[storage.Subscription]{bucketSubscriptions(), "subscription", func(u *storage.Subscription) []byte { return idKey(u.ID) }}
}

// Subscriptions implements storage.Store.
func (s *Store) Subscriptions() ([]storage.Subscription, error) {
	return values(s, subscriptions(), nil)
}

// SaveSubscriptions implements storage.Store.
func (s *Store) SaveSubscriptions(changed []storage.Subscription, removed []string) error {
	return save(s, subscriptions(), changed, keysOf(removed, idKey)...)
}
