package rtp

import (
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

const (
	// receiveBuffer is small, so that audio is lost rather than late when we stand
	// still: some two seconds of it.
	receiveBuffer = 64 << 10
	// expedited is DSCP EF (RFC 3246) as the traffic class of IP.
	expedited = 46 << 2
)

// Options say how an Engine works. Zero values mean the defaults.
type Options struct {
	// First and Last are the range of UDP ports, both included. An odd first or
	// an even last port is left out.
	First, Last uint16
	Log         *slog.Logger
	// Shards is how many goroutines carry packets: by default one, two on machines
	// with four cores or more.
	Shards int
	// Drain is for how long a closed port stays bound: by default 3 s, unless
	// ports run short.
	Drain time.Duration
	// ReportInterval is the mean time between two RTCP reports: by default 5 s
	// (RFC 3550 §6.2).
	ReportInterval time.Duration
}

// Engine owns the ports for audio and the goroutines that carry it.
type Engine struct {
	log      *slog.Logger
	interval time.Duration
	epoch    time.Time
	pool     *pool
	shards   []*reactor
	agenda   *agenda
	sweep    *task     // of ports that have drained
	workers  sync.Pool // *worker, of those who pull

	mu      sync.Mutex
	started bool
	closed  bool
	open    map[*Port]struct{}
	turn    int // which shard is next
}

// EngineStats is how the range of ports is used, in pairs.
type EngineStats struct {
	Open     int // in use
	Draining int // closed a moment ago
	Pairs    int // in the range
}

// New makes an engine; nothing runs before Start.
func New(o Options) (*Engine, error) {
	if o.Drain == 0 {
		o.Drain = 3 * time.Second
	}
	pool, err := newPool(o.First, o.Last, o.Drain)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		log:      o.Log,
		interval: o.ReportInterval,
		epoch:    time.Now(),
		pool:     pool,
		agenda:   newAgenda(),
		open:     map[*Port]struct{}{},
		workers:  sync.Pool{New: func() any { return newWorker() }},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.interval == 0 {
		e.interval = 5 * time.Second
	}
	e.sweep = newTask(func(now time.Time) { e.sweepDrained(now) })
	if err := e.makeShards(o.Shards); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Engine) makeShards(n int) error {
	if n <= 0 {
		n = 1
		if runtime.GOMAXPROCS(0) >= 4 {
			n = 2
		}
	}
	for range n {
		r, err := newReactor(e.pool.first, 2*e.pool.pairs)
		if err != nil {
			return fmt.Errorf("start RTP engine: %w", err)
		}
		e.shards = append(e.shards, r)
	}
	return nil
}

// Start begins to carry packets.
func (e *Engine) Start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.start()
	}
}

func (e *Engine) start() {
	if e.started {
		return
	}
	e.started = true
	for _, r := range e.shards {
		r.start()
	}
	go e.agenda.work()
}

// Close says goodbye on all ports, closes them and waits until nothing runs any
// more.
func (e *Engine) Close() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	e.start() // there is something to wait for, also when nobody did
	ports := make([]*Port, 0, len(e.open))
	for p := range e.open {
		ports = append(ports, p)
	}
	e.mu.Unlock()

	for _, p := range ports {
		p.Close()
	}
	e.agenda.close()
	e.pool.closeAll()
	for _, r := range e.shards {
		r.close()
	}
}

// Open binds an even port for RTP and the odd one after it for RTCP, at local,
// which is one concrete address. It fails with ErrNoPorts or ErrClosed, or
// because the system refuses.
func (e *Engine) Open(local netip.Addr) (*Port, error) { return e.openAt(local, nil) }

// openAt is Open; with makes something else of the port, if it is not nil.
func (e *Engine) openAt(local netip.Addr, with func(*Port)) (*Port, error) {
	local = local.Unmap()
	if !local.IsValid() || local.IsUnspecified() {
		return nil, fmt.Errorf("open RTP port: %v is no concrete address of this machine", local)
	}
	shard, err := e.nextShard()
	if err != nil {
		return nil, err
	}
	sockets, err := e.pool.open(local)
	if err != nil {
		return nil, err
	}
	p := newPort(e, shard, local, sockets)
	if with != nil {
		with(p)
		sockets.rtp.widen(videoBuffer)
	}
	if err := e.attach(p); err != nil {
		p.detach()
		e.pool.abandon(sockets)
		return nil, err
	}
	return p, nil
}

func (e *Engine) nextShard() (*reactor, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || !e.started {
		return nil, fmt.Errorf("open RTP port: engine is %w or was not started", ErrClosed)
	}
	e.turn = (e.turn + 1) % len(e.shards)
	return e.shards[e.turn], nil
}

// attach begins to read p's sockets.
func (e *Engine) attach(p *Port) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("open RTP port: engine is %w", ErrClosed)
	}
	for _, s := range []*socket{p.sockets.rtp, p.sockets.rtcp} {
		if err := p.shard.add(s); err != nil {
			return err
		}
	}
	p.shard.suit(p.sockets.rtp)
	e.open[p] = struct{}{}
	return nil
}

// forget is called by a port that has closed. Until its sockets drain, Close has
// to know it.
func (e *Engine) forget(p *Port) {
	if p.wire == nil {
		e.retire(p.sockets)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, p)
}

// retire lets the sockets drain.
func (e *Engine) retire(sockets pair) {
	now := time.Now()
	e.pool.retire(sockets, now)
	e.sweepDrained(now)
}

func (e *Engine) sweepDrained(now time.Time) {
	if next, more := e.pool.expire(now); more {
		e.agenda.plan(e.sweep, next)
	}
}

// Stats says how many ports are in use.
func (e *Engine) Stats() EngineStats { return e.pool.stats() }

// since is the time since the engine was made, by the monotonic clock.
func (e *Engine) since() time.Duration { return time.Since(e.epoch) }

// ntp is the wall clock at now in the format of NTP. It does not jump when the
// clock is set.
func (e *Engine) ntp(now time.Duration) uint64 { return ntpTime(e.epoch.Add(now)) }
