package doctor

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a network that gives back what is sent, and takes its time to take it.
type slow struct {
	net.PacketConn
	takes time.Duration
	back  chan []byte
	end   chan time.Time
	over  <-chan time.Time
}

func (s *slow) WriteTo(b []byte, _ net.Addr) (int, error) {
	<-time.After(s.takes)
	s.back <- b
	return len(b), nil
}

func (s *slow) SetReadDeadline(t time.Time) error { s.end <- t; return nil }

func (s *slow) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		select {
		case p := <-s.back:
			return copy(b, p), nil, nil
		case t := <-s.end:
			s.over = time.After(time.Until(t))
		case <-s.over:
			return 0, nil, os.ErrDeadlineExceeded
		}
	}
}

// Who needs three seconds for what should take two is slow, but has lost nothing.
func TestTheEchoOfASlowMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slow{takes: 30 * time.Millisecond, back: make(chan []byte, packets), end: make(chan time.Time, 1)}
		r := exchange(t.Context(), c, netip.MustParseAddrPort("192.0.2.1:40000"), "8")
		if r.err != nil || r.sent != packets || len(r.delays) != packets {
			t.Errorf("of %d packets %d came back (%v)", r.sent, len(r.delays), r.err)
		}
	})
}
