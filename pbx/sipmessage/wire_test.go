package sipmessage_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/pbx/messages"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/sipmessage"
	"dialtone/pbx/sipreg"
	"dialtone/pbx/siptrunk"
	"dialtone/storage"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server takes registrations and messages on a real socket.
type server struct {
	at       string
	store    storage.Store
	provider atomic.Value // of string: requests without credentials from this address are of a trunk
}

// Identify implements sipmessage.Trunks.
func (s *server) Identify(_ *sip.Request, f sipedge.Flow) (string, []siptrunk.Miss) {
	if f.Remote.String() == s.provider.Load() {
		return "provider", nil
	}
	return "", nil
}

func start(t *testing.T) *server {
	t.Helper()
	s := &server{store: memory.New()}
	cfg := config.Default()
	cfg.SIP.UDP, cfg.SIP.TCP, cfg.SIP.TLS = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}, nil
	cfg.Registrar.Qualify = 0
	cfg.Messages.MaxSize = 5000
	cfg.Extensions = map[string]config.Extension{"100": {Password: "secret", Name: "Zoë \"Z\""}, "101": {Password: "secret"}}
	current := func() *config.Config { return &cfg }
	plan, findings := config.PlanOf(&cfg)
	log := slog.New(slog.DiscardHandler)
	reg, err := registrar.New(registrar.Options{Store: s.store, Config: current, Log: log})
	if err != nil || plan == nil {
		t.Fatal(err, findings)
	}
	edge, err := sipedge.New(sipedge.Options{Config: current, Log: log, Registered: reg.ByFlow})
	if err != nil {
		t.Fatal(err)
	}
	auth := sipauth.New(sipauth.Options{Config: current, Log: log})
	sipreg.New(sipreg.Options{Edge: edge, Auth: auth, Registrar: reg, Config: current, Log: log})
	box, err := messages.Open(messages.Options{
		Store: s.store, Registrar: reg, Config: current, Log: log, Plan: func() *dialplan.Plan { return plan },
		Webhook: func(dialplan.Notice) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	wire := sipmessage.New(sipmessage.Options{Edge: edge, Auth: auth, Registrar: reg, Trunks: s, Config: current, Take: box.Take, Log: log})
	if err := edge.Listen(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.at = edge.Addresses()[0].AddrPort.String()
	run(t, edge.Run)
	run(t, func(ctx context.Context) error { return box.Run(ctx, wire.Send) })
	return s
}

// run runs f until the test is over.
func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (s *server) phone(t *testing.T, extension, password string) *testphone.Phone {
	t.Helper()
	return testphone.New(t, testphone.Options{Extension: extension, Password: password, Server: s.at, Domain: "dialtone"})
}

func TestWhatIsOnTheWire(t *testing.T) {
	s := start(t)
	a, b := s.phone(t, "100", "secret"), s.phone(t, "101", "secret")
	b.Register(t.Context())
	a.Register(t.Context())
	r := a.Write(t.Context(), "101", "Grüße\n€", nil)
	if r.Status != 200 || r.Header("Contact") != "" || r.Body() != "" {
		t.Errorf("%s, Contact %q, body %q", r, r.Header("Contact"), r.Body())
	}
	got := b.WaitTexts(t.Context(), 1)[0]
	if got.From != "100" || got.Body != "Grüße\n€" || got.Type != "text/plain;charset=UTF-8" {
		t.Errorf("%+v", got)
	}
	if at, err := time.Parse(time.RFC1123, got.Date); err != nil || time.Since(at) > time.Minute {
		t.Errorf("Date %q: %v", got.Date, err)
	}
	trace := b.Trace()
	for _, want := range []string{`From: "Zoë \"Z\"" <sip:100@dialtone>;tag=`, "To: <sip:101@dialtone>\r\n", "CSeq: 1 MESSAGE"} {
		if !strings.Contains(strings.ReplaceAll(trace, "\r\n", "\n"), strings.TrimSpace(want)) {
			t.Errorf("no %q in\n%s", want, trace)
		}
	}
	// Any other type goes through as it is.
	r = a.Write(t.Context(), "101", "\x00\xff<cpim>", map[string]string{"Content-Type": "message/cpim"})
	if got := b.WaitTexts(t.Context(), 2)[1]; r.Status != 200 || got.Type != "message/cpim" || got.Body != "\x00\xff<cpim>" {
		t.Errorf("%s: %+v", r, got)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := start(t)
	a := s.phone(t, "100", "secret")
	for name, tt := range map[string]struct {
		from    *testphone.Phone
		to      string
		text    string
		headers map[string]string
		want    int
	}{
		"nobody of that number":     {a, "555", "x", nil, 404},
		"no number":                 {a, "sip:dialtone", "x", nil, 404},
		"a wrong password":          {s.phone(t, "100", "wrong"), "101", "x", nil, 401},
		"nobody of that name":       {s.phone(t, "999", "secret"), "101", "x", nil, 401},
		"too long":                  {a, "101", strings.Repeat("x", 5001), nil, 413},
		"packed":                    {a, "101", "x", map[string]string{"Content-Encoding": "gzip"}, 415},
		"too long a type":           {a, "101", "x", map[string]string{"Content-Type": "text/" + strings.Repeat("x", 300)}, 415},
		"no time":                   {a, "101", "x", map[string]string{"Expires": "soon"}, 400},
		"a wish for a short life":   {a, "101", "x", map[string]string{"Expires": "0"}, 202},
		"the number with an escape": {a, "sip:%31%301@dialtone", "x", nil, 202},
		"not packed, with a word":   {a, "101", "x", map[string]string{"Content-Encoding": "identity"}, 202},
	} {
		if got := tt.from.Write(t.Context(), tt.to, tt.text, tt.headers); got.Status != tt.want {
			t.Errorf("%s: %s, want %d", name, got, tt.want)
		}
	}
}

// What comes from a trunk is refused, without asking for a password; a phone that shows one
// is itself wherever it is.
func TestTrunksSendNoMessages(t *testing.T) {
	s := start(t)
	p := s.phone(t, "100", "secret")
	s.provider.Store(p.Addr().String())
	if got := p.Write(t.Context(), "101", "x", nil); got.Status != 403 {
		t.Errorf("%s", got)
	}
	p.Register(t.Context())
	if got := p.Write(t.Context(), "101", "x", nil); got.Status != 202 {
		t.Errorf("a phone at the address of a trunk: %s", got)
	}
	all := 0
	if err := s.store.Texts(storage.TextFilter{}, func(storage.Text) bool { all++; return true }); err != nil || all != 1 {
		t.Errorf("%d are kept, %v", all, err)
	}
}

// A request that claims to be another's is that of who proves to send it.
func TestTheSenderIsWhoProvesIt(t *testing.T) {
	s := start(t)
	b := s.phone(t, "101", "secret")
	b.Register(t.Context())
	a := testphone.New(t, testphone.Options{Extension: "999", AuthUser: "100", Password: "secret", Server: s.at, Domain: "dialtone"})
	if r := a.Write(t.Context(), "101", "x", nil); r.Status != 200 {
		t.Fatal(r)
	}
	if got := b.WaitTexts(t.Context(), 1)[0].From; got != "100" {
		t.Errorf("it is from %s", got)
	}
}

// A message of 4000 bytes does not fit into a packet that every network carries: over UDP
// it goes in fragments, over TCP it needs none.
func TestLongMessages(t *testing.T) {
	s := start(t)
	long := strings.Repeat("0123456789", 400)
	a := s.phone(t, "100", "secret")
	b := s.phone(t, "101", "secret")
	b.Register(t.Context())
	if r := a.Write(t.Context(), "101", long, nil); r.Status != 200 {
		t.Errorf("%s", r)
	}
	if got := b.WaitTexts(t.Context(), 1)[0].Body; got != long {
		t.Errorf("%d bytes have come", len(got))
	}
}
