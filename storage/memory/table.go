package memory

import (
	"slices"

	"dialtone/storage"
)

// table is what the store has of one type, by key.
type table[K comparable, V any] struct {
	values  map[K]V
	key     func(*V) K
	clone   func(V) V // shares no memory with what it was made from; nil: none does
	compare func(a, b V) int
}

// checked is what refuses to be kept when it is wrong.
type checked[V any] interface {
	*V
	Check() error
}

func (t *table[K, V]) copy(v V) V {
	if t.clone == nil {
		return v
	}
	return t.clone(v)
}

func every[V any](*V) bool { return true }

// list gives copies of those that fit, in order.
func list[K comparable, V any](s *Store, t *table[K, V], fits func(*V) bool) ([]V, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	var found []V
	for _, v := range t.values {
		if fits(&v) {
			found = append(found, t.copy(v))
		}
	}
	slices.SortFunc(found, t.compare)
	return found, nil
}

// give yields the first of those that fit, as they are at the call. A limit of 0 is none.
func give[K comparable, V any](s *Store, t *table[K, V], fits func(*V) bool, limit int, yield func(V) bool) error {
	found, err := list(s, t, fits)
	for n, v := range found {
		if limit > 0 && n == limit || !yield(v) {
			break
		}
	}
	return err
}

// save keeps copies of the changed and forgets those with the removed keys, wholly or not at
// all.
func save[K comparable, V any, P checked[V]](s *Store, t *table[K, V], changed []V, removed ...K) error {
	for i := range changed {
		if err := P(&changed[i]).Check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	for _, k := range removed {
		delete(t.values, k)
	}
	for _, v := range changed {
		t.values[t.key(&v)] = t.copy(v)
	}
	return nil
}
