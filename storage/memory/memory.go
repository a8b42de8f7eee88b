package memory

import (
	"cmp"
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
	contacts      table[storage.ContactKey, storage.Contact]
	entries       table[storage.ListKey, storage.ListEntry]
	messages      table[storage.MessageKey, storage.Message]
	boxes         table[string, storage.Mailbox]
	recordings    table[string, storage.Recording]
	subscriptions table[string, storage.Subscription]
	texts         table[string, storage.Text]
	devices       table[storage.ContactKey, storage.Device]
	settings      table[string, storage.Settings]
}

// New is an empty store.
func New() *Store {
	return &Store{
		contacts: contacts(), entries: entries(), messages: messages(), boxes: boxes(), recordings: recordings(),
		subscriptions: subscriptions(), texts: texts(), devices: devices(), settings: settings(),
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

// Close forgets everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.cdrs = true, nil
	s.contacts, s.entries, s.messages, s.boxes = contacts(), entries(), messages(), boxes()
	s.recordings, s.subscriptions, s.texts, s.devices, s.settings = recordings(), subscriptions(), texts(), devices(), settings()
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
