package memory

import (
	"cmp"
	"maps"
	"slices"

	"dialtone/storage"
)

// Messages implements storage.Store.
func (s *Store) Messages(mailbox string) ([]storage.Message, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	var found []storage.Message
	for _, m := range s.messages {
		if mailbox == "" || m.Mailbox == mailbox {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b storage.Message) int {
		return cmp.Or(cmp.Compare(a.Mailbox, b.Mailbox), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}

// SaveMessages implements storage.Store.
func (s *Store) SaveMessages(changed []storage.Message, removed []storage.MessageKey) error {
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
	for _, k := range removed {
		delete(s.messages, k)
	}
	for _, m := range changed {
		s.messages[m.MessageKey] = m
	}
	return nil
}

// Mailboxes implements storage.Store.
func (s *Store) Mailboxes() ([]storage.Mailbox, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	return slices.SortedFunc(maps.Values(s.boxes), func(a, b storage.Mailbox) int { return cmp.Compare(a.Extension, b.Extension) }), nil
}

// SaveMailbox implements storage.Store.
func (s *Store) SaveMailbox(b storage.Mailbox) error {
	if err := b.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.boxes[b.Extension] = b
	return nil
}
