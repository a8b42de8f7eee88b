package call

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Dialog is what one party does in a call, as lamps show it.
type Dialog struct {
	ID        string // stays the same from the first ring to the end
	Call      string // the id of the call
	State     State  // Routing until it rings; Held when this party lets the other wait
	Initiator bool   // the party calls, and is not called
	Start     time.Time
	// Remote and RemoteName are the other party; "" when it is not to be known.
	Remote, RemoteName string
}

// LampTag stands for us in the dialogs that lamps tell of: who names it in Replaces, with
// the id of a call and the extension that it rings, takes that call.
const LampTag = "lamp"

// watchers are those who wait for something to change. A token says that it did, and
// nothing of what it was: who gets one looks again, and can miss nothing.
type watchers struct {
	mu  sync.RWMutex
	all map[chan struct{}]struct{}
}

// Watch gives a token (capacity 1) whenever Dialogs may say something else than before,
// until stop is called.
func (s *Switchboard) Watch() (changed <-chan struct{}, stop func()) {
	w, ch := &s.watchers, make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = map[chan struct{}]struct{}{}
	}
	w.all[ch] = struct{}{}
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.all, ch)
	}
}

// touched tells watchers to look again. It does not block, and may be called with any lock
// held: who looks takes the locks itself.
func (s *Switchboard) touched() {
	s.watchers.mu.RLock()
	defer s.watchers.mu.RUnlock()
	for ch := range s.watchers.all {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// touched tells watchers that the call is another than before.
func (c *Call) touched() { c.board.touched() }

// Dialogs are what extensions do right now, oldest first, for those that of wants to know
// about; one that does nothing is not there. A slot in which a call is parked, and the
// number of a conference in which somebody is, have one, too. It looks at all calls once.
func (s *Switchboard) Dialogs(of func(number string) bool) map[string][]Dialog {
	type one struct {
		*Call
		caller string // whose call it is
	}
	s.mu.Lock()
	calls := make([]one, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, one{c, c.counts})
	}
	s.mu.Unlock()
	out := map[string][]Dialog{}
	for _, c := range calls {
		c.dialogs(c.caller, of, out)
	}
	s.places(of, out)
	for _, list := range out {
		slices.SortFunc(list, func(a, b Dialog) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	}
	return out
}

// places adds slots and conferences.
func (s *Switchboard) places(of func(string) bool, out map[string][]Dialog) {
	for _, p := range s.Parked() {
		if of(p.Slot) {
			out[p.Slot] = append(out[p.Slot], Dialog{ID: p.Call + "." + p.Slot, Call: p.Call, State: Up, Start: p.Since, Remote: p.From, RemoteName: p.FromName})
		}
	}
	for name, c := range s.config().Conferences {
		if c.Dial == "" || !of(c.Dial) {
			continue
		}
		if room, open := s.rooms.Find(name); open && len(room.Members) > 0 {
			out[c.Dial] = append(out[c.Dial], Dialog{ID: name, State: Up, Start: room.Opened})
		}
	}
}

// dialogs adds those of a call whose caller is an extension, or "".
func (c *Call) dialogs(caller string, of func(string) bool, out map[string][]Dialog) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.legs {
		if !p.record.End.IsZero() || p.moved || p.paged && p.leg == nil { // nobody can take a page
			continue
		}
		extension, initiator := c.whose(p, caller)
		if extension == "" || !of(extension) {
			continue
		}
		d := Dialog{ID: c.id + "." + strconv.Itoa(i), Call: c.id, State: p.state(), Initiator: initiator, Start: p.record.Start}
		d.Remote, d.RemoteName = c.opposite(initiator)
		out[extension] = append(out[extension], d)
	}
}

// whose is the extension whose leg p is, "" for one to the outside; c.mu is held.
func (c *Call) whose(p *party, caller string) (extension string, calls bool) {
	switch {
	case p == c.legs[0], p.leg != nil && p.leg.ID() == c.callerID:
		return caller, true
	case p.outside, p.leg != nil && p.leg.Info().Trunk != "":
		return "", false
	}
	return p.record.Party, false
}

// opposite is whom the caller talks with, or who calls; c.mu is held.
func (c *Call) opposite(ofCaller bool) (number, name string) {
	if !ofCaller {
		if c.facts.Anonymous {
			return "", ""
		}
		return c.facts.From, c.facts.FromName
	}
	for _, p := range c.legs {
		if p.record.End.IsZero() && !p.moved && !p.record.Answer.IsZero() && p.record.Replaces != "" && p.leg != nil && p.leg.ID() != c.callerID {
			return p.record.Party, "" // another one than was called
		}
	}
	return c.facts.To, ""
}

// Rings reports whether a call rings at an extension.
func (s *Switchboard) Rings(id, extension string) bool {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c == nil {
		return false
	}
	found := map[string][]Dialog{}
	c.dialogs("", func(e string) bool { return e == extension }, found)
	return slices.ContainsFunc(found[extension], func(d Dialog) bool { return !d.Initiator && (d.State == Ringing || d.State == Routing) })
}
