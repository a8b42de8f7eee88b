package sipedge

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"hash/maphash"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
)

// Options is what an Edge needs. Config is required.
type Options struct {
	// Config gives the present configuration; it is asked for every message. What
	// it returns is not changed afterwards: a reload returns another one.
	Config func() *config.Config
	// TLS is used for TLS on both sides, at least version 1.2. Its GetCertificate
	// may change the certificate while running. Required when sip.tls has addresses.
	TLS *tls.Config
	// Log gets what an admin should know. Traced messages go there at level Info.
	Log *slog.Logger
	// Registered says whether a phone is registered from that address. Such phones
	// may send more, and keep silent connections.
	Registered func(netip.AddrPort) bool
	// Product names us in Server and User-Agent; default "Dialtone".
	Product string
	// ListenUDP binds a UDP address; default net.ListenUDP.
	ListenUDP func(at netip.AddrPort) (UDPConn, error)
	// Resolver is for names in URIs; default net.DefaultResolver.
	Resolver *net.Resolver
	Limits   Limits
}

// UDPConn is what the edge needs of a UDP socket, as *net.UDPConn has it.
type UDPConn interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (n int, err error)
	LocalAddr() net.Addr
	Close() error
}

// Edge is all SIP sockets of the process and the transactions on them.
type Edge struct {
	opt      Options
	log      *slog.Logger
	limits   Limits
	product  string
	resolver *net.Resolver
	cookie   string // begins every branch of ours
	seed     maphash.Seed
	hasher   hasher
	clock    clock

	t1, t2, t4 time.Duration // RFC 3261 §17.1.1.1

	handlers  map[sip.RequestMethod]Handler
	refused   []sip.RequestMethod // that are handled to be refused
	supported []string
	onClose   []func(Flow)
	onStray   []func(*sip.Response, Flow)

	serverTLS, clientTLS *tls.Config

	compiled atomic.Pointer[access]
	sources  *sources
	trace    atomic.Bool
	stats    Stats
	txs      *table
	lanes    lanes
	streams  *streams
	slots    atomic.Int64 // handlers that run or wait in a lane

	addrs listeners

	readers sync.WaitGroup // sockets, acceptors, connections
	work    sync.WaitGroup // handlers

	run     sync.Mutex
	ctx     context.Context //nolint:containedctx // is the life of Run, nil before it
	begun   chan struct{}   // closed by Run
	stopped bool
}

// New makes an edge that is not bound to anything yet.
func New(opt Options) (*Edge, error) {
	if opt.Config == nil {
		return nil, errors.New("sip edge: Options.Config is missing")
	}
	e := &Edge{
		opt: opt, log: opt.Log,
		limits: opt.Limits.withDefaults(), product: opt.Product, resolver: opt.Resolver,
		cookie: sip.RFC3261BranchMagicCookie + rand.Text()[:10], seed: maphash.MakeSeed(),
		handlers: map[sip.RequestMethod]Handler{}, streams: newStreams(),
		lanes: lanes{open: map[string]*lane{}}, begun: make(chan struct{}),
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.opt.ListenUDP == nil {
		e.opt.ListenUDP = listenUDP
	}
	if e.product == "" {
		e.product = "Dialtone"
	}
	if e.resolver == nil {
		e.resolver = net.DefaultResolver
	}
	e.sources = newSources(e.limits.Sources)
	e.t1, e.t2, e.t4 = sip.T1, sip.T2, sip.T4
	e.txs = newTable(e.limits.Transactions, 64*e.t1)
	e.hasher, e.clock.byLife = newHasher(), map[time.Duration]*expiry[*alarm]{}
	e.trace.Store(opt.Config().SIP.Trace)
	e.setTLS(opt.TLS)
	return e, nil
}

func (e *Edge) setTLS(c *tls.Config) {
	if c == nil {
		c = &tls.Config{}
	} else {
		e.serverTLS = c.Clone()
		e.serverTLS.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	}
	e.clientTLS = c.Clone()
	e.clientTLS.MinVersion = max(c.MinVersion, tls.VersionTLS12)
}

// Run serves until ctx ends. Then it closes all sockets, ends all transactions
// and the contexts of all handlers, and waits for them.
func (e *Edge) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	e.run.Lock()
	if e.ctx != nil {
		e.run.Unlock()
		return errors.New("sip edge: Run was called twice")
	}
	e.ctx = ctx
	close(e.begun)
	e.run.Unlock()

	e.addrs.start(ctx, e)
	e.readers.Go(func() { e.addrs.watch(ctx, e) })
	<-ctx.Done()
	e.run.Lock()
	e.stopped = true
	e.run.Unlock()
	e.addrs.closeAll()
	e.streams.closeAll()
	e.readers.Wait()
	e.clock.stop()
	e.txs.terminate()
	e.work.Wait()
	return nil
}

// Close gives up what Listen has bound, when Run is not going to be called.
func (e *Edge) Close() { e.addrs.closeAll() }

// base is the context that handlers live in.
func (e *Edge) base() context.Context {
	e.run.Lock()
	defer e.run.Unlock()
	if e.ctx == nil {
		return context.Background()
	}
	return e.ctx
}

// running starts something that Run waits for, unless it is too late for that.
func (e *Edge) running(start func(ctx context.Context)) bool {
	e.run.Lock()
	defer e.run.Unlock()
	if e.ctx == nil || e.stopped || e.ctx.Err() != nil {
		return false
	}
	start(e.ctx)
	return true
}

// halted says whether Run has ended or ends.
func (e *Edge) halted() bool {
	e.run.Lock()
	defer e.run.Unlock()
	return e.stopped || e.ctx != nil && e.ctx.Err() != nil
}

// Stats are the counters, for reading.
func (e *Edge) Stats() *Stats { return &e.stats }
