package lists

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/dialplan/number"
	"dialtone/storage"
)

// maxEntries bounds all lists together.
const maxEntries = 10_000

// Why a list is not edited.
var (
	// ErrNotFound is for a list or an entry that is not there.
	ErrNotFound = errors.New("not found")
	// ErrNumber is for what cannot stand in a list.
	ErrNumber = errors.New("not a number")
	// ErrFull is for one entry too many.
	ErrFull = errors.New("the lists are full")
)

// Store is where lists outlive a restart.
type Store interface {
	ListEntries() ([]storage.ListEntry, error)
	SaveListEntries(changed []storage.ListEntry, removed []storage.ListKey) error
	CDRs(f storage.CDRFilter, yield func(storage.CDR) bool) error
}

// Options are what Lists work with; all are required.
type Options struct {
	Store  Store
	Config func() *config.Config
	Log    *slog.Logger
}

// Lists are all lists, in memory and in the store. They implement dialplan.Lists.
type Lists struct {
	store  Store
	config func() *config.Config
	log    *slog.Logger

	editing sync.Mutex // held while an edit is under way, also to the disk
	mu      sync.RWMutex
	entries map[storage.ListKey]storage.ListEntry
	plans   number.Plans
}

// Open reads the lists from the store.
func Open(o Options) (*Lists, error) {
	all, err := o.Store.ListEntries()
	if err != nil {
		return nil, err
	}
	l := &Lists{store: o.Store, config: o.Config, log: o.Log, entries: make(map[storage.ListKey]storage.ListEntry, len(all))}
	for _, e := range all {
		l.entries[e.ListKey] = e
	}
	return l, nil
}

// Listed implements dialplan.Lists.
func (l *Lists) Listed(list, number string) (entry string) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.entries) == 0 {
		return ""
	}
	canonical := l.canonical(number)
	if entry = l.entry(list, canonical); entry == "" && number != canonical {
		entry = l.entry(list, number)
	}
	return entry
}

// entry gives what number fits as it is written; l.mu is held.
func (l *Lists) entry(list, number string) string {
	if _, ok := l.entries[storage.ListKey{List: list, Number: number}]; ok {
		return number
	}
	for i := min(len(number)-1, maxBeginning); i > 0; i-- {
		beginning := number[:i] + rest
		if _, ok := l.entries[storage.ListKey{List: list, Number: beginning}]; ok {
			return beginning
		}
	}
	return ""
}

// Add puts a number on a list, or changes its note; by is the extension that asks,
// "" the operator. The entry is durable when it returns.
func (l *Lists) Add(list, number, note, by string) (storage.ListEntry, error) {
	number, err := l.entryFor(list, number)
	if err != nil {
		return storage.ListEntry{}, err
	}
	l.editing.Lock()
	defer l.editing.Unlock()
	e := storage.ListEntry{ListKey: storage.ListKey{List: list, Number: number}, Note: note, By: by, Since: time.Now().Truncate(time.Second).UTC()}
	l.mu.RLock()
	_, again := l.entries[e.ListKey]
	full := !again && len(l.entries) >= maxEntries
	l.mu.RUnlock()
	if full {
		return e, fmt.Errorf("%w: they have %d entries together; remove some, or write a beginning such as +49180. for many numbers", ErrFull, maxEntries)
	}
	if err := l.store.SaveListEntries([]storage.ListEntry{e}, nil); err != nil {
		return e, err
	}
	l.mu.Lock()
	l.entries[e.ListKey] = e
	l.mu.Unlock()
	l.log.Info("number added to a list", "list", list, "number", number, "by", cmp.Or(by, operator), "note", note)
	return e, nil
}

const operator = "the operator"

// Remove takes a number off a list. The error is ErrNotFound when it is not there.
func (l *Lists) Remove(list, number, by string) error {
	number, err := l.entryFor(list, number)
	if err != nil {
		return err
	}
	l.editing.Lock()
	defer l.editing.Unlock()
	key := storage.ListKey{List: list, Number: number}
	l.mu.RLock()
	_, there := l.entries[key]
	l.mu.RUnlock()
	if !there {
		if covering := l.Listed(list, number); covering != "" {
			return fmt.Errorf("%s on list %s by itself: %w; it fits %s there", number, list, ErrNotFound, covering)
		}
		return fmt.Errorf("%s on list %s: %w", number, list, ErrNotFound)
	}
	if err := l.store.SaveListEntries(nil, []storage.ListKey{key}); err != nil {
		return err
	}
	l.mu.Lock()
	delete(l.entries, key)
	l.mu.Unlock()
	l.log.Info("number taken off a list", "list", list, "number", number, "by", cmp.Or(by, operator))
	return nil
}

// Entries are those of a list, by number.
func (l *Lists) Entries(list string) ([]storage.ListEntry, error) {
	if err := l.known(list); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []storage.ListEntry
	for _, e := range l.entries {
		if e.List == list {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b storage.ListEntry) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// known refuses lists that the configuration does not name.
func (l *Lists) known(list string) error {
	cfg := l.config()
	if _, ok := cfg.Lists[list]; ok || list == dialplan.BlockList {
		return nil
	}
	names := append(slices.Sorted(maps.Keys(cfg.Lists)), dialplan.BlockList)
	if near := dialplan.Nearest(list, names); near != "" {
		return fmt.Errorf("list %q: %w; did you mean %q?", list, ErrNotFound, near)
	}
	return fmt.Errorf("list %q: %w; write lists: {%s: {}} in the configuration", list, ErrNotFound, list)
}
