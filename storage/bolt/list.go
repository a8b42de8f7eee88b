package bolt

import "dialtone/storage"

func entries() kind[storage.ListEntry] {
	return kind[storage.ListEntry]{bucketLists(), "list entry", func(e *storage.ListEntry) []byte { return listKey(e.ListKey) }}
}

// ListEntries implements storage.Store.
func (s *Store) ListEntries() ([]storage.ListEntry, error) { return values(s, entries(), nil) }

// SaveListEntries implements storage.Store.
func (s *Store) SaveListEntries(changed []storage.ListEntry, removed []storage.ListKey) error {
	return save(s, entries(), changed, keysOf(removed, listKey)...)
}
