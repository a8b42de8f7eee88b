package webrtc

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
)

// record makes one of DTLS.
func record(kind byte, epoch uint16, body ...byte) []byte {
	b := []byte{kind, 254, 253, byte(epoch >> 8), byte(epoch), 0, 0, 0, 0, 0, 99, byte(len(body) >> 8), byte(len(body))}
	return append(b, body...)
}

// spoof hands in b as if the browser of c had sent it.
func (c *Conn) spoof(b []byte) { c.handshake(slices.Clone(b)) }

// What anybody can send in the name of the browser does not end the call.
func TestForgedRecordsEndNothing(t *testing.T) {
	b := newBed(t, func(o *Options) { o.Farewell = time.Millisecond })
	for name, forged := range map[string][]byte{
		"the end":              record(kindAlert, 0, 1, 0),
		"a fatal alert":        record(kindAlert, 0, 2, 40),
		"data in clear":        record(kindData, 0, 1, 2, 3),
		"an empty record":      record(kindHandshake, 0),
		"a cut record":         record(kindHandshake, 0, 1, 2, 3)[:14],
		"a header only":        record(kindAlert, 1)[:13],
		"a strange cipher":     record(kindChangeCipher, 0, 7, 7),
		"an unknown kind":      record(63, 0, 1),
		"the end, after some":  append(record(kindHandshake, 0, 1), record(kindAlert, 0, 1, 0)...),
		"the end of a cipher":  append(record(kindChangeCipher, 0, 1), 21),
		"an alert with no key": record(kindAlert, 1, 1, 0),
		"a sealed one":         record(kindAlert, 1, make([]byte, sealedAlert-recordHeader)...),
	} {
		t.Run(name, func(t *testing.T) {
			c, br := b.call()
			for range 3 * maxQueued {
				c.spoof(forged)
			}
			before := c.Port().Stats().RxPackets
			pace := time.NewTicker(3 * time.Millisecond) // so that the association has time for what it got
			defer pace.Stop()
			until(t, "audio", func() bool {
				<-pace.C
				br.Send(0, 160, make([]byte, 160))
				return c.Port().Stats().RxPackets > before+20
			})
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.leaves.IsZero() || c.err != nil {
				t.Errorf("the call ends: %v, %v", c.leaves, c.err)
			}
			c.leaves = time.Time{}
		})
	}
}

// Nor do they disturb the handshake.
func TestForgedRecordsWhileShakingHands(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	br.Take(describe(c, "passive"))
	done := make(chan struct{})
	var spoofing sync.WaitGroup
	spoofing.Go(func() {
		often := time.NewTicker(100 * time.Microsecond)
		defer often.Stop()
		for {
			c.spoof(record(kindAlert, 0, 2, 40))
			c.spoof(record(kindData, 0, 1))
			select {
			case <-often.C:
			case <-done:
				return
			}
		}
	})
	br.Up()
	close(done)
	spoofing.Wait()
	until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
	br.Leave() // what the browser itself says counts
	until(t, "its end", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.leaves.IsZero() })
}

func TestNothingIsSaidInClearForEver(t *testing.T) {
	hello, finished := record(kindHandshake, 0, 1, 0, 0), record(kindHandshake, 1, 1, 2, 3)
	for s, want := range map[stage][2]bool{shaking: {true, true}, keyed: {true, true}, settled: {false, true}} {
		if got := [2]bool{s.believable(hello), s.believable(finished)}; got != want {
			t.Errorf("at stage %d: %v, want %v", s, got, want)
		}
	}
	now := time.Now()
	a := &association{up: true, since: now}
	if a.stage(now) != keyed || a.stage(now.Add(lingers)) != settled || (*association)(nil).stage(now) != shaking {
		t.Error("the stages come at other times")
	}
}

// A browser that waits for the answer to the call before it comes is waited for.
func TestBrowserComesAfterTheAnswer(t *testing.T) {
	b := newBed(t)
	c := b.open()
	c.Await()
	c.Connect(Peer{Fingerprints: []Fingerprint{{"sha-256", "00"}}})
	late := func(after time.Duration) error {
		c.examine(time.Now().Add(after))
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.err
	}
	if err := late(time.Hour); err != nil {
		t.Fatalf("while it rings: %v", err)
	}
	c.mu.Lock()
	c.since = time.Now().Add(-time.Hour)
	c.mu.Unlock()
	c.Answered()
	if err := late(b.hub.SetUp / 2); err != nil {
		t.Fatalf("after the answer: %v", err)
	}
	if err := late(b.hub.SetUp + time.Second); !errors.Is(err, ErrNoPath) {
		t.Errorf("in the end: %v", err)
	}
}
