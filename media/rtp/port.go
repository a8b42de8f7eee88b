package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// Port is the RTP and RTCP of one leg. It implements media.Endpoint, and all its
// methods are safe for concurrent use.
//
// The receiving side has a lock and so has the sending side; who holds the first
// may take the second, not the other way round.
type Port struct {
	engine   *Engine
	shard    *reactor
	sockets  pair
	wire     Wire       // instead of shard, sockets and local
	arriving sync.Mutex // one packet at a time
	local    netip.Addr
	cname    string
	report   *task

	session atomic.Pointer[session]
	sink    atomic.Pointer[sinkBox]
	unheard atomic.Uint64 // packets for which there was no sink

	monitors media.Monitors

	configure sync.Mutex // one Configure or Close at a time
	closed    bool
	keys      *Crypto // of the wire, once they are known

	video  *video               // not nil: it carries video
	beside atomic.Pointer[Port] // the video that goes with it

	rx receiver
	tx sender
}

var (
	_ media.Levelled  = (*Port)(nil)
	_ media.Monitored = (*Port)(nil)
)

// sinkBox lets an interface be swapped atomically.
type sinkBox struct{ media.Sink }

func newPort(e *Engine, shard *reactor, local netip.Addr, sockets pair) *Port {
	p := &Port{engine: e, shard: shard, sockets: sockets, local: local, cname: newName(), tx: newSender()}
	p.report = newTask(p.reportDue)
	if sockets.rtp != nil {
		sockets.rtp.port, sockets.rtcp.port = p, p
	}
	return p
}

// Local is where the port receives.
func (p *Port) Local() (rtp, rtcp netip.AddrPort) {
	if p.wire != nil {
		at := p.wire.Local()
		return at, at
	}
	return netip.AddrPortFrom(p.local, p.sockets.rtp.number), netip.AddrPortFrom(p.local, p.sockets.rtcp.number)
}

// Configure sets what was agreed, also while packets flow. Addresses, keys and
// formats that stay the same keep what was learnt and counted for them. Over a wire,
// addresses and keys are not its matter. When it fails, all stays as it was.
func (p *Port) Configure(params Params) error {
	p.configure.Lock()
	defer p.configure.Unlock()
	if p.closed {
		return fmt.Errorf("configure RTP port %d: %w", p.name(), ErrClosed)
	}
	first := p.session.Load() == nil
	if err := p.apply(params); err != nil {
		return fmt.Errorf("configure RTP port %d: %w", p.name(), err)
	}
	if first {
		p.planReport(p.engine.interval / 2)
	}
	return nil
}

func (p *Port) apply(params Params) error {
	s, err := newSession(params, p.session.Load())
	if err != nil {
		return err
	}
	if p.wire != nil {
		s.mux = true
		p.session.Store(s)
		return nil
	}
	rtp, rtcp, err := p.remotes(params)
	if err != nil {
		return err
	}

	p.rx.mu.Lock()
	defer p.rx.mu.Unlock()
	p.tx.mu.Lock()
	defer p.tx.mu.Unlock()
	opener, sealer, err := p.ciphers(params.Crypto)
	if err != nil {
		return err
	}
	p.take(opener, sealer)
	p.aim(rtp, rtcp, params.TrustSignalled)
	p.session.Store(s)
	return nil
}

// remotes gives the addresses in params, checked.
func (p *Port) remotes(params Params) (rtp, rtcp netip.AddrPort, err error) {
	rtp, rtcp = clean(params.RemoteRTP), clean(params.RemoteRTCP)
	if reachable(rtp) && !reachable(rtcp) && rtp.Port() < 65535 {
		rtcp = netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
	}
	for _, a := range []netip.AddrPort{rtp, rtcp} {
		if reachable(a) && a.Addr().Is4() != p.local.Is4() {
			return rtp, rtcp, fmt.Errorf("%v cannot be reached from %v: one is IPv4, the other IPv6", a, p.local)
		}
	}
	return rtp, rtcp, nil
}

// ciphers gives the contexts for c: those in use when the keys are the same.
// Both locks are held.
func (p *Port) ciphers(c *Crypto) (opener, sealer *cipher, err error) {
	if c == nil {
		return nil, nil, nil
	}
	opener, err1 := newCipher(p.rx.cipher, c.Suite, c.RemoteMaster, p.replay())
	sealer, err2 := newCipher(p.tx.cipher, c.Suite, c.LocalMaster, p.replay())
	return opener, sealer, errors.Join(err1, err2)
}

// replay is how late a packet may come.
func (p *Port) replay() uint {
	if p.video != nil {
		return videoReplay
	}
	return replayWindow
}

// aim takes over the addresses that signalling named. Both locks are held.
func (p *Port) aim(rtp, rtcp netip.AddrPort, strict bool) {
	if p.rx.latch.signal(rtp, strict) {
		p.rx.alarmed = false
	}
	p.rx.control.signal(rtcp)
	if !reachable(rtp) {
		p.tx.to.valid, p.tx.toRTCP.valid = false, false
		return
	}
	p.tx.to.set(p.rx.latch.current, p.local.Zone())
	p.tx.toRTCP.set(p.rx.control.current, p.local.Zone())
}

// Close says goodbye and stops. The ports stay bound for a while. A packet that
// is on its way may still reach the sink.
func (p *Port) Close() {
	p.configure.Lock()
	defer p.configure.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	p.engine.agenda.cancel(p.report)
	p.sendReport(true)
	p.detach()
	p.closeBeside()

	p.rx.mu.Lock()
	p.rx.cipher, p.rx.closed = nil, true
	p.rx.mu.Unlock()
	p.tx.mu.Lock()
	p.tx.cipher, p.tx.closed, p.tx.frame = nil, true, nil
	p.tx.mu.Unlock()
	p.sink.Store(nil)
	p.engine.forget(p)
}

// detach stops reading.
func (p *Port) detach() {
	if p.wire != nil {
		return
	}
	p.shard.remove(p.sockets.rtp)
	p.shard.remove(p.sockets.rtcp)
}

// Formats are what the far side accepts. They must not be changed.
func (p *Port) Formats() []codec.Format {
	if s := p.session.Load(); s != nil {
		return s.send
	}
	return nil
}

// Direction is what was agreed, from our side.
func (p *Port) Direction() media.Direction {
	if s := p.session.Load(); s != nil {
		return s.direction
	}
	return media.Inactive
}

// Ptime is how much audio the far side wants in a packet.
func (p *Port) Ptime() time.Duration {
	if s := p.session.Load(); s != nil {
		return s.ptime
	}
	return 20 * time.Millisecond
}

// SetSink swaps who gets what arrives. The sink is called on the goroutine that
// reads.
func (p *Port) SetSink(s media.Sink) {
	if s == nil {
		p.sink.Store(nil)
	} else {
		p.sink.Store(&sinkBox{s})
	}
	p.suit()
}

// urgency is when what arrives is to be read.
type urgency uint8

const (
	urgent urgency = iota
	calm           // it can wait for a moment: nobody takes it, or nobody who is in a hurry
	pulled         // when the sink asks for it
)

func (p *Port) urgency() urgency {
	switch p.Sink().(type) {
	case media.Puller:
		return pulled
	case media.Patient, nil:
		return calm
	}
	return urgent
}

// Sink is who gets what arrives; nil when nobody does.
func (p *Port) Sink() media.Sink {
	if box := p.sink.Load(); box != nil {
		return box.Sink
	}
	return nil
}

// RemoveSink takes s away if it is still the sink.
func (p *Port) RemoveSink(s media.Sink) {
	if box := p.sink.Load(); box != nil && box.Sink == s && p.sink.CompareAndSwap(box, nil) {
		p.suit()
	}
}

// suit lets the socket be read as the sink wants it; a wire reads itself.
func (p *Port) suit() {
	if p.shard != nil {
		p.shard.suit(p.sockets.rtp)
	}
}

// Monitor implements media.Monitored. What is sent is shown before it is encrypted,
// with the lock of the sender held.
func (p *Port) Monitor(m media.Monitor) (stop func()) { return p.monitors.Monitor(m) }
