package webrtc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media/rtp"
)

// Why a connection ends by itself.
var (
	ErrNoPath    = errors.New("the browser never reached us: its checks did not arrive")
	ErrHandshake = errors.New("no keys were agreed on with the browser")
	ErrConsent   = errors.New("the browser is silent: its checks have stopped")
	ErrDeaf      = errors.New("the browser does not answer our checks")
	ErrGone      = errors.New("the browser has closed its connection for audio")
)

// Local is what signalling says of our side (RFC 8839, RFC 8122).
type Local struct {
	Ufrag, Pwd  string
	Candidates  []netip.AddrPort // best first
	Reflexive   []netip.AddrPort // likewise, where a STUN server sees us
	TCP         bool             // candidates are good for TCP as well
	Full        bool             // we look for ways as well, and do not only answer
	Fingerprint Fingerprint
}

// Peer is what signalling said of the far side.
type Peer struct {
	Fingerprints []Fingerprint // of its certificate
	Client       bool          // we open the DTLS association
	TLSID        string        // of the association (RFC 8842 §4); "" when it has no name

	// What a full agent has to know besides.
	Ufrag, Pwd string
	Candidates []Candidate
	Lite       bool // the far side only answers checks
	Offered    bool // it has made the offer, so it chooses the path
}

// same reports whether p and q share an association.
func (p *Peer) same(q *Peer) bool {
	return p.Client == q.Client && p.TLSID == q.TLSID && slices.Equal(p.Fingerprints, q.Fingerprints)
}

// fresh is how lately a far side was heard that keeps its addresses to itself.
// Consent is checked every 4 to 6 s (RFC 7675 §5.1), and one or two of those may be lost.
const fresh = 15 * time.Second

// credentials are those that checks for us have.
type credentials struct{ ufrag, pwd string }

func newCredentials() credentials { return credentials{ufrag: rand.Text()[:8], pwd: rand.Text()} }

// Conn is the connection to one browser. Its methods are safe for concurrent use.
type Conn struct {
	hub  *Hub
	home *socket    // where the far side was told to send to
	far  netip.Addr // where its signalling comes from; not valid when nobody knows
	port *rtp.Port

	selected atomic.Pointer[path] // by which we send
	heard    atomic.Int64         // when the last check came, Unix ns; 0 before the first

	mu        sync.Mutex
	agent     *agent // nil when we only answer
	told      string // the credentials that reflexive was described with
	reflexive []netip.AddrPort
	closed    bool
	ours      []credentials // the newest last; one more than that only until it is used
	paths     []*path
	seen      transactions
	chosen    bool // the far side has nominated a path
	peer      *Peer
	since     time.Time // when peer was named, or the call answered
	waits     bool      // the call has not been answered
	dtls      *association
	early     [][]byte  // DTLS that came before peer was known
	leaves    time.Time // when its association ended and nothing else did; zero before
	err       error     // why it ended by itself
	failure   func(error)
}

var _ rtp.Wire = (*Conn)(nil)

// Port is the audio. It is closed with the connection.
func (c *Conn) Port() *rtp.Port { return c.port }

// Local implements rtp.Wire.
func (c *Conn) Local() netip.AddrPort { return c.home.at }

// Send implements rtp.Wire.
func (c *Conn) Send(b []byte) bool {
	p := c.selected.Load()
	if p == nil {
		return false
	}
	return p.way.send(b, p.remote)
}

// Describe is what the far side has to know. It sees our address as seen, which is
// another one behind NAT.
func (c *Conn) Describe(seen netip.Addr) Local {
	c.mu.Lock()
	defer c.mu.Unlock()
	cred := c.ours[len(c.ours)-1]
	l := Local{
		Ufrag: cred.ufrag, Pwd: cred.pwd,
		Candidates:  c.hub.candidates(c.home, seen),
		Fingerprint: c.hub.fingerprint,
		TCP:         c.home.listener != nil,
		Full:        c.agent != nil,
	}
	if c.agent != nil {
		if c.told != cred.ufrag { // what was said once stays so: a 200 repeats what the 183 said
			c.told, c.reflexive = cred.ufrag, c.hub.mirror.where(l.Candidates)
		}
		l.Reflexive = slices.Clone(c.reflexive)
	}
	return l
}

// Restart gives the connection other credentials, as a restart of ICE wants it (RFC 8445
// §9). Those in use hold until the new ones are used.
func (c *Conn) Restart() {
	cred := newCredentials()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if len(c.ours) > 1 { // which nobody has used
		c.hub.disown(c, nil, []string{c.ours[1].ufrag})
		c.ours = c.ours[:1]
	}
	c.ours = append(c.ours, cred)
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	c.hub.names[cred.ufrag] = c
}

// OnFailure says who is told, once, that the connection has ended by itself.
func (c *Conn) OnFailure(f func(error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = f
	c.report()
}

// report tells that the connection has failed, if it has and there is somebody to tell;
// mu is held.
func (c *Conn) report() {
	if f, err := c.failure, c.err; f != nil && err != nil && !c.closed {
		c.failure = nil
		c.hub.work.Go(func() { f(err) })
	}
}

// fail ends the connection; mu is held.
func (c *Conn) fail(err error) {
	if c.err == nil && !c.closed {
		c.err = err
		c.report()
	}
}

// Connect goes on with what signalling said of the far side. The same again changes
// nothing; another certificate, name or role begins another handshake (RFC 8842 §4).
func (c *Conn) Connect(p Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if c.agent != nil {
		c.agent.meet(&p)
	}
	if c.peer != nil && c.peer.same(&p) {
		return
	}
	p.Fingerprints = slices.Clone(p.Fingerprints)
	c.peer, c.since, c.leaves = &p, time.Now(), time.Time{}
	if c.dtls != nil {
		c.dtls.abandon()
		c.dtls = nil
	}
	early := c.early
	c.early = nil
	if len(early) > 0 || p.Client && len(c.paths) > 0 {
		c.begin()
	}
	for _, b := range early {
		c.dtls.take(b)
	}
}

// Await says that the call has not been answered: a browser may read no description that
// comes before the answer, so it need not come before Answered.
func (c *Conn) Await() { c.await(true) }

// Answered says that the call has been answered: from now on the far side has to come.
func (c *Conn) Answered() { c.await(false) }

func (c *Conn) await(waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits, c.since = waits, time.Now()
}

// begin starts the handshake with peer; mu is held.
func (c *Conn) begin() {
	a := newAssociation(c, *c.peer)
	c.dtls = a
	c.hub.work.Go(a.run)
}

// handshake takes a datagram of DTLS from a source that is the far side's.
func (c *Conn) handshake(b []byte) {
	const most = 8 // datagrams that are kept until it is known who should have sent them
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || c.err != nil || !c.dtls.stage(time.Now()).believable(b):
	case c.peer == nil && len(c.early) < most:
		c.early = append(c.early, slices.Clone(b))
	case c.peer == nil:
	case c.dtls == nil && b[0] == kindHandshake && !c.peer.Client:
		c.begin()
		c.dtls.take(b)
	case c.dtls != nil:
		c.dtls.take(b)
	}
}

// alive reports whether the far side was heard lately.
func (c *Conn) alive() bool { return time.Since(time.Unix(0, c.heard.Load())) < fresh }

// examine ends a connection whose far side is gone, or does not come.
func (c *Conn) examine(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peer == nil {
		return
	}
	heard := time.Unix(0, c.heard.Load())
	late := !c.waits && now.Sub(c.since) > c.hub.SetUp
	switch never := c.heard.Load() == 0; {
	case !c.leaves.IsZero() && now.After(c.leaves):
		c.fail(ErrGone)
	case never && late:
		c.fail(ErrNoPath)
	case !never && now.Sub(heard) > c.hub.Consent:
		c.fail(fmt.Errorf("%w %v ago", ErrConsent, now.Sub(heard).Round(time.Second)))
	case c.agent != nil && !never && c.agent.refused(now, late):
		c.fail(ErrDeaf)
	case (c.dtls == nil || !c.dtls.up) && late:
		c.fail(ErrHandshake)
	}
}

// Close says goodbye to the far side and forgets it.
func (c *Conn) Close() {
	c.port.Close() // while its goodbye can be sent
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed, c.early, c.failure = true, nil, nil
	if c.dtls != nil {
		c.dtls.abandon()
	}
	if c.agent != nil {
		c.agent.close()
	}
	for _, p := range c.paths {
		p.way.disown(p.remote, c)
	}
	var names []string
	for _, o := range c.ours {
		names = append(names, o.ufrag)
	}
	c.hub.forget(c)
	c.hub.disown(c, nil, names)
}
