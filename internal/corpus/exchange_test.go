package corpus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/pbx"
	"dialtone/storage"
)

// exchange is a whole Dialtone in this process, with the plan of a test and a
// clock that can be set, and the providers and web servers that it knows.
type exchange struct {
	t         *try
	scene     *scene
	server    *pbx.Server
	addr      string // for UDP and TCP
	tls       string
	ahead     atomic.Int64 // the clock of the plan, of that of the machine
	said      *said
	site      *site
	providers map[string]*provider // by trunk
	far       map[string]*actor    // those outside, by number
}

// portsEach is how many RTP ports a server of a test has.
const (
	portsEach  = 60
	firstPorts = 61000
	places     = 48 // tests at the same time
)

// openExchange runs the plan of a test; place tells servers that run at the same
// time apart.
func openExchange(ctx context.Context, t *try, s *scene, place int) *exchange {
	t.Helper()
	dir, err := os.MkdirTemp("", "dt-") // a short path: it has a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	x := &exchange{
		t: t, scene: s, addr: freeAddr(t, place), tls: freeAddr(t, place),
		said: &said{mu: &sync.Mutex{}, lines: map[string][]string{}},
		site: openSite(t, s.suite.Replies(s.test)), far: s.outside(),
	}
	x.providers = s.providers(t, place, x.far)
	name := filepath.Join(dir, "dialtone.yaml")
	if err := os.WriteFile(name, []byte(x.config(dir, place)), 0o600); err != nil {
		t.Fatal(err)
	}
	x.server, err = pbx.New(pbx.Options{
		ConfigPath: name, Log: slog.New(x.said), Version: "test",
		Now: func() time.Time { return time.Now().Add(time.Duration(x.ahead.Load())) },
		Web: func(web dialplan.Web) dialplan.Web { return detour{web, x.site} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.server.Close(); err != nil {
			t.Errorf("%v", err)
		}
	})
	if err := x.server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	x.list()
	x.found(ctx)
	return x
}

// config is the configuration: that of the plan, whose trunks and webhooks lead to
// this machine, at addresses that are free.
func (x *exchange) config(dir string, place int) string {
	x.t.Helper()
	s := x.scene
	plan, err := filepath.Abs(s.suite.Loaded.Files[0])
	if err != nil {
		x.t.Fatal(err)
	}
	values := s.trunks(x.t, x.providers)
	for hook := range s.suite.Config.Webhooks {
		values["webhooks."+hook+".url"] = fmt.Sprintf("%q", x.site.URL+hooks+hook)
	}
	folder := ""
	if len(s.tapes) > 0 {
		folder = filepath.Join(dir, "prompts")
		s.record(x.t, folder)
		if _, set := s.suite.Loaded.Position("prompts"); set {
			values["prompts"], folder = fmt.Sprintf("%q", folder), ""
		}
	}
	if len(values) > 0 {
		plan = s.rewrite(x.t, filepath.Join(dir, "plan"), values)
	}
	first := firstPorts + place*portsEach
	text := fmt.Sprintf("include: [%q]\ndata: data\nsip: {udp: [%q], tcp: [%q], tls: [%q]}\nmedia: {ports: %d-%d, timeout: 0}\nregistrar: {qualify: 0}\nweb: {listen: []}\n",
		plan, x.addr, x.addr, x.tls, first, first+portsEach-1)
	if folder != "" {
		text += fmt.Sprintf("prompts: %q\n", folder)
	}
	return text
}

// list puts on lists what the test has there.
func (x *exchange) list() {
	x.t.Helper()
	for extension, values := range x.scene.suite.Settings(x.scene.test) {
		for name, value := range values {
			if _, err := x.server.SetSetting(extension, name, value); err != nil {
				x.t.Fatal(err)
			}
		}
	}
	for list, entries := range x.scene.suite.Listed(x.scene.test) {
		for _, entry := range entries {
			if _, err := x.server.AddToList(list, entry.Value, ""); err != nil {
				x.t.Fatal(err)
			}
		}
	}
}

// set makes it that time for the plan.
func (x *exchange) set(at time.Time) { x.ahead.Store(int64(time.Until(at))) }

// freeAddr is an address of the loopback, one of that place alone, that is free for
// UDP and TCP.
func freeAddr(t *try, place int) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.8.%d.1:0", place))
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err == nil {
			_ = c.Close()
			return netip.MustParseAddrPort(l.Addr().String()).String()
		}
	}
	t.Fatalf("no port is free for UDP and TCP")
	return ""
}

// calls are the IDs of those that are up.
func (x *exchange) calls() (ids []string) {
	for _, c := range x.server.Calls() {
		ids = append(ids, c.ID)
	}
	return ids
}

// taken waits until Dialtone has taken the call that is being made, besides those known,
// which is when it begins where it is simulated: to get there takes its time on a machine
// that has much to do. One that takes another call is answered, and over before anybody looks.
func (x *exchange) taken(ctx context.Context, call *testphone.Call, known []string) time.Time {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	is := func(id string) bool { return slices.Contains(known, id) }
	for len(slices.DeleteFunc(x.calls(), is)) == 0 && !call.Answered() && !ended(ctx, call, look.C) {
	}
	return time.Now()
}

// record waits until no call is left, and gives the record of one, by the
// Call-ID of its caller; nil when it has none.
func (x *exchange) record(ctx context.Context, sipCallID string) *storage.CDR {
	x.t.Helper()
	if err := x.server.Drain(ctx); err != nil {
		x.t.Fatalf("waiting for the end of the calls: %v", err)
	}
	var found *storage.CDR
	err := x.server.CDRs(storage.CDRFilter{}, func(r storage.CDR) bool {
		if len(r.Legs) > 0 && r.Legs[0].SIPCallID == sipCallID {
			found = &r
		}
		return found == nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return found
}

// said is a slog.Handler that keeps what the step log says, by call.
type said struct {
	mu    *sync.Mutex
	lines map[string][]string
	call  string
}

func (*said) Enabled(context.Context, slog.Level) bool { return true }
func (s *said) WithGroup(string) slog.Handler          { return s }

func (s *said) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *s
	for _, a := range attrs {
		if a.Key == "call" {
			out.call = a.Value.String()
		}
	}
	return &out
}

func (s *said) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "dialplan" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "says" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines[s.call] = append(s.lines[s.call], a.Value.String())
		}
		return true
	})
	return nil
}

// of is what was said in a call.
func (s *said) of(call string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines[call], "\n")
}
