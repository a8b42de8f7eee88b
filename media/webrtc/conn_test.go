package webrtc

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
	"dialtone/media"
)

func TestBrowserTalksWithPhone(t *testing.T) {
	b := newBed(t)
	c, br := b.call()
	ph := b.phone()
	if _, err := media.Bridge(c.Port(), ph.port); err != nil {
		t.Fatal(err)
	}
	audio := bytes.Repeat([]byte{0x55}, 160)
	for i := range uint16(10) {
		br.Send(0, 160, audio)
		if got := ph.receive(t); !bytes.Equal(got[12:], audio) {
			t.Fatalf("the phone hears %x", got)
		}
		ph.send(t, i, audio)
		p := br.Receive()
		if ssrc, _ := c.Port().Source(); !bytes.Equal(p.Payload, audio) || p.SSRC != ssrc || p.PayloadType != 0 {
			t.Fatalf("the browser hears %v", p)
		}
	}
	until(t, "a report", func() bool { return br.Reports() > 0 })
	st := c.Port().Stats()
	if st.RxPackets != 10 || st.TxPackets != 10 || !st.Encrypted || st.Remote.String() != br.Addr().String() {
		t.Errorf("statistics %+v, the browser is at %v", st, br.Addr())
	}
}

// Between two browsers audio is encrypted anew, with its level.
func TestTwoBrowsers(t *testing.T) {
	b := newBed(t)
	c1, br1 := b.call()
	c2, br2 := b.call()
	if _, err := media.Bridge(c1.Port(), c2.Port()); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*testbrowser.Browser{{br1, br2}, {br2, br1}} {
		pair[0].Send(111, 960, []byte("opus"))
		if p := pair[1].Receive(); string(p.Payload) != "opus" || p.PayloadType != 111 {
			t.Errorf("heard %v", p)
		}
	}
}

// Who answers chooses: a browser may wait for our handshake.
func TestWeOpenTheAssociation(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	br.Setup = "passive"
	c.Connect(peerOf(br.Offer("sendrecv"), true))
	br.Take(describe(c, "active"))
	br.Up()
	until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
	br.Send(0, 160, make([]byte, 160))
	until(t, "audio", func() bool { return c.Port().Stats().RxPackets == 1 })
}

// A callee begins before its answer has come to us through signalling.
func TestCalleeIsEarly(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	text := br.Answer(describe(c, "actpass"), "sendrecv", testbrowser.Formats)
	until(t, "the first DTLS", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.early) > 0 })
	c.Connect(peerOf(text, false))
	br.Up()
	c.Connect(peerOf(text, false)) // the 200 repeats what the 183 said
	until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
}

func TestWrongFingerprintIsRefused(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	br.Lie = true
	failed := make(chan error, 1)
	c.OnFailure(func(err error) { failed <- err })
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	br.Take(describe(c, "passive"))
	if err := br.Outcome(); err == nil {
		t.Error("the browser believes that it is connected")
	}
	if err := await(t, failed); !errors.Is(err, ErrHandshake) || !strings.Contains(err.Error(), errFingerprint.Error()) {
		t.Errorf("failed with %v", err)
	}
	if c.Port().Stats().Encrypted {
		t.Error("there are keys")
	}
}

func await(t *testing.T, failed <-chan error) error {
	t.Helper()
	select {
	case err := <-failed:
		return err
	case <-time.After(patience):
		t.Fatal("the connection goes on")
		return nil
	}
}

func TestReplayedAudioIsRefused(t *testing.T) {
	b := newBed(t)
	c, br := b.call()
	old := br.Seal(0, 160, make([]byte, 160))
	br.SendRaw(old)
	br.Send(0, 160, make([]byte, 160))
	for range 5 {
		br.SendRaw(old)
	}
	forged := br.Seal(0, 160, make([]byte, 160))
	forged[20] ^= 1
	br.SendRaw(forged)
	until(t, "all of it", func() bool { return c.Port().Stats().RxRejected == 6 })
	if st := c.Port().Stats(); st.RxPackets != 2 {
		t.Errorf("%d packets were taken, want 2", st.RxPackets)
	}
}

func TestDeadBrowserEndsTheCall(t *testing.T) {
	for _, how := range []struct {
		name string
		end  func(*testbrowser.Browser)
		want error
	}{
		{"without a word", (*testbrowser.Browser).Vanish, ErrConsent},
		{"its page is closed", (*testbrowser.Browser).Leave, ErrGone},
	} {
		t.Run(how.name, func(t *testing.T) {
			b := newBed(t, func(o *Options) { o.Consent, o.Farewell = 2*time.Second, 10*time.Millisecond })
			c, br := b.call()
			failed := make(chan error, 1)
			c.OnFailure(func(err error) { failed <- err })
			how.end(br)
			if err := await(t, failed); !errors.Is(err, how.want) {
				t.Errorf("failed with %v", err)
			}
		})
	}
}

func TestBrowserThatNeverComesEndsTheCall(t *testing.T) {
	b := newBed(t, func(o *Options) { o.SetUp = 10 * time.Millisecond })
	c := b.open()
	failed := make(chan error, 1)
	c.OnFailure(func(err error) { failed <- err })
	c.Connect(peerOf(testbrowser.New(t).Offer("sendrecv"), false))
	if err := await(t, failed); !errors.Is(err, ErrNoPath) {
		t.Errorf("failed with %v", err)
	}
}

// The network changes: other credentials, other addresses, the same keys.
func TestRestartOfICEKeepsTheCall(t *testing.T) {
	b := newBed(t)
	c, br := b.call()
	before, first := br.Addr().String(), c.Describe(loopback)
	offer := br.Restart("sendrecv")
	c.Restart()
	c.Connect(peerOf(offer, false))
	br.Take(describe(c, "passive"))
	until(t, "the new path", func() bool {
		br.Send(0, 160, make([]byte, 160))
		return c.Port().Stats().Remote.String() != before
	})
	if c.Describe(loopback).Ufrag == first.Ufrag {
		t.Error("the credentials are still the same")
	}
	until(t, "the end of the old credentials", func() bool { return b.hub.named([]byte(first.Ufrag)) == nil })
	if !c.Port().Stats().Encrypted || c.Port().Stats().RxRejected > 0 {
		t.Errorf("statistics %+v", c.Port().Stats())
	}
}

// Another certificate means another association, with other keys (RFC 8842 §4).
func TestNewCertificateShakesHandsAgain(t *testing.T) {
	b := newBed(t)
	c, _ := b.call()
	other := testbrowser.New(t)
	c.Restart()
	c.Connect(peerOf(other.Offer("sendrecv"), false))
	other.Take(describe(c, "passive"))
	other.Up()
	before := c.Port().Stats().RxPackets
	until(t, "audio of the other", func() bool {
		other.Send(0, 160, make([]byte, 160))
		return c.Port().Stats().RxPackets > before
	})
}

func TestClosedConnectionLeavesNothing(t *testing.T) {
	b := newBed(t)
	for range 3 {
		c, br := b.call()
		c.Close()
		c.Close()
		br.Vanish()
	}
	b.hub.mu.Lock()
	defer b.hub.mu.Unlock()
	if n, s, c := len(b.hub.names), len(b.hub.sources), len(b.hub.conns); n+s+c > 0 {
		t.Errorf("left: %d names, %d sources, %d connections", n, s, c)
	}
}

func TestClosedHubOpensNothing(t *testing.T) {
	b := newBed(t)
	b.hub.Close()
	if _, err := b.hub.Open(loopback, loopback); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// Behind NAT, a browser outside is told of the address outside, and of none that is
// private.
func TestCandidates(t *testing.T) {
	b := newBed(t)
	c := b.open()
	inside := c.Describe(loopback).Candidates
	if inside[0] != c.Local() {
		t.Errorf("the first candidate is %v, want %v", inside[0], c.Local())
	}
	seen := must(t, "203.0.113.9")
	outside := c.Describe(seen).Candidates
	if outside[0].Addr() != seen || outside[0].Port() != c.Local().Port() {
		t.Errorf("the first candidate is %v", outside[0])
	}
	for _, a := range outside {
		if a.Addr().IsPrivate() || a.Addr().IsLoopback() {
			t.Errorf("%v says nothing outside", a)
		}
	}
	if len(inside) > maxCandidates {
		t.Errorf("%d candidates", len(inside))
	}
}

// A browser may send by two of our addresses at once while it chooses: who listens gets one
// packet at a time.
func TestTwoWaysAtOnce(t *testing.T) {
	b := newBed(t)
	l := b.leg()
	d := l.conn.Describe(loopback)
	tcp := dialTCP(t, l.conn)
	if _, err := tcp.Write(framed(request(d.Ufrag, d.Pwd))); err != nil {
		t.Fatal(err)
	}
	until(t, "the second way", func() bool { l.conn.mu.Lock(); defer l.conn.mu.Unlock(); return len(l.conn.paths) == 2 })
	heard, busy := 0, false // without a lock: the race detector looks
	l.conn.Port().SetSink(sinkFunc(func(*media.Packet) {
		if busy {
			t.Error("two packets at once")
		}
		busy = true
		heard++
		busy = false
	}))
	const packets = 500
	for i := range packets {
		sealed := l.seal()
		if i%2 == 0 {
			l.socket.send(t, sealed)
		} else if _, err := tcp.Write(framed(sealed)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all packets", func() bool { // those of a way that is far behind count as replayed
		st := l.conn.Port().Stats()
		return st.RxPackets+st.RxRejected == packets
	})
}
