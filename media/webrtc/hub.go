package webrtc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"dialtone/media/rtp"
)

// Options say how a Hub works. Zero values mean the defaults.
type Options struct {
	// Port is the UDP port for all browsers; 0 takes one that is free at each address.
	Port   uint16
	Engine *rtp.Engine
	Log    *slog.Logger
	// Mode says whether we look for ways to the far side as well.
	Mode Mode
	// Near says of addresses that are not in the networks of this machine whether they
	// reach us all the same; nil knows none.
	Near func(netip.Addr) bool
	// STUN is a server, host:port, that tells what addresses we have outside; "" asks none.
	STUN string
	// Consent is for how long a far side may be silent: by default 30 s (RFC 7675 §5.1).
	Consent time.Duration
	// SetUp is how long ICE and DTLS may take: by default 30 s.
	SetUp time.Duration
	// Farewell is how long the end of the DTLS association goes before the end of the
	// call: by default 3 s, in which signalling should say so as well.
	Farewell time.Duration
}

// Hub is the UDP port that all browsers share, at each address of this machine.
type Hub struct {
	Options
	certificate tls.Certificate
	fingerprint Fingerprint

	ctx  context.Context //nolint:containedctx // is the life of all goroutines
	stop context.CancelFunc
	work sync.WaitGroup

	bind    sync.Mutex // one at a time binds sockets
	mu      sync.RWMutex
	closed  bool
	sockets []*socket
	names   map[string]*Conn         // by local ufrag
	sources map[netip.AddrPort]*Conn // that have proved to be theirs
	conns   map[*Conn]struct{}

	asked  map[[12]byte]*Conn // whose checks wait for an answer
	budget budget
	mirror mirror

	streams streams
	frames  sync.Pool // of *frame
}

// ErrClosed says that the hub or the connection has been closed.
var ErrClosed = errors.New("closed")

// New makes a hub with a certificate of its own; nothing runs before Start.
func New(o Options) (*Hub, error) {
	cert, own, err := newCertificate()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.Consent, 30 * time.Second}, {&o.SetUp, 30 * time.Second}, {&o.Farewell, 10 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	h := &Hub{
		Options: o, certificate: cert, fingerprint: own,
		names: map[string]*Conn{}, sources: map[netip.AddrPort]*Conn{}, conns: map[*Conn]struct{}{},
		asked: map[[12]byte]*Conn{},
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h, nil
}

// Start listens at all addresses of this machine that others may know. It fails when
// that is possible at none of them; it is tried again for each connection.
func (h *Hub) Start() error {
	h.work.Go(h.sweep)
	if h.STUN != "" && h.Mode != Lite {
		h.work.Go(h.look)
	}
	var failed []error
	addrs := addresses()
	for _, a := range addrs {
		if _, err := h.socket(a); err != nil {
			failed = append(failed, err)
		}
	}
	if len(addrs) > 0 && len(failed) == len(addrs) {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		h.Log.Warn("browsers cannot be reached at one address", "error", err)
	}
	return nil
}

// Close ends all connections and waits until nothing runs any more.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	conns := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	h.stop()
	h.mu.RLock()
	sockets := slices.Clone(h.sockets)
	h.mu.RUnlock()
	for _, s := range sockets {
		s.close()
	}
	h.streams.closeAll()
	h.work.Wait()
}

// maxConns bounds how many there can be: more than there are calls.
const maxConns = 1 << 17

// Open begins a connection to a browser that talks with us at local, which is one
// concrete address. Its signalling comes from far, which need not be valid.
func (h *Hub) Open(local, far netip.Addr) (*Conn, error) {
	local = local.Unmap()
	s, err := h.socket(local)
	if err != nil {
		return nil, err
	}
	c := &Conn{hub: h, home: s, far: far.Unmap().WithZone(""), ours: []credentials{newCredentials()}}
	if c.port, err = h.Engine.OpenWire(c); err != nil {
		return nil, err
	}
	h.mu.Lock()
	full := h.closed || len(h.conns) >= maxConns
	if !full {
		h.conns[c] = struct{}{}
		h.names[c.ours[0].ufrag] = c
	}
	h.mu.Unlock()
	if full {
		c.port.Close()
		return nil, fmt.Errorf("open a connection to a browser: %w", ErrClosed)
	}
	if h.full(c.far) {
		c.mu.Lock()
		c.agent = newAgent(c)
		c.mu.Unlock()
	}
	return c, nil
}

// Fingerprint is that of our certificate.
func (h *Hub) Fingerprint() Fingerprint { return h.fingerprint }

// Addresses are where we listen.
func (h *Hub) Addresses() []netip.AddrPort {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]netip.AddrPort, len(h.sockets))
	for i, s := range h.sockets {
		out[i] = s.at
	}
	return out
}

// named finds the connection that a check is for.
func (h *Hub) named(ufrag []byte) *Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.names[string(ufrag)]
}

// await says whose the answer to a check is.
func (h *Hub) await(id [12]byte, c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[id] = c
}

func (h *Hub) unawait(id [12]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.asked, id)
}

// asker finds whose check an answer is for.
func (h *Hub) asker(id [12]byte) *Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.asked[id]
}

// owner finds the connection that a source belongs to.
func (h *Hub) owner(from netip.AddrPort) *Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.sources[from]
}

// claim makes from a source of c, unless it belongs to another one that is alive:
// credentials of one call are no way into another.
func (h *Hub) claim(from netip.AddrPort, c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.conns[c]; !there {
		return false
	}
	if other := h.sources[from]; other != nil && other != c && other.alive() {
		return false
	}
	h.sources[from] = c
	return true
}

// disown forgets sources and names of c.
func (h *Hub) disown(c *Conn, sources []netip.AddrPort, names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range sources {
		if h.sources[a] == c {
			delete(h.sources, a)
		}
	}
	for _, n := range names {
		if h.names[n] == c {
			delete(h.names, n)
		}
	}
}

// forget takes out a connection that has been closed.
func (h *Hub) forget(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

// sweep looks once a second for far sides that are gone.
func (h *Hub) sweep() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var conns []*Conn
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ticker.C:
		}
		conns = conns[:0]
		h.mu.RLock()
		for c := range h.conns {
			conns = append(conns, c)
		}
		h.mu.RUnlock()
		now := time.Now()
		for _, c := range conns {
			c.examine(now)
		}
		clear(conns)
	}
}
