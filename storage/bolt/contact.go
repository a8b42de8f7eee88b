package bolt

import "dialtone/storage"

func contacts() kind[storage.Contact] {
	return kind[storage.Contact]{bucketContacts(), "contact", func(c *storage.Contact) []byte { return contactKey(c.ContactKey) }}
}

// Contacts implements storage.Store.
func (s *Store) Contacts() ([]storage.Contact, error) { return values(s, contacts(), nil) }

// SaveContacts implements storage.Store.
func (s *Store) SaveContacts(changed []storage.Contact, removed []storage.ContactKey) error {
	return save(s, contacts(), changed, keysOf(removed, contactKey)...)
}
