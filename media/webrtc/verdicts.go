package webrtc

import (
	"net/netip"
	"slices"
	"time"
)

// answered takes the answer to a check of ours, which came by w.
func (c *Conn) answered(w way, v *verdict, from netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.agent == nil || c.closed {
		return
	}
	i := slices.IndexFunc(c.agent.pairs, func(p *pair) bool { return p.ask != nil && p.ask.id == v.id })
	if i < 0 {
		return
	}
	p := c.agent.pairs[i]
	// One from elsewhere says nothing of this way (RFC 8445 §7.2.5.2.1).
	if !p.is(w, from) || !v.authentic(p.ask.pwd) {
		return
	}
	switch {
	case v.success:
		c.agent.succeed(p, time.Now())
	case v.code == roleConflict:
		c.agent.conflicted(p)
	case p.state == succeeded && p != c.agent.nominating: // consent is not ended by an error
		c.agent.drop(p)
	default:
		c.agent.fail(p)
	}
	c.agent.stir()
}

// succeed takes note of a way that works in both directions; conn.mu is held.
func (a *agent) succeed(p *pair, now time.Time) {
	c := a.conn
	nominates := p.ask.nominates
	a.drop(p)
	way := c.pathOf(p.way, p.remote, now)
	if way == nil { // is somebody else's
		a.fail(p)
		return
	}
	if p.state != succeeded {
		p.state, p.tries, p.due = succeeded, 0, now.Add(a.interval())
	}
	if a.first.IsZero() {
		a.first = now
	}
	c.heard.Store(now.UnixNano())
	a.consented = now
	if nominates && a.nominating == p {
		a.nominating, a.nominated = nil, p
	}
	switch s := c.selected.Load(); {
	case nominates:
		c.prefer(way, true)
	case !c.chosen && (s == nil || a.controlling && a.betterThan(p, s)):
		c.prefer(way, false)
	}
}

// betterThan reports whether p is worth more than the path in use.
func (a *agent) betterThan(p *pair, s *path) bool {
	q := a.pairOf(s.way, s.remote)
	return q == nil || q.state != succeeded || a.worth(p) > a.worth(q)
}

// conflicted plays the other role, as an answer wants it that p got (RFC 8445 §7.2.5.1).
func (a *agent) conflicted(p *pair) {
	controlling := p.ask.controlling
	if a.switches >= maxSwitches {
		a.fail(p)
		return
	}
	if controlling == a.controlling {
		a.switchRole()
		a.rollDice()
	}
	a.drop(p)
	p.tries = 0
	if p.state != succeeded {
		p.state = waiting
		a.triggered = append(a.triggered, p)
	}
}

// switchRole changes who chooses. Questions that say otherwise are asked again.
func (a *agent) switchRole() {
	a.switches++
	a.controlling, a.nominating = !a.controlling, nil
	for _, p := range a.pairs {
		a.drop(p)
		if p.state == asking {
			p.state = waiting
		}
	}
}

// refuses reports whether a check of the far side claims our role and has to give way, or
// takes the other one (RFC 8445 §7.3.1.1); conn.mu is held.
func (a *agent) refuses(k *check) bool {
	if !a.settled || !k.roled || k.controlled == a.controlling {
		return false
	}
	keeps := a.tiebreak >= k.tiebreak
	if a.controlling == keeps || a.lite || a.switches >= maxSwitches {
		return true
	}
	a.switchRole()
	return false
}
