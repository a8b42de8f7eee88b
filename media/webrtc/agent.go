package webrtc

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

const (
	// pace is what lies between two checks of one connection (RFC 8445 §14.2).
	pace = 50 * time.Millisecond
	// retransmission is after how long a check is sent again, at first, and maxTries how
	// often it is sent.
	retransmission, maxTries = 500 * time.Millisecond, 6
	// consentTries is how often consent is asked for until it is over, give or take a fifth
	// (RFC 7675 §5.1).
	consentTries = 6
	// maxPairs is how many ways are tried.
	maxPairs = 64
	// maxSwitches is how often the roles may change until the next restart.
	maxSwitches = 4
	// better and betterThanTCP are for how long a way that works waits for one that is
	// worth more, before the one is chosen.
	better, betterThanTCP = 300 * time.Millisecond, time.Second
)

// agent is the part of a connection that a full agent of ICE has: it looks for ways to the
// far side, and asks whether that still agrees. conn.mu guards it; one goroutine runs it.
type agent struct {
	conn   *Conn
	cancel context.CancelFunc
	wake   chan struct{}

	far         credentials // of the far side; empty before it is known
	lite        bool        // the far side only answers
	controlling bool        // we choose
	settled     bool        // signalling has said who does
	tiebreak    uint64
	switches    int

	early []early // candidates that came before far was known

	pairs      []*pair
	triggered  []*pair // go first, in this order
	nominating *pair
	nominated  *pair     // was chosen, by us or by the far side
	first      time.Time // when a pair was found that works
	sent       int       // checks into the unknown, since counted
	counted    time.Time
	paced      time.Time // before it, none is sent
	consented  time.Time // when the far side answered last
}

func newAgent(c *Conn) *agent {
	a := &agent{conn: c, wake: make(chan struct{}, 1)}
	a.rollDice()
	var ctx context.Context
	ctx, a.cancel = context.WithCancel(c.hub.ctx)
	c.hub.work.Go(func() { a.run(ctx) })
	return a
}

func (a *agent) rollDice() {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	a.tiebreak = binary.BigEndian.Uint64(b[:])
}

// run sends what is due until the connection closes.
func (a *agent) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-timer.C:
		}
		a.conn.mu.Lock()
		p, wait := a.next(time.Now())
		var raw []byte
		if p != nil {
			raw = p.ask.bytes()
		}
		a.conn.mu.Unlock()
		if raw != nil {
			p.way.send(raw, p.remote)
		}
		timer.Reset(wait)
	}
}

// stir has the agent look at once; conn.mu is held.
func (a *agent) stir() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// meet takes what signalling says of the far side. Other credentials than before begin
// anew, the same ones may bring more candidates; conn.mu is held.
func (a *agent) meet(p *Peer) {
	far := credentials{p.Ufrag, p.Pwd}
	// Who claims the credentials of another call would have us talk to ourselves.
	if far.ufrag == "" || a.conn.hub.named([]byte(far.ufrag)) != nil {
		return
	}
	if !a.settled { // roles stay when ICE is restarted (RFC 8445 §6.1.1)
		a.settled, a.controlling = true, !p.Offered || p.Lite
	}
	if a.lite = p.Lite; a.lite {
		a.controlling = true
	}
	if far != a.far {
		a.restart(far)
	}
	for _, e := range append([]early{{more: p.Candidates}}, a.early...) {
		a.trickled(e)
	}
	a.early = nil
}

// restart forgets what was found with other credentials. What was not checked yet, because
// there were none, is.
func (a *agent) restart(far credentials) {
	early := a.far.ufrag == ""
	a.far, a.first, a.switches = far, time.Time{}, 0
	a.nominating, a.nominated, a.triggered = nil, nil, nil
	kept := a.pairs[:0:0]
	for _, p := range a.pairs {
		a.drop(p)
		if early {
			p.state = waiting
			a.triggered = append(a.triggered, p)
			kept = append(kept, p)
		}
	}
	a.pairs = kept
}

// add takes a candidate of the far side.
func (a *agent) add(c Candidate) {
	if !a.conn.reachable(c.Addr) || a.remotesBut(c.Addr) >= maxRemote {
		return
	}
	for i, s := range a.conn.bases(c.Addr.Addr()) {
		if a.pairOf(s, c.Addr) != nil || len(a.pairs) >= maxPairs {
			continue
		}
		a.pairs = append(a.pairs, &pair{way: s, remote: c.Addr, local: localPriority(hostPreference, i), far: c.Priority})
	}
}

// remotesBut is how many other addresses of the far side are tried.
func (a *agent) remotesBut(one netip.AddrPort) int {
	seen := map[netip.AddrPort]struct{}{one: {}}
	for _, p := range a.pairs {
		seen[p.remote] = struct{}{}
	}
	return len(seen) - 1
}

// heard takes note of a check of the far side that came by a path: the way back is to be
// looked at next (RFC 8445 §7.3.1.4); conn.mu is held.
func (a *agent) heard(p *path, k *check) {
	q := a.pairOf(p.way, p.remote)
	if q == nil {
		if q = a.learn(p, k.priority); q == nil {
			return
		}
	}
	q.proved = true
	if k.nominates && !a.controlling {
		a.nominated = q
	}
	if q.state != succeeded && !slices.Contains(a.triggered, q) {
		q.state, q.tries = waiting, 0
		a.triggered = append(a.triggered, q)
	}
	a.stir()
}

// learn makes a pair of a path that nobody told of.
func (a *agent) learn(p *path, priority uint32) *pair {
	if len(a.pairs) >= maxPairs {
		i := slices.IndexFunc(a.pairs, func(p *pair) bool { return p.state != succeeded })
		if i < 0 {
			return nil
		}
		a.forget(a.pairs[i])
	}
	local := localPriority(hostPreference, len(a.pairs))
	if _, udp := p.way.(*socket); !udp {
		local = streamPriority()
	}
	q := &pair{way: p.way, remote: p.remote, local: local, far: priority}
	a.pairs = append(a.pairs, q)
	return q
}

func (a *agent) pairOf(w way, remote netip.AddrPort) *pair {
	for _, p := range a.pairs {
		if p.way == w && p.remote == remote {
			return p
		}
	}
	return nil
}

// forget takes a pair out.
func (a *agent) forget(p *pair) {
	a.drop(p)
	is := func(q *pair) bool { return q == p }
	a.pairs = slices.DeleteFunc(a.pairs, is)
	a.triggered = slices.DeleteFunc(a.triggered, is)
	if a.nominating == p {
		a.nominating = nil
	}
	if a.nominated == p {
		a.nominated = nil
	}
}

// leave forgets the pairs of a way that is gone; conn.mu is held.
func (a *agent) leave(w way) {
	for _, p := range slices.Clone(a.pairs) {
		if p.way == w {
			a.forget(p)
		}
	}
	a.stir()
}

// refused reports whether the far side has not answered for longer than consent holds, or
// never did although it is late; conn.mu is held.
func (a *agent) refused(now time.Time, late bool) bool {
	if a.consented.IsZero() {
		return late
	}
	return now.Sub(a.consented) > a.conn.hub.Consent
}

// close ends run; conn.mu is held.
func (a *agent) close() {
	a.cancel()
	for _, p := range a.pairs {
		a.drop(p)
	}
}
