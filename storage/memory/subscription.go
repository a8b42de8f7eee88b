package memory

import (
	"cmp"
	"maps"
	"slices"

	"dialtone/storage"
)

// Subscriptions implements storage.Store.
func (s *Store) Subscriptions() ([]storage.Subscription, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	all := slices.SortedFunc(maps.Values(s.subscriptions), func(a, b storage.Subscription) int { return cmp.Compare(a.ID, b.ID) })
	for i := range all {
		all[i].Routes = slices.Clone(all[i].Routes)
	}
	return all, nil
}

// SaveSubscriptions implements storage.Store.
func (s *Store) SaveSubscriptions(changed []storage.Subscription, removed []string) error {
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, id := range removed {
		delete(s.subscriptions, id)
	}
	for _, u := range changed {
		u.Routes = slices.Clone(u.Routes)
		s.subscriptions[u.ID] = u
	}
	return nil
}
