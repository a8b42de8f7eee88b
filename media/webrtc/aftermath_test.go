package webrtc

import (
	"bytes"
	"net/netip"
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
