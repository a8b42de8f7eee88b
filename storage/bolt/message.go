package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"dialtone/storage"
)

// Messages implements storage.Store.
func (s *Store) Messages(mailbox string) ([]storage.Message, error) {
	var prefix []byte
	if mailbox != "" {
		prefix = messageKey(storage.MessageKey{Mailbox: mailbox})
	}
	var all []storage.Message
	err := s.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(bucketMessages()).Cursor()
		for k, v := cursor.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
			var m storage.Message
			if err := decode(v, &m); err != nil {
				return fmt.Errorf("message %q is damaged: %w", k, err)
			}
			all = append(all, m)
		}
		return nil
	})
	return all, err
}

// SaveMessages implements storage.Store.
func (s *Store) SaveMessages(changed []storage.Message, removed []storage.MessageKey) error {
	values := make([][]byte, len(changed))
	for i := range changed {
		if err := changed[i].Check(); err != nil {
			return err
		}
		value, err := encode(changed[i])
		if err != nil {
			return fmt.Errorf("storage: message %q: %w", changed[i].ID, err)
		}
		values[i] = value
	}
	keys := make([][]byte, len(changed))
	for i := range changed {
		keys[i] = messageKey(changed[i].MessageKey)
	}
	gone := make([][]byte, len(removed))
	for i := range removed {
		gone[i] = messageKey(removed[i])
	}
	return s.commit(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketMessages())
		for _, k := range gone {
			if err := bucket.Delete(k); err != nil {
				return err
			}
		}
		for i := range keys {
			if err := bucket.Put(keys[i], values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Mailboxes implements storage.Store.
func (s *Store) Mailboxes() ([]storage.Mailbox, error) {
	var all []storage.Mailbox
	err := s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMailboxes()).ForEach(func(k, v []byte) error {
			var b storage.Mailbox
			if err := decode(v, &b); err != nil {
				return fmt.Errorf("mailbox %q is damaged: %w", k, err)
			}
			all = append(all, b)
			return nil
		})
	})
	return all, err
}

// SaveMailbox implements storage.Store.
func (s *Store) SaveMailbox(b storage.Mailbox) error {
	if err := b.Check(); err != nil {
		return err
	}
	value, err := encode(b)
	if err != nil {
		return fmt.Errorf("storage: mailbox %q: %w", b.Extension, err)
	}
	return s.commit(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMailboxes()).Put([]byte(b.Extension), value) })
}
