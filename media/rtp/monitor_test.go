package rtp

import (
	"slices"
	"sync"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// watcher keeps copies of what it is shown.
type watcher struct {
	mu             sync.Mutex
	received, sent []seen
}

type seen struct {
	media.Packet
	format  codec.Format
	payload string
}

func look(p *media.Packet) seen { return seen{*p, *p.Format, string(p.Payload)} }

func (w *watcher) Received(p *media.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = append(w.received, look(p))
}

func (w *watcher) Sent(p *media.Packet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, look(p))
}

func (w *watcher) last() (received, sent seen) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.received); n > 0 {
		received = w.received[n-1]
	}
	if n := len(w.sent); n > 0 {
		sent = w.sent[n-1]
	}
	return received, sent
}

// What is said is shown as it arrived, and what is heard as the phone gets it, but for
// the encryption.
func TestMonitorSeesBothSidesInClear(t *testing.T) {
	for _, suite := range append([]string{""}, Suites()...) {
		t.Run(suite, func(t *testing.T) {
			c := newCall(t, loopback4, func(_, b *Params) {
				if suite != "" {
					b.Crypto = keys(suite, 3, 4)
				}
			})
			said, heard := &watcher{}, &watcher{}
			defer c.toAlice.Monitor(said)()
			defer c.toBob.Monitor(heard)()
			for _, payload := range []string{"one", "two", ""} {
				c.alice.send(c.toAlice, 8, payload)
				got := c.bob.receive()
				s, _ := said.last()
				if s.payload != payload || s.SSRC != c.alice.ssrc || s.Seq != c.alice.seq-1 || !s.format.Same(codec.PCMA) {
					t.Errorf("said %+v", s)
				}
				_, h := heard.last()
				if h.payload != payload || h.SSRC != got.ssrc || h.Seq != got.seq || h.Time != got.time || h.Marker != got.marker || !h.format.Same(codec.PCMA) {
					t.Errorf("heard %+v, the phone %+v", h, got.header)
				}
			}
			c.toBob.Write(codec.PCMU, []byte("tone"), 160, true)
			got := c.bob.receive()
			if _, h := heard.last(); h.payload != "tone" || h.Seq != got.seq || h.Time != got.time || h.SSRC != got.ssrc || !h.Marker || !h.format.Same(codec.PCMU) {
				t.Errorf("heard %+v, the phone %+v", h, got.header)
			}
			if len(said.sent) != 0 || len(heard.received) != 0 {
				t.Error("the other side is shown too")
			}
		})
	}
}

func TestMonitorSeesNothingThatIsNotSentOrAccepted(t *testing.T) {
	c := newCall(t, loopback4, func(_, b *Params) { b.Direction = media.RecvOnly })
	w := &watcher{}
	defer c.toAlice.Monitor(w)()
	defer c.toBob.Monitor(w)()
	stranger := newPhone(t, loopback4)
	c.alice.send(c.toAlice, 0, "on hold")
	until(t, "the packet", func() bool { return c.toBob.Stats().TxDropped == 1 })
	c.alice.send(c.toAlice, 77, "unknown format")
	stranger.send(c.toAlice, 0, "stranger")
	c.toBob.Write(codec.PCMU, []byte("tone"), 160, true)
	until(t, "all", func() bool { return c.toAlice.Stats().RxDropped == 1 && c.toAlice.Stats().RxRejected == 1 })
	if len(w.received) != 1 || len(w.sent) != 0 {
		t.Errorf("saw %v and %v", w.received, w.sent)
	}
}

// A phone that is bridged to another one is heard on under the same numbers.
func TestMonitorSeesOneSourceWhoeverSpeaks(t *testing.T) {
	c := newCall(t, loopback4)
	w := &watcher{}
	defer c.toBob.Monitor(w)()
	for i := range 6 {
		if i%2 == 0 {
			c.alice.send(c.toAlice, 0, "x")
		} else {
			c.toBob.Write(codec.PCMU, []byte("y"), 160, false)
		}
		c.bob.receive()
	}
	for i, s := range w.sent[1:] {
		if s.SSRC != w.sent[0].SSRC || s.Seq != w.sent[i].Seq+1 {
			t.Fatalf("%+v after %+v", s, w.sent[i])
		}
	}
}

func TestNoAllocationPerMonitoredPacket(t *testing.T) {
	skipUnderRaceDetector(t)
	for name, fl := range flows(t) {
		m := &counted{}
		defer fl.call.toAlice.Monitor(m)()
		defer fl.call.toBob.Monitor(m)()
		fl.pass()
		if a := testing.AllocsPerRun(100, fl.pass); a != 0 {
			t.Errorf("%s: %v allocations per packet, want 0", name, a)
		}
		if m.received != 102 || m.sent != 102 {
			t.Errorf("%s: saw %d and %d packets", name, m.received, m.sent)
		}
	}
	c, m, frame := newCall(t, loopback4), &counted{}, make([]byte, 160)
	defer c.toBob.Monitor(m)()
	if a := testing.AllocsPerRun(100, func() { c.toBob.Write(codec.PCMU, frame, 160, false) }); a != 0 {
		t.Errorf("%v allocations per frame, want 0", a)
	}
}

type counted struct{ received, sent int }

func (c *counted) Received(*media.Packet) { c.received++ }
func (c *counted) Sent(*media.Packet)     { c.sent++ }

// Who monitors comes and goes while packets flow.
func TestMonitorsComeAndGoDuringACall(t *testing.T) {
	c := newCall(t, loopback4)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	watchers := make([]*watcher, 8)
	for i := range watchers {
		watchers[i] = &watcher{}
		tasks.Go(func() {
			for range 50 {
				stops := []func(){c.toAlice.Monitor(watchers[i]), c.toBob.Monitor(watchers[i])}
				slices.Reverse(stops)
				for _, stop := range stops {
					stop()
				}
			}
		})
	}
	for range 200 {
		c.alice.send(c.toAlice, 0, "x")
		c.bob.receive()
	}
}
