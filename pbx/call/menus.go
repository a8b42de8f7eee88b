package call

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"dialtone/dialplan"
)

// MenuCount is what callers did in a menu since the counting began. A caller who comes
// again counts again.
type MenuCount struct {
	Menu       string
	Entered    uint64
	Keys       map[string]uint64 // by the keys of the choice
	Extensions uint64            // that were dialled
	Timeouts   uint64            // nothing was pressed
	Invalid    uint64            // what was pressed is no choice
	Failed     uint64            // callers who used up their tries
	HungUp     uint64            // callers who hung up instead of choosing
	Last       time.Time         // when somebody entered
}

// menuCounts counts what callers do in menus. Menus and their keys are those of
// plans, so that callers cannot let it grow.
type menuCounts struct {
	mu    sync.Mutex
	since time.Time
	list  map[string]*MenuCount
}

func newMenuCounts() *menuCounts {
	return &menuCounts{since: time.Now(), list: map[string]*MenuCount{}}
}

// Count implements dialplan.MenuTally.
func (m *menuCounts) Count(menu string, what dialplan.MenuEvent, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.list[menu]
	if c == nil {
		c = &MenuCount{Menu: menu, Keys: map[string]uint64{}}
		m.list[menu] = c
	}
	switch what {
	case dialplan.MenuEntered:
		c.Entered++
		c.Last = time.Now()
	case dialplan.MenuKey:
		c.Keys[key]++
	case dialplan.MenuExtension:
		c.Extensions++
	case dialplan.MenuTimeout:
		c.Timeouts++
	case dialplan.MenuInvalid:
		c.Invalid++
	case dialplan.MenuFailed:
		c.Failed++
	case dialplan.MenuHangup:
		c.HungUp++
	}
}

// Menus gives what callers did in menus, by name, and since when it is counted.
func (s *Switchboard) Menus() ([]MenuCount, time.Time) {
	m := s.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]MenuCount, 0, len(m.list))
	for _, c := range m.list {
		own := *c
		own.Keys = maps.Clone(c.Keys)
		out = append(out, own)
	}
	slices.SortFunc(out, func(a, b MenuCount) int { return cmp.Compare(a.Menu, b.Menu) })
	return out, m.since
}

// ResetMenus begins to count from nothing.
func (s *Switchboard) ResetMenus() {
	s.menus.mu.Lock()
	defer s.menus.mu.Unlock()
	s.menus.since = time.Now()
	clear(s.menus.list)
}
