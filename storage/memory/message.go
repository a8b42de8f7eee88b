package memory

import (
	"cmp"

	"dialtone/storage"
)

func messages() table[storage.MessageKey, storage.Message] {
	return table[storage.MessageKey, storage.Message]{
		values: map[storage.MessageKey]storage.Message{},
		key:    func(m *storage.Message) storage.MessageKey { return m.MessageKey },
		compare: func(a, b storage.Message) int {
			return cmp.Or(cmp.Compare(a.Mailbox, b.Mailbox), cmp.Compare(a.ID, b.ID))
		},
	}
}

func boxes() table[string, storage.Mailbox] {
	return table[string, storage.Mailbox]{
		values:  map[string]storage.Mailbox{},
		key:     func(b *storage.Mailbox) string { return b.Extension },
		compare: func(a, b storage.Mailbox) int { return cmp.Compare(a.Extension, b.Extension) },
	}
}

// Messages implements storage.Store.
func (s *Store) Messages(mailbox string) ([]storage.Message, error) {
	return list(s, &s.messages, func(m *storage.Message) bool { return mailbox == "" || m.Mailbox == mailbox })
}

// SaveMessages implements storage.Store.
func (s *Store) SaveMessages(changed []storage.Message, removed []storage.MessageKey) error {
	return save(s, &s.messages, changed, removed...)
}

// Mailboxes implements storage.Store.
func (s *Store) Mailboxes() ([]storage.Mailbox, error) { return list(s, &s.boxes, every) }

// SaveMailbox implements storage.Store.
func (s *Store) SaveMailbox(b storage.Mailbox) error {
	return save(s, &s.boxes, []storage.Mailbox{b})
}
