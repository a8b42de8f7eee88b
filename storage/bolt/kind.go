package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// kind is how values of one type are kept: each under its key, in a bucket of their own.
type kind[V any] struct {
	bucket []byte
	what   string // as errors call one
	key    func(*V) []byte
}

// checked is what refuses to be kept when it is wrong.
type checked[V any] interface {
	*V
	Check() error
}

func (k *kind[V]) read(key, value []byte) (v V, err error) {
	if err := decode(value, &v); err != nil {
		return v, fmt.Errorf("%s %q is damaged: %w", k.what, key, err)
	}
	return v, nil
}

// values are all whose key begins with prefix, in the order of their keys.
func values[V any](s *Store, k kind[V], prefix []byte) ([]V, error) {
	var all []V
	err := s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(k.bucket).Cursor()
		for key, value := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			v, err := k.read(key, value)
			if err != nil {
				return err
			}
			all = append(all, v)
		}
		return nil
	})
	return all, err
}

// value is the one with that key, nil when there is none.
func value[V any](s *Store, k kind[V], key []byte) (found *V, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		data := tx.Bucket(k.bucket).Get(key)
		if data == nil {
			return nil
		}
		v, err := k.read(key, data)
		found = &v
		return err
	})
	return found, err
}

// newest gives those that fit backwards by their keys, by and by. A limit of 0 is none.
func newest[V any](s *Store, k kind[V], fits func(*V) bool, limit int, yield func(V) bool) error {
	return byAndBy(nil, limit, yield, func(below []byte) ([]V, []byte, error) { return chunkOf(s, k, below, nil, fits) })
}

// chunkOf reads some backwards, from below (excluded) down to since, and gives those that
// fit. next is where to go on; nil when there is no more.
func chunkOf[V any](s *Store, k kind[V], below, since []byte, fits func(*V) bool) (chunk []V, next []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(k.bucket).Cursor()
		key, data := seekBelow(cursor, below)
		for n := 0; key != nil && bytes.Compare(key, since) >= 0; key, data = cursor.Prev() {
			if n++; n > listChunk {
				return nil
			}
			next = append(next[:0], key...)
			v, err := k.read(key, data)
			if err != nil {
				return err
			}
			if fits(&v) {
				chunk = append(chunk, v)
			}
		}
		next = nil
		return nil
	})
	return chunk, next, err
}

// save keeps the changed and forgets those with the removed keys, wholly or not at all.
func save[V any, P checked[V]](s *Store, k kind[V], changed []V, removed ...[]byte) error {
	type pair struct{ key, value []byte }
	pairs := make([]pair, len(changed))
	for i := range changed {
		v := &changed[i]
		if err := P(v).Check(); err != nil {
			return err
		}
		data, err := encode(*v)
		if err != nil {
			return fmt.Errorf("storage: %s %q: %w", k.what, k.key(v), err)
		}
		pairs[i] = pair{k.key(v), data}
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(k.bucket)
		for _, key := range removed {
			if err := bucket.Delete(key); err != nil {
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

// keysOf makes keys of a bucket from those of storage.
func keysOf[K any](list []K, key func(K) []byte) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = key(list[i])
	}
	return out
}

// idKey is the key of what is kept by its id.
func idKey(id string) []byte { return []byte(id) }
