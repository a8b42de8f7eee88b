package config

import (
	"testing"

	"dialtone/dialplan"
)

func routesOf(at int, to ...string) (list []*dialplan.MessageRouteSpec) {
	for _, t := range to {
		r := &dialplan.MessageRouteSpec{To: dialplan.Texts{{Value: t, At: dialplan.Pos{Line: at}}}, Refuse: dialplan.Text{Value: "No"}}
		r.SetPos(dialplan.Pos{Line: at})
		list = append(list, r)
	}
	return list
}

// A reload that moves routes of messages in the file changes nothing.
func TestDiffOfRoutesOfMessages(t *testing.T) {
	a, b := Default(), Default()
	a.Messages.Routes, b.Messages.Routes = routesOf(1, "110"), routesOf(7, "110")
	if got := Diff(&a, &b); len(got) != 0 {
		t.Errorf("the same routes elsewhere: %v", got)
	}
	b.Messages.Routes = routesOf(1, "110", "112")
	got := Diff(&a, &b)
	if want := "messages.routes: [to 110 refuse No] -> [to 110 refuse No, to 112 refuse No]"; len(got) != 1 || got[0].String() != want {
		t.Errorf("%v, want %s", got, want)
	}
}
