//go:build linux && !portable

package rtp

import (
	"sync"
	"testing"
	"time"

	"dialtone/media"
)

// pullingSink notes what it gets, without a lock: the race detector sees when two
// goroutines deliver.
type pullingSink struct {
	seqs     []uint16
	arrivals []time.Time
}

func (s *pullingSink) Packet(p *media.Packet) {
	s.seqs, s.arrivals = append(s.seqs, p.Seq), append(s.arrivals, p.At())
}

func (*pullingSink) Pulls() {}

// TestWhatIsPulledHasTheTimeOfItsArrival has packets wait in the kernel: they are pulled
// all at once, in order, and each tells when it really came.
func TestWhatIsPulledHasTheTimeOfItsArrival(t *testing.T) {
	c := newCall(t, loopback4)
	c.bridge.Close()
	s := &pullingSink{}
	c.toAlice.SetSink(s)
	until(t, "the kernel to note when packets arrive, which it begins a moment later", func() bool {
		c.alice.send(c.toAlice, 0, "are you there?")
		<-time.After(5 * time.Millisecond)
		begin := time.Now()
		c.toAlice.Pull()
		return len(s.arrivals) > 0 && begin.Sub(s.arrivals[len(s.arrivals)-1]) > 3*time.Millisecond
	})
	s.seqs, s.arrivals = nil, nil
	first := c.alice.seq
	var sent []time.Time
	for range 5 {
		c.alice.send(c.toAlice, 0, "wait for me")
		sent = append(sent, time.Now())
		<-time.After(20 * time.Millisecond)
	}
	until(t, "what was pulled", func() bool { c.toAlice.Pull(); return len(s.seqs) == len(sent) })
	for i, seq := range s.seqs {
		if seq != first+uint16(i) {
			t.Errorf("packet %d came as number %d, want %d", seq, i, first+uint16(i))
		}
		if i > 0 && s.arrivals[i].Before(s.arrivals[i-1]) {
			t.Errorf("packet %d came %v before the one before it", i, s.arrivals[i-1].Sub(s.arrivals[i]))
		}
		if late := s.arrivals[i].Sub(sent[i]); late > time.Since(sent[i])/2 {
			t.Errorf("packet %d is said to have come %v after it was sent, it was pulled after %v", i, late, time.Since(sent[i]))
		}
	}
}

// TestWhoPullsIsReplacedWhilePacketsFlow moves a port between one that pulls, and goes
// on doing so, and one that does not.
func TestWhoPullsIsReplacedWhilePacketsFlow(t *testing.T) {
	c := newCall(t, loopback4)
	c.bridge.Close()
	s, taken := &pullingSink{}, 0
	hurried := &sinkFunc{func(*media.Packet) { taken++ }}
	stop := make(chan struct{})
	var pullers sync.WaitGroup
	pullers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				c.toAlice.Pull()
			}
		}
	})
	for range 300 {
		c.toAlice.SetSink(hurried)
		c.alice.send(c.toAlice, 0, "talk")
		c.toAlice.SetSink(s)
		c.alice.send(c.toAlice, 0, "talk")
	}
	close(stop)
	pullers.Wait()
	c.toAlice.SetSink(hurried)
	until(t, "packets without pulling", func() bool {
		c.alice.send(c.toAlice, 0, "talk")
		return c.toAlice.Sink() == hurried && c.toAlice.Stats().RxDropped == 0 && c.toAlice.Stats().RxPackets >= 600
	})
	c.toAlice.Close()
	c.toAlice.Pull()
}

func TestNoAllocationForWhoPulls(t *testing.T) {
	skipUnderRaceDetector(t)
	c := newCall(t, loopback4)
	c.bridge.Close()
	s := &pullingSink{seqs: make([]uint16, 0, 1000), arrivals: make([]time.Time, 0, 1000)}
	c.toAlice.SetSink(s)
	to, _ := c.toAlice.Local()
	b := c.alice.packet(0, string(make([]byte, 160)))
	pass := func() {
		if _, err := c.alice.rtp.WriteToUDPAddrPort(b, to); err != nil {
			t.Fatal(err)
		}
		c.toAlice.Pull()
	}
	pass()
	if a := testing.AllocsPerRun(50, pass); a != 0 {
		t.Errorf("%v allocations per packet, want 0", a)
	}
}
