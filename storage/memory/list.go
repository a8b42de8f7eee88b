package memory

import (
	"cmp"

	"dialtone/storage"
)

func entries() table[storage.ListKey, storage.ListEntry] {
	return table[storage.ListKey, storage.ListEntry]{
		values: map[storage.ListKey]storage.ListEntry{},
		key:    func(e *storage.ListEntry) storage.ListKey { return e.ListKey },
		compare: func(a, b storage.ListEntry) int {
			return cmp.Or(cmp.Compare(a.List, b.List), cmp.Compare(a.Number, b.Number))
		},
	}
}

// ListEntries implements storage.Store.
func (s *Store) ListEntries() ([]storage.ListEntry, error) { return list(s, &s.entries, every) }

// SaveListEntries implements storage.Store.
func (s *Store) SaveListEntries(changed []storage.ListEntry, removed []storage.ListKey) error {
	return save(s, &s.entries, changed, removed...)
}
