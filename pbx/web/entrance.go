package web

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	maxConnections = 10000
	maxPerSource   = 1024
	firstByte      = 10 * time.Second // that tells TLS from HTTP
	tlsHandshake   = 0x16             // RFC 8446 §5.1
)

// entrance takes connections and gives each to the server for what it speaks. How many
// there are, in all and of one address, is bounded.
type entrance struct {
	allowed       func(netip.Addr) bool
	onlyPlain     bool                  // TLS is not spoken here
	trusted       func(netip.Addr) bool // proxies, by whose addresses many come; nil is none
	relaying      relaying
	secure, plain *queue
	done          chan struct{}
	once          sync.Once
	tasks         sync.WaitGroup

	mu     sync.Mutex
	total  int
	counts map[netip.Addr]int
	fresh  map[net.Conn]struct{} // that no server has got
}

func newEntrance(allowed func(netip.Addr) bool) *entrance {
	e := &entrance{allowed: allowed, done: make(chan struct{}), counts: map[netip.Addr]int{}, fresh: map[net.Conn]struct{}{}}
	e.secure, e.plain = &queue{in: e, ch: make(chan net.Conn)}, &queue{in: e, ch: make(chan net.Conn)}
	return e
}

// serve accepts until l is closed.
func (e *entrance) serve(ctx context.Context, l net.Listener, log *slog.Logger) {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			e.welcome(c)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default: // such as too many open files
			log.Warn("accepting a web connection failed; trying again", "address", l.Addr().String(), "error", err)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return
			}
		}
	}
}

func (e *entrance) welcome(c net.Conn) {
	v := &visitor{Conn: c, in: e, source: sourceOf(c.RemoteAddr().String())}
	ap, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	if !e.allowed(ap.Addr().Unmap()) || !e.enter(v) {
		_ = c.Close()
		return
	}
	e.tasks.Go(func() {
		e.sort(v)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.fresh, c)
	})
}

func (e *entrance) enter(v *visitor) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.done:
		return false
	default:
	}
	if e.total >= maxConnections || e.counts[v.source] >= maxPerSource && !e.isTrusted(v) {
		return false
	}
	e.total++
	e.counts[v.source]++
	e.fresh[v.Conn] = struct{}{}
	return true
}

func (e *entrance) isTrusted(v *visitor) bool {
	ap, _ := netip.ParseAddrPort(v.RemoteAddr().String())
	return e.trusted != nil && e.trusted(ap.Addr().Unmap())
}

func (e *entrance) leave(v *visitor) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.total--
	if e.counts[v.source]--; e.counts[v.source] <= 0 {
		delete(e.counts, v.source)
	}
}

func (e *entrance) close() {
	e.once.Do(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		close(e.done)
		for c := range e.fresh {
			_ = c.Close()
		}
	})
}

func (e *entrance) wait() { e.tasks.Wait() }

// sourceOf is the address, or for IPv6 the /64, which one subscriber has.
func sourceOf(remote string) netip.Addr {
	ap, _ := netip.ParseAddrPort(remote)
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}

// visitor is a connection whose first byte was looked at.
type visitor struct {
	net.Conn
	in     *entrance
	source netip.Addr
	read   *bufio.Reader // holds that byte; nil when it was read
	once   sync.Once
}

func (v *visitor) Read(b []byte) (int, error) {
	if v.read != nil && v.read.Buffered() > 0 {
		n, err := v.read.Read(b)
		if v.read.Buffered() == 0 {
			v.read = nil
		}
		return n, err
	}
	return v.Conn.Read(b)
}

func (v *visitor) Close() error {
	v.once.Do(func() { v.in.leave(v) })
	return v.Conn.Close()
}

// queue is a net.Listener of connections that the entrance has looked at.
type queue struct {
	in *entrance
	ch chan net.Conn
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.ch:
		return c, nil
	case <-q.in.done:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error   { q.in.close(); return nil }
func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }

// toHTTPS answers who speaks plain HTTP to the port of HTTPS.
func toHTTPS(w http.ResponseWriter, r *http.Request) {
	if r.Host == "" {
		http.Error(w, "HTTPS is spoken here", http.StatusBadRequest)
		return
	}
	w.Header().Set("Connection", "close")
	target := *r.URL
	target.Scheme, target.Host = "https", r.Host
	http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
}
