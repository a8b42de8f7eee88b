package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

func texts() kind[storage.Text] {
	return kind[storage.Text]{bucketTexts(), "message in writing", func(t *storage.Text) []byte { return idKey(t.ID) }}
}

func devices() kind[storage.Device] {
	return kind[storage.Device]{bucketDevices(), "device", deviceKey}
}

// Texts implements storage.Store. Like CDRs, it reads by and by.
func (s *Store) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	if f.ID == "" {
		return newest(s, texts(), f.Fits, f.Limit, yield)
	}
	t, err := value(s, texts(), idKey(f.ID))
	if err == nil && t != nil && f.Fits(t) {
		yield(*t)
	}
	return err
}

// SaveTexts implements storage.Store.
func (s *Store) SaveTexts(list ...storage.Text) error { return save(s, texts(), list) }

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
	return save(s, texts(), nil, keysOf(ids, idKey)...)
}

// Devices implements storage.Store.
func (s *Store) Devices() ([]storage.Device, error) { return values(s, devices(), nil) }

// SaveDevices implements storage.Store.
func (s *Store) SaveDevices(changed, removed []storage.Device) error {
	gone := keysOf(removed, func(d storage.Device) []byte { return deviceKey(&d) })
	return save(s, devices(), changed, gone...)
}

func deviceKey(d *storage.Device) []byte {
	return contactKey(storage.ContactKey{Extension: d.Extension, Binding: d.Name})
}
