package testphone

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// T is the part of *testing.T that a phone needs.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Options say what kind of phone it is.
type Options struct {
	Extension string
	Password  string
	AuthUser  string   // name to log in with; the extension when empty
	Name      string   // display name
	Server    string   // ip:port that requests go to; empty for a phone that is called and calls directly
	Domain    string   // in its own address; the server's address when empty
	Transport string   // "udp", "tcp", "tls"; "" is udp
	Port      int      // to listen on; a free one when 0
	Codecs    []string // best first; PCMU, PCMA when empty. G722 and OPUS can be spoken and heard, too
	DTMF      int      // payload type of telephone-event; 101 when 0, none when -1
	Ptime     int      // milliseconds of audio in a packet; 20 when 0
	Loses     int      // percent of the audio and digit packets that it sends get lost on the way
	SRTP      []string // crypto suites of RFC 4568 that it offers and accepts; it then refuses plain RTP
	Algorithm string   // of the digest; the first that the server offers when empty
	UserAgent string
	IP        string // where it is, over UDP: 127.0.0.1 when empty, or ::1 when the server is there

	// Patience is how long a wait without a deadline of its own lasts; 5 s when 0.
	Patience time.Duration

	Behind         string // an address in Contact, Via and SDP that is not the phone's: it sits behind NAT
	AutoAnswer     bool   // answers each call as soon as it arrives
	AutoReject     int    // refuses each call with this status
	Silent         bool   // says nothing at all to calls that arrive, not even 100
	NoACK          bool   // never acknowledges a 200
	IgnoreBYE      bool   // gives no answer to BYE
	IgnoreCancel   bool   // goes on ringing after CANCEL, though it says 200 to it
	IgnoreOptions  bool   // gives no answer to OPTIONS
	Registrar      bool   // takes registrations, of whomever
	LateOffer      bool   // dials without SDP
	Reliable       bool   // sends its provisional responses reliably (RFC 3262) to callers that support it
	Supports100rel bool   // as a caller, supports that
	SessionExpires int    // seconds, for a session timer (RFC 4028) with the phone as it asks for
	Refresher      string // "uac" or "uas", as asked for
	EarlyMedia     bool   // rings by 183 with SDP
	Video          bool   // has video
	Mirror         bool   // shows who looks at its video what it sees
	RefuseMessages int    // answers MESSAGE with this status
	IgnoreMessages bool   // gives no answer to MESSAGE
}

// Phone is one phone. Its methods may be used from several goroutines, but
// those that fail the test only from the test's.
type Phone struct {
	t     T
	opt   Options
	ip    netip.Addr
	wire  *wire
	trace *trace
	log   *slog.Logger
	ctx   context.Context // ends at Close
	stop  context.CancelFunc
	wg    sync.WaitGroup
	once  sync.Once

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced with each change
	closed   bool
	clients  map[string]*client
	servers  map[string]*sip.ServerTx
	calls    []*Call
	incoming []*Call // not yet taken by NextCall
	reg      registration
	counts   map[string]int                   // requests received outside dialogs, by method
	summary  string                           // of messages, as the last NOTIFY said
	texts    []Text                           // messages in writing that arrived
	lamps    map[string]*Lamp                 // by number
	serve    func(*sip.Request) *sip.Response // answers other requests; for tests of the phone itself
}

// Summary is what the last NOTIFY said of messages (RFC 3842), "" before one came.
func (p *Phone) Summary() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.summary
}

// New opens a phone, which is closed at the end of the test. It fails the test
// when there is no socket to be had.
func New(t T, opt Options) *Phone {
	t.Helper()
	p := &Phone{
		t: t, opt: withDefaults(opt), trace: &trace{begin: time.Now()},
		log:     slog.New(slog.DiscardHandler),
		changed: make(chan struct{}), clients: map[string]*client{}, servers: map[string]*sip.ServerTx{}, counts: map[string]int{},
	}
	p.reg.callID = sip.GenerateTagN(20)
	p.ip = netip.MustParseAddr("127.0.0.1")
	if server, err := netip.ParseAddrPort(opt.Server); opt.Server != "" && err != nil {
		t.Fatalf("testphone %s: server %q: want ip:port", opt.Extension, opt.Server)
	} else if server.Addr().Is6() {
		p.ip = netip.IPv6Loopback()
	}
	if opt.IP != "" {
		p.ip = netip.MustParseAddr(opt.IP)
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	conf := &tls.Config{InsecureSkipVerify: true} // the server's certificate is its own
	if p.proto() == "TLS" {
		own, err := Certificate(p.ip)
		if err != nil {
			t.Fatalf("testphone %s: certificate: %v", opt.Extension, err)
		}
		conf.Certificates = []tls.Certificate{own}
	}
	w, err := openWire(p.proto(), p.ip, opt.Port, conf, p.trace, p.received)
	if err != nil {
		t.Fatalf("testphone %s: %v", opt.Extension, err)
	}
	p.wire = w
	w.start()
	t.Cleanup(p.Close)
	return p
}

func withDefaults(opt Options) Options {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&opt.Transport, "udp")
	set(&opt.AuthUser, opt.Extension)
	set(&opt.UserAgent, "testphone")
	set(&opt.Domain, hostOf(opt.Server))
	if len(opt.Codecs) == 0 {
		opt.Codecs = []string{"PCMU", "PCMA"}
	}
	if opt.DTMF == 0 {
		opt.DTMF = 101
	}
	if opt.Ptime == 0 {
		opt.Ptime = 20
	}
	if opt.Patience == 0 {
		opt.Patience = 5 * time.Second
	}
	return opt
}

func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return "phone.invalid"
	}
	return host
}

// Close ends the phone without a word to anybody: calls are not hung up, the
// registration stays. It waits for all that the phone runs.
func (p *Phone) Close() {
	p.once.Do(func() {
		p.mu.Lock()
		p.closed = true
		calls := p.calls
		clients, servers := p.clients, p.servers
		p.clients, p.servers = map[string]*client{}, map[string]*sip.ServerTx{}
		p.wake()
		p.mu.Unlock()
		p.stop()
		for _, c := range clients {
			c.tx.Terminate()
		}
		for _, tx := range servers {
			tx.Terminate()
		}
		p.wire.close()
		p.wg.Wait()
		for _, c := range calls {
			c.closeAudio()
		}
	})
}

// Addr is where the phone listens for SIP.
func (p *Phone) Addr() netip.AddrPort { return p.wire.local() }

// Extension is the number the phone has.
func (p *Phone) Extension() string { return p.opt.Extension }

// URI is the address at which the phone can be called directly.
func (p *Phone) URI() string {
	u := p.contact()
	return u.String()
}

// Trace is all that the phone sent and received so far.
func (p *Phone) Trace() string { return p.trace.String() }

// Change lets f change the phone's options while it runs, under its lock.
func (p *Phone) Change(f func(*Options)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.opt)
}

// DropConnections closes the phone's TCP or TLS connections, as a NAT that
// forgot them would.
func (p *Phone) DropConnections() { p.wire.dropAll() }

// SendRaw sends octets as they are to the server.
func (p *Phone) SendRaw(data []byte) error {
	f, err := p.server()
	if err != nil {
		return err
	}
	return f.write(data)
}

// Received is how many requests of a method arrived outside of calls.
func (p *Phone) Received(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[method]
}

func (p *Phone) proto() string { return strings.ToUpper(p.opt.Transport) }

// contact is the phone's own address as it tells others.
func (p *Phone) contact() sip.Uri {
	u := sip.Uri{Scheme: "sip", User: p.opt.Extension, Host: p.told(), Port: int(p.wire.local().Port())}
	if p.proto() != "UDP" {
		u.UriParams.Add("transport", p.opt.Transport)
	}
	return u
}

// told is the address that the phone believes to have.
func (p *Phone) told() string {
	if p.opt.Behind != "" {
		return p.opt.Behind
	}
	return p.ip.String()
}

// toldAddr is where audio is asked for.
func (p *Phone) toldAddr(port uint16) netip.AddrPort {
	if ip, err := netip.ParseAddr(p.opt.Behind); err == nil {
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPortFrom(p.ip, port)
}

func (p *Phone) server() (*flow, error) {
	addr, err := netip.ParseAddrPort(p.opt.Server)
	if err != nil {
		return nil, fmt.Errorf("no server to send to: %w", err)
	}
	return p.wire.to(addr)
}

// wake tells all waiters that something changed; mu is held.
func (p *Phone) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// patience gives ctx a deadline when it has none.
func (p *Phone) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, p.opt.Patience)
}

// wait blocks until ready, called with mu held, says true.
func (p *Phone) wait(ctx context.Context, ready func() bool) error {
	ctx, cancel := p.patience(ctx)
	defer cancel()
	begin := time.Now()
	for {
		p.mu.Lock()
		ok, closed, changed := ready(), p.closed, p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		if closed {
			return fmt.Errorf("the phone was closed")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waited %v", time.Since(begin).Round(10*time.Millisecond))
		}
	}
}

// fail ends the test with what the phone has seen.
func (p *Phone) fail(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("phone %s (%s, %s): %s\nwhat it sent (>) and received (<):\n%s",
		p.opt.Extension, p.opt.Transport, p.Addr(), fmt.Sprintf(format, args...), p.trace)
}

func port(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
