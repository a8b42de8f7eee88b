// Package siptrunk knows the lines to the outside: where their servers are now
// (RFC 3263), which of them answer, whether we are registered there, and which
// calls come from them. It makes no calls: pbx/sipua does.
//
// Each trunk is a line (line.go) with two goroutines of its own: one looks up its
// servers and asks those that have to be asked (watch.go), one keeps it registered
// (register.go). Both tell the line what they see, and the line says how the trunk
// is (state.go).
package siptrunk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// Edge is what a trunk needs of the SIP sockets.
type Edge interface {
	Request(ctx context.Context, req *sip.Request, flow sipedge.Flow) (sip.ClientTransaction, error)
	Reach(ctx context.Context, p sipedge.Peer) (sipedge.Flow, error)
	ContactURI(flow sipedge.Flow, user string) sip.Uri
	Hold(flow sipedge.Flow) (release func())
	Ping(flow sipedge.Flow) error
}

// Options are the parts that Trunks works with; all but Servers are required.
type Options struct {
	Edge    Edge
	Config  func() *config.Config
	Log     *slog.Logger
	Servers []string // name servers, host:port; nil is those of the machine
}

// Server is one server of a trunk, as it can be reached now.
type Server struct {
	Trunk     string
	Transport string // "udp", "tcp", "tls"
	Addr      netip.AddrPort
	Name      string // that its certificate must have
}

// String is s like "udp 192.0.2.1:5060".
func (s Server) String() string { return s.Transport + " " + s.Addr.String() }

// Trunks are all trunks of the configuration.
type Trunks struct {
	opt Options
	log *slog.Logger
	dns *resolver

	mu      sync.RWMutex
	lines   map[string]*line
	ctx     context.Context //nolint:containedctx // is the life of Run, nil before it
	stopped bool
	work    sync.WaitGroup

	channels channels
}

// ErrUnknown means that there is no trunk of that name.
var ErrUnknown = errors.New("there is no such trunk")

// New makes the trunks of the configuration; Run starts them.
func New(o Options) *Trunks {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &Trunks{opt: o, log: o.Log, dns: newResolver(o.Servers), lines: map[string]*line{}}
	t.Reload()
	return t
}

// Run keeps registrations and watches servers until ctx ends. Then it gives up
// the registrations, for which it takes a second at most.
func (t *Trunks) Run(ctx context.Context) error {
	t.mu.Lock()
	if t.ctx != nil {
		t.mu.Unlock()
		return errors.New("trunks: Run was called twice")
	}
	t.ctx = ctx
	for _, l := range t.lines {
		t.start(l)
	}
	t.mu.Unlock()
	<-ctx.Done()
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.work.Wait()
	return nil
}

// start runs a line; t.mu is held.
func (t *Trunks) start(l *line) {
	if t.ctx == nil || t.stopped {
		return
	}
	ctx, stop := context.WithCancelCause(t.ctx)
	l.stop = stop
	t.work.Go(func() { l.run(ctx) })
}

// Reload takes up a changed configuration: trunks that are new start, those that
// are gone unregister and stop, and those that are reached, or registered, in
// another way start again. Those that were refused are tried again, as the reason
// may be gone. Calls do not notice.
func (t *Trunks) Reload() {
	conf := t.opt.Config()
	made := make(map[string]*line, len(conf.Trunks)) // reads files, so before the lock
	for name, c := range conf.Trunks {
		made[name] = newLine(t, name, c)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, l := range t.lines {
		if _, ok := conf.Trunks[name]; !ok {
			l.stop(errGone)
			delete(t.lines, name)
			t.log.Info("a trunk was removed", "trunk", name)
		}
	}
	for name, l := range made {
		old := t.lines[name]
		if old != nil && old.reaches(l) {
			old.use(l)
			continue
		}
		if old != nil {
			if old.binds(l) {
				old.stop(errReplaced)
			} else {
				old.stop(errGone)
			}
		}
		t.lines[name] = l
		t.start(l)
	}
}

func (t *Trunks) line(name string) *line {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.lines[name]
}

// all are the lines by name.
func (t *Trunks) all() []*line {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]*line, 0, len(t.lines))
	for _, name := range slices.Sorted(maps.Keys(t.lines)) {
		list = append(list, t.lines[name])
	}
	return list
}

// Servers are where to send a request of a trunk, in the order to try: as NAPTR,
// SRV and weights say, those known to be dead last. It waits for name servers only
// when nothing is known yet.
func (t *Trunks) Servers(ctx context.Context, name string) ([]Server, error) {
	l := t.line(name)
	if l == nil {
		return nil, fmt.Errorf("trunk %s: %w", name, ErrUnknown)
	}
	return l.servers(ctx)
}

// Flow is the way to s, for sipedge.Request: a connection that was checked as the
// trunk says, opened when there is none, or a pair of UDP addresses.
func (t *Trunks) Flow(ctx context.Context, s Server) (sipedge.Flow, error) {
	l := t.line(s.Trunk)
	if l == nil {
		return sipedge.Flow{}, fmt.Errorf("trunk %s: %w", s.Trunk, ErrUnknown)
	}
	return l.flow(ctx, s)
}

// Failed says that s did not answer a request, or wants to be left alone (503 with
// Retry-After), and why. It is tried last until it answers: it is asked by OPTIONS,
// once the time is over that err asks for by a method RetryAfter() time.Duration.
func (t *Trunks) Failed(s Server, err error) {
	if l := t.line(s.Trunk); l != nil && !errors.Is(err, context.Canceled) {
		l.failed(s, err)
	}
}

// Answered says that s answered a request.
func (t *Trunks) Answered(s Server) {
	if l := t.line(s.Trunk); l != nil {
		l.answered(s, 0)
	}
}

// FlowGone says that a connection has closed; a trunk that is registered over it
// registers again. It is for sipedge.OnClose.
func (t *Trunks) FlowGone(f sipedge.Flow) {
	for _, l := range t.all() {
		l.flowGone(f)
	}
}

// TLS is how the certificates of a trunk's servers are checked; nil when there is
// no such trunk. It must not be changed.
func (t *Trunks) TLS(name string) *tls.Config {
	if l := t.line(name); l != nil {
		return l.settings().tls
	}
	return nil
}

// Address is a user at a trunk, as in To, or in the Request-URI of an INVITE.
func (t *Trunks) Address(name, user string) sip.Uri {
	l := t.line(name)
	if l == nil {
		return sip.Uri{}
	}
	return l.settings().host.uri(sipedge.EscapeUser(user))
}

// Route is what requests to a trunk carry first; nil when it has no proxy.
func (t *Trunks) Route(name string) *sip.RouteHeader {
	if l := t.line(name); l != nil {
		return l.settings().route()
	}
	return nil
}

// Contact is where a trunk reaches us on a flow: for one that registers the
// contact it knows us by, with the address that it saw us at.
func (t *Trunks) Contact(name string, flow sipedge.Flow) sip.Uri {
	if l := t.line(name); l != nil {
		return l.contact(flow)
	}
	return t.opt.Edge.ContactURI(flow, "")
}

// Status is how all trunks are, by name.
func (t *Trunks) Status() []Status {
	var list []Status
	for _, l := range t.all() {
		s := l.status()
		s.Calls = t.channels.used(l.name)
		list = append(list, s)
	}
	return list
}

// Status is how a trunk is, and why.
type Status struct {
	Name    string
	State   State
	Since   time.Time
	Why     string    // of fail-wait, failed and down: in words
	Next    time.Time // when it is tried again
	Expires time.Time // of the registration
	Servers []ServerStatus
	Calls   int // channels in use
	Limit   int // of channels, 0 for none
}

// ServerStatus is how one server of a trunk is.
type ServerStatus struct {
	Server
	Alive bool
	Since time.Time     // zero: it was not asked yet
	Why   string        // it is not alive
	RTT   time.Duration // of the last OPTIONS, 0 when there was none
}
