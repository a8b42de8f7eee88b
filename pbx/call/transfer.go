package call

import (
	"context"
	"net/netip"
	"strings"
	"sync"

	"dialtone/dialplan"
)

// Transfer is what a party asks for: that its other party goes on elsewhere.
type Transfer struct {
	// To is the number that the other party is to reach; with Replaces it is for the
	// record only.
	To string
	// Replaces is a leg of the one who transfers in another call, whose place the other
	// party takes; "" calls To.
	Replaces string
	// Report is told how the other party fares: a provisional status, then once a final
	// one. It must not block; nil is told nothing.
	Report func(status int)
}

// report tells who transfers.
func (t *Transfer) report(status int) {
	if t.Report != nil {
		t.Report(status)
	}
}

// Transfer asks the call of a leg for a transfer by it. It returns when the transfer
// has begun, or why it has not.
func (s *Switchboard) Transfer(ctx context.Context, leg string, t Transfer) error {
	c := s.of(leg)
	if c == nil {
		return errNoPlace()
	}
	return c.request(ctx, &change{leg: leg, to: &t})
}

// of finds the call in which a leg is.
func (s *Switchboard) of(leg string) *Call {
	s.mu.Lock()
	calls := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	for _, c := range calls {
		if c.has(leg) {
			return c
		}
	}
	return nil
}

// has reports whether a leg is in the call now.
func (c *Call) has(leg string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.here(leg)
	return p != nil && p.record.End.IsZero()
}

// here is a leg that has not gone on elsewhere, nil for none; c.mu is held.
func (c *Call) here(leg string) *party {
	for _, p := range c.legs {
		if p.leg != nil && !p.moved && p.leg.ID() == leg {
			return p
		}
	}
	return nil
}

// origin is the transfer that made a call, as that call knows it.
type origin struct {
	call string       // it comes from
	by   string       // the leg that transferred
	news chan int     // provisional statuses; dropped when nobody reads
	end  chan outcome // capacity 1
	// consulting says that by is the caller, who asks before it transfers; passedOn, that
	// it has.
	consulting, passedOn bool
	// say is what who transfers hears when the call is reached; only the goroutine of the
	// call uses it.
	say      *dialplan.Playing
	mu       sync.Mutex
	forsaken bool // nobody waits for by any more
	finished bool // the outcome is known, or nobody waits for it
}

// outcome is what became of a transfer.
type outcome struct {
	status int
	say    *dialplan.Playing // to who transfers, before it has gone; nil is nothing
	back   Leg               // not nil: it came to nothing, and this is the party
}

// reached says that somebody, or something, has taken the call.
func (o *origin) reached() {
	if o != nil && !o.consulting && o.claim() {
		o.end <- outcome{status: 200, say: o.say}
	}
}

// rings says that somebody rings.
func (o *origin) rings() {
	if o == nil {
		return
	}
	select {
	case o.news <- 180:
	default:
	}
}

func (o *origin) claim() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.finished
	o.finished = true
	return first
}

// conclude gives the party back when the call has reached nobody, and somebody waits
// for it.
func (o *origin) conclude(c *Call, e *dialplan.Ended) {
	if o == nil || c.left || !o.claim() {
		return
	}
	out := outcome{status: e.Status}
	if out.status < 300 {
		out.status = e.Cause.SIP()
	}
	if c.caller.Context().Err() == nil {
		c.vacate()
		c.leaves(c.caller, o.call)
		out.back = c.caller.(seated).Leg //nolint:forcetypeassert // a transferred caller was answered
	}
	o.end <- out
}

// whence is from where the leg reaches us.
func (i LegInfo) whence() (transport string, source netip.AddrPort) {
	transport, at, _ := strings.Cut(i.Remote, " ")
	source, err := netip.ParseAddrPort(at)
	if err != nil {
		return "", netip.AddrPort{}
	}
	return transport, source
}

// transferred makes the call in which a party goes on, on behalf of by.
func (s *Switchboard) transferred(from *Call, party, by Leg, to string) (*Call, *dialplan.Ended) {
	info, on := party.Info(), by.Info()
	transport, source := on.whence()
	facts := dialplan.Facts{
		CallID: newCallID(), To: to, From: info.Party, Extension: on.Party, TransferredBy: on.Party,
		Language: from.facts.Language, UserAgent: info.UserAgent, SIPCallID: info.SIPCallID, Transport: transport, Source: source,
	}
	if info.Trunk == "" {
		facts.FromName = s.config().Extensions[info.Party].Name
	} else if party.ID() == from.caller.ID() {
		facts.FromName, facts.Anonymous = from.facts.FromName, from.facts.Anonymous
	}
	c := newCall(s, seated{party}, facts, &origin{call: from.id, by: by.ID(), news: make(chan int, 4), end: make(chan outcome, 1)})
	c.continues(from.story())
	if c.counts = ""; info.Trunk == "" {
		c.counts = info.Party
	}
	return c, s.admitTransferred(c)
}

// admitTransferred lets the call of a transfer run: the party was in a call before, so
// that no limit is asked.
func (s *Switchboard) admitTransferred(c *Call) *dialplan.Ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return &dialplan.Ended{Cause: dialplan.CauseShutdown}
	}
	if c.counts != "" {
		s.busy[c.counts]++
	}
	return s.start(c)
}

// recount counts the call as one of another extension.
func (s *Switchboard) recount(c *Call, extension string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free(c.counts)
	defer s.touched()
	if c.counts = extension; extension != "" {
		s.busy[extension]++
	}
}
