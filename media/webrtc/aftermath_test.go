package webrtc

import (
	"bytes"
	"net/netip"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
)

// drain is a way that keeps what is sent by it.
type drain struct {
	way
	mu   sync.Mutex
	sent [][]byte
}

func (d *drain) send(b []byte, _ netip.AddrPort) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, slices.Clone(b))
	return true
}

// count is how many datagrams of a kind went out.
func (d *drain) count(kind byte) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.sent {
		if b[0] == kind {
			n++
		}
	}
	return n
}

// settledCall is one whose handshake has left nothing but its aftermath.
func settledCall(b *bed) (*Conn, *testbrowser.Browser) {
	b.t.Helper()
	c, br := b.call()
	until(b.t, "the end of the handshake", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.dtls.after != nil })
	return c, br
}

// divert has c send by a drain.
func divert(c *Conn) *drain {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.selected.Load()
	d := &drain{way: old.way}
	c.selected.Store(&path{way: d, remote: old.remote, used: time.Now()})
	return d
}

// A browser that repeats its part of the handshake has not heard ours. It is told again,
// but not as often as somebody may ask in its name.
func TestOurLastPartIsRepeated(t *testing.T) {
	c, _ := settledCall(newBed(t))
	d := divert(c)
	ask := record(kindHandshake, 0, 11, 0, 0, 1)
	for round := 1; round <= 3; round++ {
		c.mu.Lock()
		c.dtls.after.said = time.Now().Add(-repeats)
		c.mu.Unlock()
		for range 10 {
			c.spoof(ask)
		}
		if n := d.count(kindChangeCipher); n < round || n > 2*round {
			t.Fatalf("said %d times after %d rounds", n, round)
		}
	}
}

// Closing says goodbye, once.
func TestGoodbye(t *testing.T) {
	c, _ := settledCall(newBed(t))
	d := divert(c)
	c.Close()
	c.Close()
	if n := d.count(kindAlert); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// A call costs no goroutine once there are keys.
func TestSettledCallsHaveNoGoroutines(t *testing.T) {
	b := newBed(t)
	c, br := settledCall(b)
	until(t, "no goroutine", func() bool {
		var s bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&s, 1)
		return !bytes.Contains(s.Bytes(), []byte("webrtc.(*association)")) && !bytes.Contains(s.Bytes(), []byte("webrtc.(*pipe)"))
	})
	b.heard(c, br)
}

// busy has the scheduler choose among many goroutines until the test ends.
func busy(t *testing.T) {
	t.Helper()
	var work sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		work.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					runtime.Gosched()
				}
			}
		})
	}
	t.Cleanup(func() { close(done); work.Wait() })
}

// parting has br leave, and gives the datagram that says so before c has looked at it.
func parting(t *testing.T, c *Conn, br *testbrowser.Browser) (end []byte) {
	t.Helper()
	c.mu.Lock()
	c.dtls.after.opening = true
	c.mu.Unlock()
	br.Leave()
	until(t, "the goodbye", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		end = c.dtls.after.waiting
		return end != nil
	})
	return end
}

// The goodbye of a browser is understood each time, whatever the scheduler does and
// whatever comes just before in its name.
func TestGoodbyeOfTheBrowser(t *testing.T) {
	c, br := settledCall(newBed(t))
	end := parting(t, c, br)
	forged := record(kindAlert, 1, make([]byte, sealedAlert-recordHeader)...)
	busy(t)
	for round := range 200 {
		c.mu.Lock()
		c.leaves, c.dtls.after.opening, c.dtls.after.waiting, c.dtls.after.ends = time.Time{}, false, nil, 0
		c.mu.Unlock()
		if round%2 == 1 {
			c.spoof(forged)
		}
		c.spoof(end)
		var ends bool
		until(t, "a look at it", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			ends = !c.leaves.IsZero()
			return !c.dtls.after.opening
		})
		if !ends {
			t.Fatalf("ignored in round %d", round)
		}
	}
}

// A browser may leave while the handshake is being put away.
func TestGoodbyeAtOnce(t *testing.T) {
	b := newBed(t)
	busy(t)
	for range 10 {
		c, br := b.open(), testbrowser.New(t)
		c.Connect(peerOf(br.Offer("sendrecv"), false))
		br.Take(describe(c, "passive"))
		br.Up()
		br.Leave()
		until(t, "the end", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.leaves.IsZero() || c.err != nil })
		c.Close()
		br.Vanish()
	}
}

// What the handshake leaves unread is not lost, nor what comes too late for it.
func TestRestOfThePipe(t *testing.T) {
	c := newBed(t).open()
	defer c.Close()
	p := newPipe(c)
	end := record(kindAlert, 1, make([]byte, sealedAlert-recordHeader)...)
	p.take(end)
	if _, _, err := p.ReadFrom(make([]byte, longest)); err != nil {
		t.Fatal(err)
	}
	p.take([]byte("queued"))
	if err := p.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.take([]byte("late"))
	if got := p.rest(); !slices.EqualFunc(got, [][]byte{end, []byte("queued"), []byte("late")}, bytes.Equal) {
		t.Errorf("%q", got)
	}
}

// Nothing waits for ever for a letter that is not due.
func TestLetterIsReleased(t *testing.T) {
	for name, release := range map[string]func(*letter) error{
		"closed":  (*letter).Close,
		"stopped": func(l *letter) error { return l.SetReadDeadline(time.Unix(1, 0)) },
	} {
		l := newLetter([]byte("end"), nil)
		failed := make(chan error, 1)
		go func() { _, _, err := l.ReadFrom(make([]byte, longest)); failed <- err }()
		if err := release(l); err != nil {
			t.Fatal(err)
		}
		if err := await(t, failed); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}
