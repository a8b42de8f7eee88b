package testbrowser

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// Browser is one peer connection.
type Browser struct {
	// Lie makes it show a certificate that its descriptions do not name.
	Lie bool
	// Profiles are those of SRTP that it knows, best first.
	Profiles []dtls.SRTPProtectionProfile
	// Setup is what its descriptions say: actpass, or active in an answer, when empty.
	Setup string

	tb     testing.TB
	agent  *ice.Agent
	cert   tls.Certificate
	print  string
	dtlsIn *packetio.Buffer
	loop   sync.WaitGroup
	ctx    context.Context //nolint:containedctx // is the life of its goroutines
	stop   context.CancelFunc

	version int
	dialled bool
	packets chan *rtp.Packet
	up      chan error // of the handshake, once

	mu      sync.Mutex
	conn    *ice.Conn
	dtls    *dtls.Conn
	in, out *srtp.Context
	seq     uint16
	time    uint32
	reports int
}

// New makes a browser on 127.0.0.1, which is closed when the test ends.
func New(tb testing.TB) *Browser {
	tb.Helper()
	return newBrowser(tb, ice.NetworkTypeUDP4, eager)
}

// NewCalm is New with a browser that asks as seldom as real ones whether the far side is
// still there.
func NewCalm(tb testing.TB) *Browser {
	tb.Helper()
	return newBrowser(tb, ice.NetworkTypeUDP4, 2500*time.Millisecond)
}

// eager is how often a browser asks that is to notice things soon.
const eager = 100 * time.Millisecond

// NewWithoutUDP is New in a network that lets TCP through only.
func NewWithoutUDP(tb testing.TB) *Browser {
	tb.Helper()
	return newBrowser(tb, ice.NetworkTypeTCP4, eager)
}

func newBrowser(tb testing.TB, network ice.NetworkType, keepalive time.Duration) *Browser {
	tb.Helper()
	b := &Browser{tb: tb, dtlsIn: packetio.NewBuffer(), packets: make(chan *rtp.Packet, 4096), up: make(chan error, 1), seq: 1000, time: 50000}
	b.Profiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_128_GCM}
	b.ctx, b.stop = context.WithCancel(context.Background())
	var err error
	if b.cert, err = selfsign.GenerateSelfSigned(); err != nil {
		tb.Fatal(err)
	}
	b.print = printOf(tb, b.cert)
	b.agent, err = ice.NewAgentWithOptions(
		ice.WithNetworkTypes([]ice.NetworkType{network}), ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithIncludeLoopback(),
		ice.WithIPFilter(func(ip net.IP) bool { return ip.IsLoopback() }),
		ice.WithCheckInterval(20*time.Millisecond), ice.WithKeepaliveInterval(keepalive), ice.WithHostAcceptanceMinWait(0),
		ice.WithLoggerFactory(quiet()),
	)
	if err != nil {
		tb.Fatal(err)
	}
	b.gather()
	tb.Cleanup(b.Vanish)
	return b
}

func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// gather finds candidates, all of them.
func (b *Browser) gather() {
	b.tb.Helper()
	done := make(chan struct{})
	var once sync.Once
	if err := b.agent.OnCandidate(func(c ice.Candidate) {
		if c == nil {
			once.Do(func() { close(done) })
		}
	}); err != nil {
		b.tb.Fatal(err)
	}
	if err := b.agent.GatherCandidates(); err != nil {
		b.tb.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(patience):
		b.tb.Fatal("the browser found no candidates")
	}
}

// connect begins to reach the far side of d, or goes on after a restart.
func (b *Browser) connect(d description) {
	b.tb.Helper()
	for _, text := range d.candidates {
		c, err := ice.UnmarshalCandidate(text)
		if err != nil {
			b.tb.Fatalf("candidate %q: %v", text, err)
		}
		if err := b.agent.AddRemoteCandidate(c); err != nil {
			b.tb.Fatal(err)
		}
	}
	if b.dialled {
		if err := b.agent.SetRemoteCredentials(d.ufrag, d.pwd); err != nil {
			b.tb.Fatal(err)
		}
		return
	}
	b.dialled = true
	b.loop.Go(func() {
		if err := b.run(d); err != nil {
			b.up <- err
		}
	})
}

// read sorts what arrives.
func (b *Browser) read(conn net.Conn) {
	buf := make([]byte, 2048)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		switch first := buf[0]; {
		case first >= 20 && first < 64:
			_, _ = b.dtlsIn.Write(buf[:n])
		case first >= 128 && first < 192:
			b.audio(buf[:n])
		}
	}
}

func (b *Browser) audio(raw []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.in == nil {
		return
	}
	if raw[1] >= 192 && raw[1] <= 223 {
		if _, err := b.in.DecryptRTCP(nil, raw, nil); err == nil {
			b.reports++
		}
		return
	}
	plain, err := b.in.DecryptRTP(nil, raw, nil)
	p := &rtp.Packet{}
	if err != nil || p.Unmarshal(plain) != nil {
		return
	}
	select {
	case b.packets <- p:
	default:
	}
}

// Up waits for the keys, and fails the test when there are none.
func (b *Browser) Up() {
	b.tb.Helper()
	if err := b.Outcome(); err != nil {
		b.tb.Fatalf("the browser is not connected: %v", err)
	}
}

// Outcome waits for the end of the handshake.
func (b *Browser) Outcome() error {
	select {
	case err := <-b.up:
		return err
	case <-time.After(patience):
		return errors.New("nothing happened")
	}
}

// Seal makes the next packet, 20 ms later, encrypted.
func (b *Browser) Seal(pt uint8, ticks uint32, payload []byte) []byte {
	b.tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: b.seq, Timestamp: b.time, SSRC: 0xb0b}, Payload: payload}
	b.seq++
	b.time += ticks
	plain, err := p.Marshal()
	if err != nil {
		b.tb.Fatal(err)
	}
	sealed, err := b.out.EncryptRTP(nil, plain, nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	return sealed
}

// SendRaw sends b as it is over the path that ICE has found. While there is none, it is
// lost.
func (b *Browser) SendRaw(raw []byte) {
	b.mu.Lock()
	conn := b.conn
	b.mu.Unlock()
	_, _ = conn.Write(raw)
}

// Send sends the next packet of audio.
func (b *Browser) Send(pt uint8, ticks uint32, payload []byte) {
	b.tb.Helper()
	b.SendRaw(b.Seal(pt, ticks, payload))
}

// Receive waits for a packet of audio.
func (b *Browser) Receive() *rtp.Packet {
	b.tb.Helper()
	select {
	case p := <-b.packets:
		return p
	case <-time.After(patience):
		b.tb.Fatal("the browser hears nothing")
		return nil
	}
}

// Packets are those of audio that arrived.
func (b *Browser) Packets() <-chan *rtp.Packet { return b.packets }

// Reports is how many RTCP packets arrived.
func (b *Browser) Reports() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reports
}

// Addr is where it sends from.
func (b *Browser) Addr() net.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn.LocalAddr()
}

// Leave closes the connection as a page does that is closed: DTLS says so.
func (b *Browser) Leave() {
	b.mu.Lock()
	dc := b.dtls
	b.mu.Unlock()
	if dc != nil {
		_ = dc.Close()
	}
}

// Vanish ends it without a word, waits until nothing of it runs, and keeps nothing.
func (b *Browser) Vanish() {
	b.stop()
	if b.agent == nil {
		return
	}
	_ = b.agent.Close()
	_ = b.dtlsIn.Close()
	b.loop.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dtls != nil {
		_ = b.dtls.Close()
	}
	b.agent, b.dtls, b.conn, b.in, b.out, b.packets = nil, nil, nil, nil, nil, nil
}
