package memory

import (
	"cmp"
	"slices"

	"dialtone/storage"
)

func subscriptions() table[string, storage.Subscription] {
	return table[string, storage.Subscription]{
		values: map[string]storage.Subscription{},
		key:    func(u *storage.Subscription) string { return u.ID },
		clone: func(u storage.Subscription) storage.Subscription {
			u.Routes = slices.Clone(u.Routes)
			return u
		},
		compare: func(a, b storage.Subscription) int { return cmp.Compare(a.ID, b.ID) },
	}
}

// Subscriptions implements storage.Store.
func (s *Store) Subscriptions() ([]storage.Subscription, error) {
	return list(s, &s.subscriptions, every)
}

// SaveSubscriptions implements storage.Store.
func (s *Store) SaveSubscriptions(changed []storage.Subscription, removed []string) error {
	return save(s, &s.subscriptions, changed, removed...)
}
