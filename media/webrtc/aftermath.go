package webrtc

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
)

const (
	// repeats is how often our last part of the handshake is sent again at most.
	repeats = 100 * time.Millisecond
	// maxEnds is how many datagrams are looked at that may be the end: anybody can send
	// some that look so.
	maxEnds = 32
	// waking is how long one of them may take, on a machine that is busy.
	waking = 10 * time.Second
	// sealedAlert is how long an alert is, encrypted with AES-GCM.
	sealedAlert = recordHeader + 8 + 2 + 16
)

// aftermath is what a handshake leaves behind: all that a call needs of DTLS for the rest
// of its time, without goroutines and buffers.
type aftermath struct {
	state   *dtls.State
	flight  [][]byte  // our last part of the handshake: it may have been lost
	said    time.Time // when it was last sent
	goodbye []byte    // ready to be sent
	opening bool      // a goroutine looks at what may be the end
	waiting []byte    // what it looks at next
	ends    int       // how often it did
}

// settle ends all of conn but what has to stay.
func (a *association) settle(conn *dtls.Conn, wire *pipe) {
	state, ok := conn.ConnectionState()
	after := &aftermath{flight: wire.seal(), said: time.Now()}
	_ = conn.Close() // nobody to tell
	after.goodbye = wire.parting()
	if ok {
		state.PeerCertificates = nil // they were looked at
		after.state = &state
	}
	if a.peer.Client { // the last word was not ours
		after.flight = nil
	}
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	a.wire, a.after = nil, after
	switch {
	case a.conn.dtls != a || a.conn.closed: // abandoned
		a.part()
		return
	case after.goodbye == nil: // it was answered: the far side has ended it already
		a.conn.leaves = time.Now().Add(a.conn.hub.Farewell)
	}
	for _, b := range wire.rest() {
		a.heard(b)
	}
}

// part says goodbye; conn.mu is held.
func (a *association) part() {
	if b := a.after.goodbye; b != nil {
		a.conn.Send(b)
	}
}

// heard takes what the far side says after the handshake: its last part of it again,
// when ours was lost, or the end. conn.mu is held.
func (a *association) heard(b []byte) {
	after, now := a.after, time.Now()
	switch {
	case len(b) <= recordHeader:
	case b[0] == kindHandshake && now.Sub(after.said) >= repeats:
		after.said = now
		for _, d := range after.flight {
			a.conn.Send(d)
		}
	case !maybeEnd(b) || after.state == nil || after.ends >= maxEnds:
	case after.opening: // the last counts: nothing comes after the end
		after.waiting = slices.Clone(b)
	default:
		after.opening = true
		after.ends++
		b := slices.Clone(b)
		a.conn.hub.work.Go(func() { a.open(b) })
	}
}

// maybeEnd reports whether only the keys can tell that b is not the end.
func maybeEnd(b []byte) bool { return len(b) == sealedAlert && b[0] == kindAlert }

// open looks whether a datagram is the end, or one that comes meanwhile.
func (a *association) open(b []byte) {
	for b != nil {
		b = a.opened(a.over(b))
	}
}

// opened takes what a datagram was, and gives the next. A far side that ends the
// association is about to hang up, or its page is gone.
func (a *association) opened(over bool) (next []byte) {
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	after, current := a.after, !a.conn.closed && a.conn.dtls == a
	if over && current {
		a.part() // it waits for ours
		a.conn.leaves = time.Now().Add(a.conn.hub.Farewell)
	}
	if current && !over && after.ends < maxEnds {
		next = after.waiting
	}
	after.waiting = nil
	if after.opening = next != nil; after.opening {
		after.ends++
	}
	return next
}

// over wakes the association up for one datagram.
func (a *association) over(b []byte) bool {
	ctx, stop := context.WithTimeout(a.conn.hub.ctx, waking)
	defer stop()
	state, l := *a.after.state, newLetter(b, net.UDPAddrFromAddrPort(a.conn.home.at))
	conn, err := dtls.ResumeWithOptions(&state, l, l.at, a.options()...)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // nobody to tell
	if err := conn.HandshakeContext(ctx); err != nil {
		return false
	}
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(until) // never fails
	}
	close(l.due)
	_, err = conn.Read(make([]byte, sealedAlert))
	return errors.Is(err, io.EOF)
}

// letter is a network over which one datagram comes, when it is due, and nothing goes.
type letter struct {
	datagram []byte
	at       net.Addr
	due      chan struct{} // is closed when DTLS is awake: an end that comes before is an error to it
	gone     chan struct{} // is closed when nobody reads any more
	leave    func()
}

func newLetter(b []byte, at net.Addr) *letter {
	l := &letter{datagram: b, at: at, due: make(chan struct{}), gone: make(chan struct{})}
	l.leave = sync.OnceFunc(func() { close(l.gone) })
	return l
}

var errRead = errors.New("there was one datagram only")

// ReadFrom implements net.PacketConn.
func (l *letter) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-l.due:
	case <-l.gone:
		return 0, l.at, net.ErrClosed
	}
	if l.datagram == nil {
		return 0, l.at, errRead
	}
	n := copy(b, l.datagram)
	l.datagram = nil
	return n, l.at, nil
}

// WriteTo implements net.PacketConn.
func (*letter) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// Close implements net.PacketConn.
func (l *letter) Close() error {
	l.leave()
	return nil
}

// LocalAddr implements net.PacketConn.
func (l *letter) LocalAddr() net.Addr { return l.at }

// SetDeadline implements net.PacketConn.
func (l *letter) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn. DTLS sets one only to stop reading.
func (l *letter) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		l.leave()
	}
	return nil
}

// SetWriteDeadline implements net.PacketConn.
func (*letter) SetWriteDeadline(time.Time) error { return nil }
