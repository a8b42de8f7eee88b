package memory

import (
	"cmp"
	"slices"

	"dialtone/storage"
)

func contacts() table[storage.ContactKey, storage.Contact] {
	return table[storage.ContactKey, storage.Contact]{
		values: map[storage.ContactKey]storage.Contact{},
		key:    func(c *storage.Contact) storage.ContactKey { return c.ContactKey },
		clone: func(c storage.Contact) storage.Contact {
			c.Path = slices.Clone(c.Path)
			return c
		},
		compare: func(a, b storage.Contact) int {
			return cmp.Or(cmp.Compare(a.Extension, b.Extension), cmp.Compare(a.Binding, b.Binding))
		},
	}
}

// Contacts implements storage.Store.
func (s *Store) Contacts() ([]storage.Contact, error) { return list(s, &s.contacts, every) }

// SaveContacts implements storage.Store.
func (s *Store) SaveContacts(changed []storage.Contact, removed []storage.ContactKey) error {
	return save(s, &s.contacts, changed, removed...)
}
