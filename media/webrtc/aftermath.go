package webrtc

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/pion/dtls/v3"
)

const (
	// repeats is how often our last part of the handshake is sent again at most.
	repeats = 100 * time.Millisecond
	// maxEnds is how many datagrams are looked at that may be the end: anybody can send
	// some that look so.
	maxEnds = 32
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
	ends    int       // how often one did
}

// settle ends all of conn but what has to stay.
func (a *association) settle(conn *dtls.Conn, wire *pipe) {
	state, ok := conn.ConnectionState()
	after := &aftermath{flight: wire.seal(), said: time.Now()}
	_ = conn.Close() // nobody to tell
	after.goodbye = wire.parting()
	if state.PeerCertificates = nil; ok { // they were looked at
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
	case b[0] == kindAlert && len(b) == sealedAlert && after.state != nil && !after.opening && after.ends < maxEnds:
		after.opening = true
		after.ends++
		letter := &letter{datagram: append([]byte(nil), b...), at: net.UDPAddrFromAddrPort(a.conn.home.at)}
		a.conn.hub.work.Go(func() { a.open(letter) })
	}
}

// open looks whether a datagram is the end. A far side that ends the association is about
// to hang up, or its page is gone.
func (a *association) open(l *letter) {
	over := a.over(l)
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	a.after.opening = false
	if over && !a.conn.closed && a.conn.dtls == a {
		a.part() // it waits for ours
		a.conn.leaves = time.Now().Add(a.conn.hub.Farewell)
	}
}

// over wakes the association up for one datagram.
func (a *association) over(l *letter) bool {
	state := *a.after.state
	var options []dtls.Option
	options = append(options, a.options()...)
	conn, err := dtls.ResumeWithOptions(&state, l, l.at, options...)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // nobody to tell
	_, err = conn.Read(make([]byte, sealedAlert))
	return errors.Is(err, io.EOF)
}

// letter is a network over which one datagram comes, and nothing goes.
type letter struct {
	datagram []byte
	at       net.Addr
}

var errRead = errors.New("there was one datagram only")

// ReadFrom implements net.PacketConn.
func (l *letter) ReadFrom(b []byte) (int, net.Addr, error) {
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
func (*letter) Close() error { return nil }

// LocalAddr implements net.PacketConn.
func (l *letter) LocalAddr() net.Addr { return l.at }

// SetDeadline implements net.PacketConn.
func (*letter) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn.
func (*letter) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn.
func (*letter) SetWriteDeadline(time.Time) error { return nil }
