package webrtc

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// pairState is how far the check of a pair has come (RFC 8445 §6.1.2.6).
type pairState uint8

const (
	waiting pairState = iota
	asking
	succeeded
	failed
)

// pair is one of our sockets and an address of the far side.
type pair struct {
	way        way
	remote     netip.AddrPort
	local, far uint32 // priorities of both ends
	state      pairState
	proved     bool      // the far side has sent a check by it
	ask        *question // was sent last; nil when no answer counts any more
	tries      int
	due        time.Time // when it is sent again
}

func (p *pair) is(w way, remote netip.AddrPort) bool { return p.way == w && p.remote == remote }

func (p *pair) tcp() bool {
	_, udp := p.way.(*socket)
	return !udp
}

// next is what has to be sent now, and after how long to look again; conn.mu is held.
func (a *agent) next(now time.Time) (*pair, time.Duration) {
	const idle = time.Hour
	if a.conn.closed || a.conn.err != nil || a.far.ufrag == "" {
		return nil, idle
	}
	consent, wait := a.consent(now)
	if consent != nil {
		return consent, 0
	}
	p, later := a.check(now)
	return p, min(wait, later)
}

// consent asks by the way in use whether the far side still agrees.
func (a *agent) consent(now time.Time) (*pair, time.Duration) {
	const idle = time.Hour
	s := a.conn.selected.Load()
	if s == nil {
		return nil, idle
	}
	p := a.pairOf(s.way, s.remote)
	if p == nil || p.state != succeeded || p == a.nominating {
		return nil, idle
	}
	if wait := p.due.Sub(now); wait > 0 {
		return nil, wait
	}
	a.question(p, false)
	p.due = now.Add(a.interval())
	return p, 0
}

// interval is after how long consent is asked for again.
func (a *agent) interval() time.Duration {
	usual := a.conn.hub.Consent / consentTries
	return usual*4/5 + rand.N(usual*2/5+1) //nolint:gosec // need not be a secret
}

// check is the next one that looks for a way.
func (a *agent) check(now time.Time) (*pair, time.Duration) {
	const idle = time.Hour
	if wait := a.paced.Sub(now); wait > 0 {
		return nil, wait
	}
	wait := a.nominate(now)
	p, later := a.pick(now)
	if p == nil {
		return nil, min(wait, later, idle)
	}
	a.paced = now.Add(pace)
	if p.state != succeeded && !a.afford(p, now) {
		return nil, pace
	}
	if len(a.triggered) > 0 && a.triggered[0] == p {
		a.triggered = a.triggered[1:]
	}
	if p.ask == nil || p.ask.nominates != (p == a.nominating) {
		a.question(p, p == a.nominating)
	}
	if p.state != succeeded {
		p.state = asking
	}
	p.due = now.Add(retransmission << p.tries)
	p.tries++
	return p, pace
}

// afford counts a check into the unknown. The first that answers one of the far side is no
// more than that has sent; its source may be somebody else's, unless it came by TCP.
func (a *agent) afford(p *pair, now time.Time) bool {
	if now.Sub(a.counted) > time.Minute {
		a.sent, a.counted = 0, now
	}
	counts := !p.proved || p.tries > 0 && !p.tcp()
	if a.sent >= maxChecks || counts && !a.conn.hub.budget.take(p.remote.Addr(), now) {
		return false
	}
	a.sent++
	return true
}

// pick chooses the pair to check: one that the far side has found, one whose answer was
// lost, the best of the others.
func (a *agent) pick(now time.Time) (best *pair, wait time.Duration) {
	wait = time.Hour
	if len(a.triggered) > 0 {
		return a.triggered[0], 0
	}
	for _, p := range a.pairs {
		again := p.state == asking || p == a.nominating && p.ask != nil
		switch {
		case again && p.due.After(now):
			wait = min(wait, p.due.Sub(now))
		case again && p.tries >= maxTries:
			a.fail(p)
		case again:
			return p, 0
		case p.state == waiting && a.nominated == nil && (best == nil || a.worth(p) > a.worth(best)):
			best = p
		}
	}
	return best, wait
}

func (a *agent) worth(p *pair) uint64 { return pairPriority(p.local, p.far, a.controlling) }

// fail gives a pair up.
func (a *agent) fail(p *pair) {
	a.drop(p)
	p.state = failed
	if a.nominating == p {
		a.nominating = nil
	}
}

// nominate chooses a way when it is ours to, and tells after how long to look again: the
// best that works, once nothing better may come.
func (a *agent) nominate(now time.Time) time.Duration {
	const idle = time.Hour
	if !a.controlling || a.nominated != nil || a.nominating != nil || a.first.IsZero() {
		return idle
	}
	var best *pair
	for _, p := range a.pairs {
		if p.state == succeeded && (best == nil || a.worth(p) > a.worth(best)) {
			best = p
		}
	}
	if best == nil {
		return idle
	}
	patience := better
	if best.tcp() {
		patience = betterThanTCP
	}
	if wait := a.first.Add(patience).Sub(now); wait > 0 && a.hopes(best) {
		return wait
	}
	a.nominating, best.tries = best, 0
	a.drop(best)
	a.triggered = append([]*pair{best}, a.triggered...)
	return 0
}

// hopes reports whether a better pair than best may still be found.
func (a *agent) hopes(best *pair) bool {
	for _, p := range a.pairs {
		if (p.state == waiting || p.state == asking) && a.worth(p) > a.worth(best) {
			return true
		}
	}
	return best.tcp()
}

// question makes the next question of p, of which the answer counts.
func (a *agent) question(p *pair, nominates bool) {
	a.drop(p)
	kind := uint32(reflexivePreference)<<24 | p.local&(1<<24-1)
	p.ask = &question{
		id: newID(), username: a.far.ufrag + ":" + a.conn.ours[len(a.conn.ours)-1].ufrag, pwd: a.far.pwd,
		priority: kind, controlling: a.controlling, tiebreak: a.tiebreak, nominates: nominates,
	}
	a.conn.hub.await(p.ask.id, a.conn)
}

// drop forgets the question of p.
func (a *agent) drop(p *pair) {
	if p.ask != nil {
		a.conn.hub.unawait(p.ask.id)
		p.ask = nil
	}
}
