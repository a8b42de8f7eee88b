package memory

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"dialtone/storage"
)

// Store implements storage.Store. Records and contacts that go in or come out
// share no memory with the caller's.
type Store struct {
	mu            sync.RWMutex
	closed        bool
	cdrs          []storage.CDR // by start, then id
	contacts      map[storage.ContactKey]storage.Contact
	entries       map[storage.ListKey]storage.ListEntry
	messages      map[storage.MessageKey]storage.Message
	boxes         map[string]storage.Mailbox
	recordings    map[string]storage.Recording
	subscriptions map[string]storage.Subscription
	texts         map[string]storage.Text
	devices       map[storage.ContactKey]storage.Device
	settings      map[string]storage.Settings
}

// New is an empty store.
func New() *Store {
	return &Store{
		contacts: map[storage.ContactKey]storage.Contact{}, entries: map[storage.ListKey]storage.ListEntry{},
		messages: map[storage.MessageKey]storage.Message{}, boxes: map[string]storage.Mailbox{},
		recordings: map[string]storage.Recording{}, subscriptions: map[string]storage.Subscription{},
		texts: map[string]storage.Text{}, devices: map[storage.ContactKey]storage.Device{},
		settings: map[string]storage.Settings{},
	}
}

// AddCDR keeps c; one of the same start and id is replaced.
func (s *Store) AddCDR(c storage.CDR) error {
	if err := c.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	c = cloneCDR(c.Finite())
	i, found := slices.BinarySearchFunc(s.cdrs, c, compare)
	if found {
		s.cdrs[i] = c
	} else {
		s.cdrs = slices.Insert(s.cdrs, i, c)
	}
	return nil
}

// CDRs gives the records as they are at the call.
func (s *Store) CDRs(f storage.CDRFilter, yield func(storage.CDR) bool) error {
	found, err := s.pick(f)
	if err != nil {
		return err
	}
	for _, c := range found {
		if !yield(c) {
			break
		}
	}
	return nil
}

func (s *Store) pick(f storage.CDRFilter) ([]storage.CDR, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	var found []storage.CDR
	for _, c := range slices.Backward(s.cdrs) {
		if f.Limit > 0 && len(found) == f.Limit {
			break
		}
		if f.Fits(&c) {
			found = append(found, cloneCDR(c))
		}
	}
	return found, nil
}

// Prune implements storage.Store.
func (s *Store) Prune(before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, storage.ErrClosed
	}
	n, _ := slices.BinarySearchFunc(s.cdrs, before, func(c storage.CDR, t time.Time) int {
		if c.Start.Before(t) {
			return -1
		}
		return 1
	})
	s.cdrs = slices.Delete(s.cdrs, 0, n)
	return n, nil
}

// Contacts implements storage.Store.
func (s *Store) Contacts() ([]storage.Contact, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	all := slices.Collect(maps.Values(s.contacts))
	for i := range all {
		all[i].Path = slices.Clone(all[i].Path)
	}
	slices.SortFunc(all, func(a, b storage.Contact) int {
		return cmp.Or(cmp.Compare(a.Extension, b.Extension), cmp.Compare(a.Binding, b.Binding))
	})
	return all, nil
}

// SaveContacts implements storage.Store.
func (s *Store) SaveContacts(changed []storage.Contact, removed []storage.ContactKey) error {
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
		delete(s.contacts, k)
	}
	for _, c := range changed {
		c.Path = slices.Clone(c.Path)
		s.contacts[c.ContactKey] = c
	}
	return nil
}

// ListEntries implements storage.Store.
func (s *Store) ListEntries() ([]storage.ListEntry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	all := slices.Collect(maps.Values(s.entries))
	slices.SortFunc(all, func(a, b storage.ListEntry) int {
		return cmp.Or(cmp.Compare(a.List, b.List), cmp.Compare(a.Number, b.Number))
	})
	return all, nil
}

// SaveListEntries implements storage.Store.
func (s *Store) SaveListEntries(changed []storage.ListEntry, removed []storage.ListKey) error {
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
		delete(s.entries, k)
	}
	for _, e := range changed {
		s.entries[e.ListKey] = e
	}
	return nil
}

// Close forgets everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.cdrs, s.contacts, s.entries = true, nil, nil, nil
	s.messages, s.boxes, s.recordings, s.texts, s.devices = nil, nil, nil, nil, nil
	return nil
}

func compare(a, b storage.CDR) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
}

func cloneCDR(c storage.CDR) storage.CDR {
	c.Legs = slices.Clone(c.Legs)
	c.Trace = slices.Clone(c.Trace)
	return c
}
