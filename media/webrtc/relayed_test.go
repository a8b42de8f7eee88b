package webrtc

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"dialtone/internal/testbrowser"
)

// relay stands between browsers and a hub, in this process.
type relay struct {
	at      netip.AddrPort
	relayed *Relayed
	sent    atomic.Int32
}

// newRelay makes one for a single browser, which it shows as another address.
func newRelay(b *bed) *relay {
	b.t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.t.Fatal(err)
	}
	r := &relay{at: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	var from atomic.Pointer[netip.AddrPort]
	r.relayed = b.hub.Relay(netip.MustParseAddrPort("192.0.2.99:4444"), func(out []byte) bool {
		r.sent.Add(1)
		_, err := conn.WriteToUDPAddrPort(out, *from.Load())
		return err == nil
	})
	var reader sync.WaitGroup
	reader.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, a, err := conn.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			from.Store(&a)
			r.relayed.Received(buf[:n])
		}
	})
	b.t.Cleanup(func() { _ = conn.Close(); reader.Wait() })
	return r
}

var ownCandidates = regexp.MustCompile(`a=candidate:.*\r\n`)

func TestARelayIsAWay(t *testing.T) {
	b := newBed(t)
	r := newRelay(b)
	c, br := b.open(), testbrowser.New(t)
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	answer := ownCandidates.ReplaceAllString(describe(c, "passive"), "")
	br.Take(answer + "a=candidate:1 1 udp 2130706431 127.0.0.1 " + strconv.Itoa(int(r.at.Port())) + " typ host\r\n")
	br.Up()
	until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
	if p := c.selected.Load(); p.way != r.relayed || p.remote.String() != "192.0.2.99:4444" {
		t.Errorf("audio goes to %v by %T", p.remote, p.way)
	}
	br.Send(0, 160, bytes.Repeat([]byte{0xff}, 160))
	until(t, "a packet of the browser", func() bool { return c.Port().Stats().RxPackets > 0 })
	before := r.sent.Load()
	if !c.Send([]byte{0x80, 0, 0, 0}) || r.sent.Load() != before+1 {
		t.Error("nothing goes to the browser")
	}

	other := b.open()
	if r.relayed.claim(netip.AddrPort{}, other) {
		t.Error("another call takes the relayed address over")
	}
	r.relayed.Close()
	if c.Send([]byte{0x80, 0, 0, 0}) {
		t.Error("the way is used when it is no more")
	}
	if !r.relayed.claim(netip.AddrPort{}, other) {
		t.Error("what is closed still belongs to a call")
	}
}

func TestWhatTheHubHas(t *testing.T) {
	b := newBed(t)
	c := b.open()
	home := c.Local()
	for _, tt := range []struct {
		at   netip.AddrPort
		want bool
	}{
		{home, true},
		{netip.AddrPortFrom(home.Addr(), 0), true},
		{netip.AddrPortFrom(home.Addr(), home.Port()+1), false},
		{netip.AddrPortFrom(netip.MustParseAddr("192.0.2.77"), home.Port()), false},
	} {
		if got := b.hub.Has(tt.at); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.at, got, tt.want)
		}
	}
}
