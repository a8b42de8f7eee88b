package call

import (
	"slices"
	"time"

	"dialtone/config"
	"dialtone/pbx/conference"
)

// Lock says how far a call is encrypted, signalling and audio.
type Lock string

// The locks, from the side of one party.
const (
	LockNone Lock = "none" // it is not
	LockHere Lock = "here" // as far as this exchange
	LockBoth Lock = "both" // on the way to the others, too
)

// Taped says whether a call is recorded.
type Taped string

// The states of a recording.
const (
	TapedOff    Taped = "off"
	TapedOn     Taped = "on"
	TapedPaused Taped = "paused"
)

// Own is a call of an extension as one of its phones has it.
type Own struct {
	ID        string // of the call
	SIPCallID string // of the phone's dialog
	Since     time.Time
	Lock      Lock
	Recording Taped
	MayRecord bool // by the rules of the plan and of all who take part
	Alone     bool // nobody else takes part: a mailbox, a menu, music
	// Room is the conference in which it is, without one "", and Leads says that it made it.
	Room    string
	Leads   bool
	Members []conference.MemberInfo
}

// Owns are the calls, answered and not over, of those extensions that of wants to know
// about, the oldest first.
func (s *Switchboard) Owns(of func(extension string) bool) map[string][]Own {
	s.mu.Lock()
	calls := make(map[string]*Call, len(s.calls))
	for id, c := range s.calls {
		calls[id] = c
	}
	s.mu.Unlock()
	out := map[string][]Own{}
	for _, c := range calls {
		for extension, own := range c.owns(of) {
			if own.Room != "" {
				s.seats(&own, calls)
			}
			out[extension] = append(out[extension], own)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b Own) int { return a.Since.Compare(b.Since) })
	}
	return out
}

// seats adds who is in the room of a call.
func (s *Switchboard) seats(own *Own, calls map[string]*Call) {
	room, open := s.rooms.Find(own.Room)
	if !open {
		return
	}
	own.Members = room.Members
	for i := range own.Members {
		m := &own.Members[i]
		if m.ID == own.ID {
			own.Leads = m.Leader
			continue
		}
		c := calls[m.ID]
		if c != nil && c.hidden() {
			m.Party, m.Name = "", ""
		}
		if own.Lock == LockBoth && (c == nil || !c.sealed()) {
			own.Lock = LockHere
		}
	}
}

// hidden reports whether the caller hides its number.
func (c *Call) hidden() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.facts.Anonymous
}

// sealed reports whether the way to the caller is encrypted.
func (c *Call) sealed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.here(c.callerID)
	return p != nil && p.sealed()
}

func (p *party) sealed() bool { return p.leg.Info().Secure && p.leg.Media().Stats().Encrypted }

// talks reports whether the party takes part now; the lock of its call is held.
func (p *party) talks() bool {
	return p.leg != nil && !p.moved && !p.record.Answer.IsZero() && p.record.End.IsZero()
}

// owns is the call as those extensions have it that of wants to know about.
func (c *Call) owns(of func(string) bool) map[string]Own {
	recording, told, may := c.tapes()
	c.mu.Lock()
	defer c.mu.Unlock()
	var out map[string]Own
	alone := c.talking() < 2
	for _, p := range c.legs {
		extension := p.record.Party
		if !p.talks() || p.leg.Info().Trunk != "" || !of(extension) {
			continue
		}
		own := Own{ID: c.id, SIPCallID: p.leg.Info().SIPCallID, Since: p.record.Answer, Lock: c.lock(p), Recording: recording, MayRecord: may[p.leg.ID()], Alone: alone}
		if !told && !own.MayRecord { // it is recorded silently
			own.Recording = TapedOff
		}
		if n := len(c.conferences); n > 0 && c.conferences[n-1].Leave.IsZero() {
			own.Room, own.MayRecord = c.conferences[n-1].Room, false
		}
		if out == nil {
			out = map[string]Own{}
		}
		out[extension] = own
	}
	return out
}

// talking is how many parties take part; mu is held.
func (c *Call) talking() (n int) {
	for _, p := range c.legs {
		if p.talks() {
			n++
		}
	}
	return n
}

// lock is how far the call is encrypted for a party; mu is held.
func (c *Call) lock(mine *party) Lock {
	if !mine.sealed() {
		return LockNone
	}
	for _, p := range c.legs {
		if p != mine && p.talks() && !p.sealed() {
			return LockHere
		}
	}
	return LockBoth
}

// tapes says whether the call is recorded and its parties were told so, and which legs may change that: they are of
// extensions that may by their keys, and nobody takes part who is never recorded, or does not know of it yet.
func (c *Call) tapes() (state Taped, told bool, may map[string]bool) {
	c.tape.mu.Lock()
	private := c.tape.private > 0 || c.tape.behind
	told = c.tape.told
	switch {
	case c.live() == nil:
		state = TapedOff
	case c.tape.paused || private:
		state = TapedPaused
	default:
		state = TapedOn
	}
	c.tape.mu.Unlock()
	if private || c.board.recordings == nil {
		return state, told, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.board.config().Numbers[c.did()].Record == config.RecordNever {
		return state, told, nil
	}
	may = map[string]bool{}
	for _, p := range c.legs {
		if !p.talks() {
			continue
		}
		if rule := c.rule(p.record.Party); p.leg.Info().Trunk == "" {
			may[p.leg.ID()] = rule == config.RecordAlways || rule == config.RecordByKey
		}
	}
	if c.talking() < 2 { // a menu, a mailbox: there is no conversation
		return state, told, nil
	}
	return state, told, may
}
