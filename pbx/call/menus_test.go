package call

import (
	"testing"

	"dialtone/dialplan"
)

// What callers do in menus is counted by menu, until it is reset.
func TestMenuCounts(t *testing.T) {
	s := &Switchboard{menus: newMenuCounts()}
	for what, times := range map[dialplan.MenuEvent]int{
		dialplan.MenuEntered: 9, dialplan.MenuExtension: 1, dialplan.MenuTimeout: 2, dialplan.MenuInvalid: 3,
		dialplan.MenuFailed: 4, dialplan.MenuHangup: 5,
	} {
		for range times {
			s.menus.Count("main", what, "")
		}
	}
	s.menus.Count("main", dialplan.MenuKey, "1")
	s.menus.Count("main", dialplan.MenuKey, "1")
	s.menus.Count("late", dialplan.MenuKey, "*")
	got, since := s.Menus()
	if len(got) != 2 || got[0].Menu != "late" || got[0].Keys["*"] != 1 {
		t.Fatalf("counted %+v", got)
	}
	m := got[1]
	if m.Entered != 9 || m.Extensions != 1 || m.Timeouts != 2 || m.Invalid != 3 || m.Failed != 4 || m.HungUp != 5 || m.Keys["1"] != 2 || m.Last.IsZero() {
		t.Errorf("counted %+v", m)
	}
	m.Keys["1"] = 7 // is the caller's
	s.ResetMenus()
	if after, again := s.Menus(); len(after) != 0 || again.Before(since) {
		t.Errorf("after the reset there is %+v since %s", after, again)
	}
}
