package rtp

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestPortsAreEvenAndOddInTheRange(t *testing.T) {
	families(t, func(t *testing.T, local netip.Addr) {
		e := newEngine(t, 4)
		seen := map[uint16]bool{}
		for range 4 {
			p := open(t, e, local)
			rtp, rtcp := p.Local()
			if rtp.Port()%2 != 0 || rtcp.Port() != rtp.Port()+1 || rtp.Addr() != local || seen[rtp.Port()] {
				t.Errorf("got %v and %v after %v", rtp, rtcp, seen)
			}
			seen[rtp.Port()] = true
		}
		if st := e.Stats(); st != (EngineStats{Open: 4, Pairs: 4}) {
			t.Errorf("statistics are %+v", st)
		}
	})
}

func TestNoPortsSaysWhatToDo(t *testing.T) {
	e := newEngine(t, 2)
	open(t, e, loopback4)
	open(t, e, loopback4)
	_, err := e.Open(loopback4)
	if !errors.Is(err, ErrNoPorts) || !strings.Contains(err.Error(), "all 2 pairs of ") || !strings.Contains(err.Error(), "media.ports") {
		t.Errorf("error is %v", err)
	}
}

func TestBusyPairsArePassedOver(t *testing.T) {
	first, last := freeRange(t, 4)
	for _, busy := range []uint16{first, first + 3} { // an even and an odd one
		listenAt(t, netip.AddrPortFrom(loopback4, busy))
	}
	e := newEngine(t, 1, func(o *Options) { o.First, o.Last = first, last })
	for range 2 {
		if rtp, _ := open(t, e, loopback4).Local(); rtp.Port() < first+4 {
			t.Errorf("%v is busy", rtp)
		}
	}
	if _, err := e.Open(loopback4); !errors.Is(err, ErrNoPorts) {
		t.Errorf("error is %v", err)
	}
}

func TestClosedPortsDrainAndAreUsedAgain(t *testing.T) {
	e := newEngine(t, 4, func(o *Options) { o.Drain = time.Hour })
	p := open(t, e, loopback4)
	ph := newPhone(t, loopback4)
	configure(t, p, ph.params())
	media.Echo(p)
	rtp, _ := p.Local()
	p.Close()
	if st := e.Stats(); st != (EngineStats{Draining: 1, Pairs: 4}) {
		t.Errorf("statistics are %+v", st)
	}
	if busy(rtp) == nil {
		t.Error("the closed port is not bound")
	}
	for range 4 { // under pressure what drains is given up
		open(t, e, loopback4)
	}
	if st := e.Stats(); st != (EngineStats{Open: 4, Pairs: 4}) {
		t.Errorf("statistics are %+v", st)
	}
}

func TestDrainingEnds(t *testing.T) {
	e := newEngine(t, 4, func(o *Options) { o.Drain = time.Millisecond })
	rtp, _ := open(t, e, loopback4).Local()
	for p := range e.open {
		p.Close()
	}
	until(t, "port released", func() bool { return e.Stats() == EngineStats{Pairs: 4} })
	if err := busy(rtp); err != nil {
		t.Error(err)
	}
}

func TestDrainingIsBounded(t *testing.T) {
	e := newEngine(t, 8, func(o *Options) { o.Drain = time.Hour })
	for range 20 {
		open(t, e, loopback4).Close()
	}
	if st := e.Stats(); st != (EngineStats{Draining: 2, Pairs: 8}) {
		t.Errorf("statistics are %+v, want a quarter of the range to drain", st)
	}
}

func TestRangeWithoutAPairIsRefused(t *testing.T) {
	for _, r := range [][2]uint16{{0, 0}, {0, 100}, {100, 100}, {101, 102}, {200, 100}, {65535, 65535}} {
		if _, err := New(Options{First: r[0], Last: r[1]}); err == nil {
			t.Errorf("%d-%d is accepted", r[0], r[1])
		}
	}
	e, err := New(Options{First: 65533, Last: 65535})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if st := e.Stats(); st.Pairs != 1 {
		t.Errorf("%d pairs, want 65534 and 65535", st.Pairs)
	}
}

func TestOpenWantsAConcreteAddress(t *testing.T) {
	e := newEngine(t, 1)
	for _, a := range []string{"0.0.0.0", "::", "192.0.2.1"} {
		if p, err := e.Open(netip.MustParseAddr(a)); err == nil {
			t.Errorf("%s is accepted: %v", a, p)
		}
	}
	if _, err := e.Open(netip.Addr{}); err == nil {
		t.Error("no address is accepted")
	}
	if p, err := e.Open(netip.MustParseAddr("::ffff:127.0.0.1")); err != nil {
		t.Error(err)
	} else if rtp, _ := p.Local(); rtp.Addr() != loopback4 {
		t.Errorf("opened at %v", rtp)
	}
}

func TestNothingWorksAfterClose(t *testing.T) {
	e := newEngine(t, 2)
	ph, p := newPhone(t, loopback4), open(t, e, loopback4)
	configure(t, p, ph.params())
	e.Close()
	e.Close()
	p.Close()
	if _, err := e.Open(loopback4); !errors.Is(err, ErrClosed) {
		t.Errorf("Open: %v", err)
	}
	if err := p.Configure(ph.params()); !errors.Is(err, ErrClosed) {
		t.Errorf("Configure: %v", err)
	}
	p.Write(codec.PCMU, []byte("x"), 1, false)
	if st := p.Stats(); st.TxDropped != 1 {
		t.Errorf("a frame written was not dropped: %+v", st)
	}
}

func TestCloseBeforeStart(t *testing.T) {
	e, err := New(Options{First: 10000, Last: 10001})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
}

func TestEverythingAtOnce(t *testing.T) {
	e := newEngine(t, 16, func(o *Options) { o.Shards, o.ReportInterval, o.Drain = 2, time.Millisecond, time.Millisecond })
	suite := Suites()[0]
	for range 5 {
		c := newCallOn(t, e, loopback4, func(a, _ *Params) { a.Mux = true })
		stop := make(chan struct{})
		var work sync.WaitGroup
		loop := func(f func()) {
			work.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						f()
					}
				}
			})
		}
		to, _ := c.toAlice.Local()
		back, _ := c.toBob.Local()
		packet, reply := c.alice.packet(0, "x"), c.bob.packet(0, "y")
		loop(func() { c.alice.rtp.WriteToUDPAddrPort(packet, to) })
		loop(func() { c.bob.rtp.WriteToUDPAddrPort(reply, back) })
		loop(func() { c.toBob.Write(codec.PCMU, []byte("tone"), 160, false) })
		loop(func() { c.toAlice.Stats(); c.toBob.Stats(); e.Stats() })
		plain, secret := c.alice.params(), c.alice.params()
		secret.Crypto = keys(suite, 1, 2)
		loop(func() { _ = c.toAlice.Configure(plain); _ = c.toAlice.Configure(secret) })
		loop(func() {
			if b, err := media.Bridge(c.toAlice, c.toBob); err == nil {
				b.Close()
			}
		})
		for range 20 {
			c.bob.receive()
		}
		c.toAlice.Close()
		c.toBob.Close()
		close(stop)
		work.Wait()
	}
	until(t, "all ports released", func() bool { return e.Stats() == EngineStats{Pairs: 16} })
}

func TestManyCallsAtOnceOnTwoShards(t *testing.T) {
	e := newEngine(t, 32, func(o *Options) { o.Shards = 2 })
	var work sync.WaitGroup
	for range 16 {
		c := newCallOn(t, e, loopback4)
		work.Go(func() {
			for range 50 {
				c.alice.send(c.toAlice, 0, "a")
				c.bob.send(c.toBob, 0, "b")
				if a, b := c.bob.receive(), c.alice.receive(); a.payload != "a" || b.payload != "b" {
					t.Errorf("got %q and %q", a.payload, b.payload)
				}
			}
		})
	}
	work.Wait()
}
