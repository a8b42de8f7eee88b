package sipevents

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
)

const (
	// lookAgain is the shortest time between two looks at the switchboard: however many
	// calls come and go, it is looked at 20 times a second at most.
	lookAgain = 50 * time.Millisecond
	// lookAnyway is the longest: what nobody tells of is seen then.
	lookAnyway = 2 * time.Second
)

// Board is what is needed of a *call.Switchboard.
type Board interface {
	Watch() (changed <-chan struct{}, stop func())
	Dialogs(of func(extension string) bool) map[string][]call.Dialog
}

// lamps are the packages dialog and presence, of what extensions do.
type lamps struct {
	*Service
	board Board
	quiet func(extension string) bool
	said  publications

	mu   sync.Mutex
	seen map[string]sight // of those that are watched, by the last look
}

// sight is what an extension does, and whether it does not want to be disturbed.
type sight struct {
	dialogs []call.Dialog
	quiet   bool
}

// Lamps adds the packages dialog and presence. Quiet says who does not want to be
// disturbed.
func (s *Service) Lamps(board Board, quiet func(extension string) bool) {
	l := &lamps{Service: s, board: board, quiet: quiet, said: publications{all: map[string]map[string]*publication{}}}
	s.Edge.Handle(sip.PUBLISH, l.publish)
	s.Add(Package{Event: dialogEvent, ContentType: dialogType, Find: l.find, State: l.dialogs, Members: l.members})
	s.Add(Package{Event: presenceEvent, ContentType: presenceType, Find: l.find, State: l.presence, Members: l.members})
	s.parts = append(s.parts, l.run)
	s.moved = append(s.moved, func(e registrar.Event) { s.Changed(presenceEvent, e.Contact.Extension) })
}

// find is whom an extension may watch: itself, whoever lets it, slots and conferences.
func (l *lamps) find(subscriber, user string) (number string, refused int) {
	cfg := l.Config()
	_, known := cfg.Extensions[user]
	switch {
	case !cfg.Watchable(user):
		return "", sip.StatusNotFound
	case known && !cfg.MayWatch(subscriber, user):
		return "", sip.StatusForbidden
	}
	return user, 0
}

// members are those of a list, or the extensions of a group.
func (l *lamps) members(list string) []string { return l.Config().LampList(list) }

// run looks at the switchboard whenever something has changed there.
func (l *lamps) run(ctx context.Context) {
	defer l.said.end()
	changed, stop := l.board.Watch()
	defer stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		l.look()
		anyway := time.NewTimer(lookAnyway)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-anyway.C:
		}
		anyway.Stop()
		pause.Reset(lookAgain)
	}
}

// look sees what the watched do, and says who does something else than before.
func (l *lamps) look() {
	watched := l.Watched(dialogEvent, presenceEvent)
	var all map[string][]call.Dialog
	if len(watched) > 0 {
		all = l.board.Dialogs(func(e string) bool { return watched[e] })
	}
	now := make(map[string]sight, len(watched))
	for e := range watched {
		now[e] = sight{all[e], l.quiet(e)}
	}
	l.mu.Lock()
	before := l.seen
	l.seen = now
	l.mu.Unlock()
	for e, is := range now {
		was, known := before[e]
		changed := !known || !slices.Equal(was.dialogs, is.dialogs)
		if changed {
			l.Changed(dialogEvent, e)
		}
		if changed || was.quiet != is.quiet {
			l.Changed(presenceEvent, e)
		}
	}
}

// of is what an extension does, by the last look, or by one of its own when nobody
// watched it then.
func (l *lamps) of(extension string) []call.Dialog {
	l.mu.Lock()
	is, known := l.seen[extension]
	l.mu.Unlock()
	if known {
		return is.dialogs
	}
	return l.board.Dialogs(func(e string) bool { return e == extension })[extension]
}

// names are those of extensions that dialogs tell of.
func names(cfg *config.Config, extension string, list []call.Dialog) map[string]string {
	out := map[string]string{extension: cfg.Extensions[extension].Name}
	for i := range list {
		if e, ok := cfg.Extensions[list[i].Remote]; ok && list[i].RemoteName == "" {
			out[list[i].Remote] = e.Name
		}
	}
	maps.DeleteFunc(out, func(_, name string) bool { return name == "" })
	return out
}
