package pbx

import (
	"cmp"
	"slices"
	"strings"

	"dialtone/pbx/api"
)

// Menus implements api.Server: what callers did in each menu of the configuration,
// and in those that are gone.
func (s *Server) Menus() api.Menus {
	counts, since := s.board.Menus()
	found := map[string]api.Menu{}
	for _, c := range counts {
		m := api.Menu{
			Menu: c.Menu, Entered: c.Entered, Keys: c.Keys, Extensions: c.Extensions, Timeouts: c.Timeouts,
			Invalid: c.Invalid, Failed: c.Failed, HungUp: c.HungUp, Last: &c.Last,
		}
		found[c.Menu] = m
	}
	for name, spec := range s.Config().Menus {
		m := found[name]
		if m.Menu = name; m.Keys == nil {
			m.Keys = map[string]uint64{}
		}
		for _, k := range spec.Keys {
			m.Keys[strings.ToUpper(k.Keys.Value)] += 0
		}
		found[name] = m
	}
	out := api.Menus{Since: since, Menus: []api.Menu{}}
	for _, m := range found {
		out.Menus = append(out.Menus, m)
	}
	slices.SortFunc(out.Menus, func(a, b api.Menu) int { return cmp.Compare(a.Menu, b.Menu) })
	return out
}

// ResetMenus implements api.Server.
func (s *Server) ResetMenus() { s.board.ResetMenus() }
