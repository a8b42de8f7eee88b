package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Texts implements storage.Store. Like CDRs, it reads by and by.
func (s *Store) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	var below []byte
	for given := 0; ; {
		chunk, next, err := s.readTexts(below, f)
		if err != nil {
			return err
		}
		for _, t := range chunk {
			if !yield(t) {
				return nil
			}
			if given++; given == f.Limit {
				return nil
			}
		}
		if next == nil {
			return nil
		}
		below = next
	}
}

// readTexts reads backwards from below, and says where to go on. One that is named is not
// looked for.
func (s *Store) readTexts(below []byte, f storage.TextFilter) (chunk []storage.Text, next []byte, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucketTexts()).Cursor()
		k, v := seekBelow(cursor, below)
		if f.ID != "" {
			k, v = []byte(f.ID), tx.Bucket(bucketTexts()).Get([]byte(f.ID))
			if v == nil {
				return nil
			}
		}
		for n := 0; k != nil; k, v = cursor.Prev() {
			if n++; n > listChunk {
				return nil
			}
			next = append(next[:0], k...)
			var t storage.Text
			if err := decode(v, &t); err != nil {
				return fmt.Errorf("message in writing %q is damaged: %w", k, err)
			}
			if f.Fits(&t) {
				chunk = append(chunk, t)
			}
			if f.ID != "" {
				break
			}
		}
		next = nil
		return nil
	})
	return chunk, next, err
}

// SaveTexts implements storage.Store.
func (s *Store) SaveTexts(list ...storage.Text) error {
	values := make([][]byte, len(list))
	for i := range list {
		if err := list[i].Check(); err != nil {
			return err
		}
		value, err := encode(list[i])
		if err != nil {
			return fmt.Errorf("storage: message in writing %q: %w", list[i].ID, err)
		}
		values[i] = value
	}
	return s.commit(func(tx *bbolt.Tx) error {
		for i := range list {
			if err := tx.Bucket(bucketTexts()).Put([]byte(list[i].ID), values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// ChangeText implements storage.Store. What is wrong with the message is an error of its
// caller only, not of those whose writes share the transaction.
func (s *Store) ChangeText(id string, change func(*storage.Text)) error {
	var wrong error
	err := s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketTexts())
		value := bucket.Get([]byte(id))
		if value == nil {
			return nil
		}
		if value, wrong = changedText(value, id, change); value == nil {
			return nil
		}
		return bucket.Put([]byte(id), value)
	})
	if err == nil && wrong != nil {
		err = fmt.Errorf("store %s: message in writing %q: %w", s.path, id, wrong)
	}
	return err
}

func changedText(value []byte, id string, change func(*storage.Text)) ([]byte, error) {
	var t storage.Text
	if err := decode(value, &t); err != nil {
		return nil, err
	}
	change(&t)
	t.ID = id
	if err := t.Check(); err != nil {
		return nil, err
	}
	return encode(t)
}

// DeleteTexts implements storage.Store.
func (s *Store) DeleteTexts(ids ...string) error {
	return s.commit(func(tx *bbolt.Tx) error {
		for _, id := range ids {
			if err := tx.Bucket(bucketTexts()).Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Devices implements storage.Store.
func (s *Store) Devices() ([]storage.Device, error) {
	var all []storage.Device
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketDevices()).ForEach(func(k, v []byte) error {
			var d storage.Device
			if err := decode(v, &d); err != nil {
				return fmt.Errorf("device %q is damaged: %w", k, err)
			}
			all = append(all, d)
			return nil
		})
	})
	return all, err
}

// SaveDevices implements storage.Store.
func (s *Store) SaveDevices(changed, removed []storage.Device) error {
	values := make([][]byte, len(changed))
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
		value, err := encode(changed[i])
		if err != nil {
			return fmt.Errorf("storage: device of %q: %w", changed[i].Extension, err)
		}
		values[i] = value
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketDevices())
		for i := range removed {
			if err := bucket.Delete(deviceKey(&removed[i])); err != nil {
				return err
			}
		}
		for i := range changed {
			if err := bucket.Put(deviceKey(&changed[i]), values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func deviceKey(d *storage.Device) []byte {
	return contactKey(storage.ContactKey{Extension: d.Extension, Binding: d.Name})
}
