package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
)

// State is what an extension does, as others see it.
type State string

// The states of extensions.
const (
	Free    State = "free"
	Ringing State = "ringing"
	Talking State = "talking"
	Offline State = "offline" // no phone of it is there
	DND     State = "dnd"
	Away    State = "away"    // it says so itself
	Unknown State = "unknown" // who asks may not know
)

// colleague is an entry of GET /api/phone/directory.
type colleague struct {
	Extension string `json:"extension"`
	Name      string `json:"name"`
	State     State  `json:"state"`
	Note      string `json:"note"`    // what somebody says of himself
	Picture   string `json:"picture"` // changes with the picture; "" is none
}

func (s *Server) directory(w http.ResponseWriter, _ *http.Request, me session) {
	cfg, states := s.Config(), s.states()
	list := make([]colleague, 0, len(cfg.Extensions))
	for extension, e := range cfg.Extensions {
		own := s.people.Of(extension)
		one := colleague{extension, e.Name, seenBy(cfg, me.Extension, extension, states), own.Status.Note, own.Picture}
		if one.State == Unknown {
			one.Note = ""
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b colleague) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Extension, b.Extension))
	})
	s.answer(w, list)
}

// seenBy is the state of an extension as another may see it: who watches lamps sees the
// same.
func seenBy(cfg *config.Config, me, extension string, states map[string]State) State {
	if !cfg.MayWatch(me, extension) {
		return Unknown
	}
	return states[extension]
}

// states are those of all extensions, as they are now.
func (s *Server) states() map[string]State {
	cfg := s.Config()
	there := map[string]bool{}
	for _, c := range s.Registrar.All() {
		if c.Status != registrar.Gone && c.Status != registrar.Lost {
			there[c.Extension] = true
		}
	}
	dialogs := s.Board.Dialogs(func(number string) bool { _, ours := cfg.Extensions[number]; return ours })
	states := make(map[string]State, len(cfg.Extensions))
	for extension := range cfg.Extensions {
		states[extension] = stateOf(dialogs[extension], there[extension], s.Settings.DND(extension), s.people.Of(extension).Status.Away)
	}
	return states
}

func stateOf(dialogs []call.Dialog, there, dnd, away bool) State {
	busy := func(d call.Dialog) bool { return d.Initiator || d.State == call.Up || d.State == call.Held }
	switch {
	case slices.ContainsFunc(dialogs, busy):
		return Talking
	case len(dialogs) > 0:
		return Ringing
	case !there:
		return Offline
	case dnd:
		return DND
	case away:
		return Away
	}
	return Free
}
