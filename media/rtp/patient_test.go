package rtp

import (
	"encoding/binary"
	"sync"
	"testing"

	"dialtone/media"
)

// patientSink counts what it gets, and sees whether that comes in order.
type patientSink struct {
	t    *testing.T
	next uint16
	got  chan uint16
}

func (s *patientSink) Packet(p *media.Packet) {
	if p.Seq != s.next {
		s.t.Errorf("packet %d came, want %d", p.Seq, s.next)
	}
	s.next++
	s.got <- p.Seq
}

func (*patientSink) Patient() {}

func TestWhoCanWaitGetsAllInOrder(t *testing.T) {
	c := newCall(t, loopback4)
	c.bridge.Close()
	calm := &patientSink{t: t, next: c.alice.seq, got: make(chan uint16, 100)}
	c.toAlice.SetSink(calm)
	for range 50 {
		c.alice.send(c.toAlice, 0, "patience")
	}
	for range 50 {
		<-calm.got
	}

	hurried := make(chan uint16, 1)
	c.toAlice.SetSink(&sinkFunc{func(p *media.Packet) { hurried <- p.Seq }})
	want := c.alice.seq
	c.alice.send(c.toAlice, 0, "at once")
	if got := <-hurried; got != want {
		t.Errorf("packet %d came, want %d", got, want)
	}

	c.toAlice.SetSink(nil)
	before := c.toAlice.Stats().RxDropped
	c.alice.send(c.toAlice, 0, "to nobody")
	until(t, "a packet that nobody takes", func() bool { return c.toAlice.Stats().RxDropped == before+1 })
}

// TestSinksChangeWhilePacketsFlow moves a port to and fro; whoever is its sink in the end
// gets packets, from one goroutine.
func TestSinksChangeWhilePacketsFlow(t *testing.T) {
	c := newCall(t, loopback4)
	c.bridge.Close()
	taken := 0 // no lock: the race detector sees when two goroutines deliver
	hurried := &sinkFunc{func(*media.Packet) { taken++ }}
	done := make(chan struct{})
	var changers sync.WaitGroup
	for range 2 {
		changers.Go(func() {
			for range 500 {
				c.toAlice.SetSink(hurried)
				c.toAlice.SetSink(idle{})
				c.toAlice.RemoveSink(idle{})
			}
		})
	}
	go func() { changers.Wait(); close(done) }()
	for flows := true; flows; {
		select {
		case <-done:
			flows = false
		default:
			c.alice.send(c.toAlice, 0, "talk")
		}
	}

	last := make(chan struct{}, 1)
	for _, s := range []media.Sink{idle{last}, &sinkFunc{func(*media.Packet) { offer(last) }}} {
		c.toAlice.SetSink(s)
		until(t, "a packet for the last sink", func() bool {
			c.alice.send(c.toAlice, 0, "talk")
			select {
			case <-last:
				return true
			default:
				return false
			}
		})
	}
	c.toAlice.Close()
	c.toAlice.SetSink(idle{})
}

func offer(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// idle is a patient sink that tells of packets when it has whom.
type idle struct{ tell chan<- struct{} }

func (i idle) Packet(*media.Packet) { offer(i.tell) }
func (idle) Patient()               {}

func TestNoAllocationForWhoCanWait(t *testing.T) {
	skipUnderRaceDetector(t)
	c := newCall(t, loopback4)
	c.bridge.Close()
	calm := &patientSink{t: t, got: make(chan uint16, 1)}
	c.toAlice.SetSink(calm)
	to, _ := c.toAlice.Local()
	b := c.alice.packet(0, string(make([]byte, 160)))
	pass := func() {
		calm.next++
		binary.BigEndian.PutUint16(b[2:], calm.next)
		if _, err := c.alice.rtp.WriteToUDPAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
		calm.next = <-calm.got
	}
	pass()
	if a := testing.AllocsPerRun(50, pass); a != 0 {
		t.Errorf("%v allocations per packet, want 0", a)
	}
}
