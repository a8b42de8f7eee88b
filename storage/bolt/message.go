package bolt

import "dialtone/storage"

func messages() kind[storage.Message] {
	return kind[storage.Message]{bucketMessages(), "message", func(m *storage.Message) []byte { return messageKey(m.MessageKey) }}
}

func mailboxes() kind[storage.Mailbox] {
	return kind[storage.Mailbox]{bucketMailboxes(), "mailbox", func(b *storage.Mailbox) []byte { return idKey(b.Extension) }}
}

// Messages implements storage.Store.
func (s *Store) Messages(mailbox string) ([]storage.Message, error) {
	var prefix []byte
	if mailbox != "" {
		prefix = messageKey(storage.MessageKey{Mailbox: mailbox})
	}
	return values(s, messages(), prefix)
}

// SaveMessages implements storage.Store.
func (s *Store) SaveMessages(changed []storage.Message, removed []storage.MessageKey) error {
	return save(s, messages(), changed, keysOf(removed, messageKey)...)
}

// Mailboxes implements storage.Store.
func (s *Store) Mailboxes() ([]storage.Mailbox, error) { return values(s, mailboxes(), nil) }

// SaveMailbox implements storage.Store.
func (s *Store) SaveMailbox(b storage.Mailbox) error {
	return save(s, mailboxes(), []storage.Mailbox{b})
}
