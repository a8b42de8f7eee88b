package registrar_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/storage"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a registrar with its store and configuration.
type fixture struct {
	t     testing.TB
	cfg   config.Config
	store storage.Store
	reg   *registrar.Registrar
	cseq  uint32
}

func start(tb testing.TB, spoil ...func(*config.Config)) *fixture {
	tb.Helper()
	f := &fixture{t: tb, cfg: config.Default(), store: memory.New()}
	for _, s := range spoil {
		s(&f.cfg)
	}
	f.restart()
	return f
}

// restart makes a new registrar on the same store.
func (f *fixture) restart() {
	f.t.Helper()
	reg, err := registrar.New(registrar.Options{
		Store: f.store, Config: func() *config.Config { return &f.cfg }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.reg = reg
}

// run runs the registrar until the test calls stop.
func (f *fixture) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { f.reg.Run(ctx); close(done) }()
	return func() { cancel(); <-done }
}

func flow(remote string) registrar.Flow {
	return registrar.Flow{Transport: "udp", Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.MustParseAddrPort(remote)}
}

func tcp(remote string) registrar.Flow {
	f := flow(remote)
	f.Transport = "tcp"
	return f
}

// request is a REGISTER of extension 100 with these contacts, newer than the last.
func (f *fixture) request(contacts ...registrar.Binding) registrar.Request {
	f.cseq++
	return registrar.Request{Extension: "100", CallID: "call-1", CSeq: f.cseq, Contacts: contacts, Flow: flow("192.0.2.7:5060"), UserAgent: "Phone"}
}

func (f *fixture) update(req registrar.Request) []registrar.Contact {
	f.t.Helper()
	current, err := f.reg.Update(req)
	if err != nil {
		f.t.Fatalf("Update: %v", err)
	}
	return current
}

func contact(uri string, expires time.Duration) registrar.Binding {
	return registrar.Binding{URI: uri, Q: 1, Expires: expires}
}

func uris(contacts []registrar.Contact) string {
	var list []string
	for _, c := range contacts {
		list = append(list, strings.TrimPrefix(c.URI, "sip:"))
	}
	return strings.Join(list, " ")
}

func TestUpdate(t *testing.T) {
	instance := func(uri, id string, reg int, expires time.Duration) registrar.Binding {
		return registrar.Binding{URI: uri, Instance: "<urn:uuid:" + id + ">", RegID: reg, Q: 1, Expires: expires}
	}
	hour := time.Hour
	type step = []registrar.Binding
	tests := []struct {
		name  string
		steps []step
		want  string
	}{
		{"one contact", []step{{contact("sip:a@h", hour)}}, "a@h"},
		{"several in one request", []step{{contact("sip:a@h", hour), contact("sip:b@h", hour)}}, "a@h b@h"},
		{"several in several requests", []step{{contact("sip:a@h", hour)}, {contact("sip:b@h", hour)}}, "a@h b@h"},
		{"the same again", []step{{contact("sip:a@h", hour)}, {contact("sip:a@h", hour)}}, "a@h"},
		{"the same, written otherwise", []step{{contact("sip:a%62@h;transport=TCP;ob", hour)}, {contact("SIP:ab@H;ob;Transport=tcp", hour)}}, "SIP:ab@H;ob;Transport=tcp"},
		{"users differ in case", []step{{contact("sip:a@h", hour)}, {contact("sip:A@h", hour)}}, "a@h A@h"},
		{"a parameter makes another contact", []step{{contact("sip:a@h;line=1", hour)}, {contact("sip:a@h;line=2", hour)}}, "a@h;line=1 a@h;line=2"},
		{"twice in one request: the later counts", []step{{contact("sip:a@h;x", hour), contact("sip:a@h;X", hour)}}, "a@h;X"},
		{"removed", []step{{contact("sip:a@h", hour)}, {contact("sip:a@h", 0)}}, ""},
		{"removed what is not there", []step{{contact("sip:a@h", hour)}, {contact("sip:b@h", 0)}}, "a@h"},
		{"one removed, one added", []step{{contact("sip:a@h", hour)}, {contact("sip:a@h", 0), contact("sip:b@h", hour)}}, "b@h"},
		{"no contact only asks", []step{{contact("sip:a@h", hour)}, {}}, "a@h"},
		{"nothing asked gives the default", []step{{contact("sip:a@h", -1)}}, "a@h"},
		{"instance and reg-id replace", []step{{instance("sip:a@h", "1", 1, hour)}, {instance("sip:b@h", "1", 1, hour)}}, "b@h"},
		{"another reg-id is another flow", []step{{instance("sip:a@h", "1", 1, hour)}, {instance("sip:a@h", "1", 2, hour)}}, "a@h a@h"},
		{"another instance is another phone", []step{{instance("sip:a@h1", "1", 1, hour)}, {instance("sip:a@h2", "2", 1, hour)}}, "a@h1 a@h2"},
		{"instance alone replaces too", []step{{instance("sip:a@h", "1", 0, hour)}, {instance("sip:b@h", "1", 0, hour)}}, "b@h"},
		{"two places of one instance in one request", []step{{instance("sip:a@h", "1", 0, hour), instance("sip:b@h", "1", 0, hour)}}, "a@h b@h"},
		{"old place removed, new one added, same instance", []step{{instance("sip:a@h", "1", 0, hour)}, {instance("sip:a@h", "1", 0, 0), instance("sip:b@h", "1", 0, hour)}}, "b@h"},
		{"a phone that begins to send its instance", []step{{contact("sip:a@h", hour)}, {instance("sip:a@h", "1", 1, hour)}}, "a@h"},
		{"an instance removed by its URI", []step{{instance("sip:a@h", "1", 1, hour)}, {contact("sip:a@h", 0)}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t)
			var current []registrar.Contact
			for _, s := range tt.steps {
				current = f.update(f.request(s...))
			}
			if got := uris(current); got != tt.want {
				t.Errorf("bound are %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUpdateGrantsExpiry(t *testing.T) {
	tests := []struct {
		name        string
		asked, want time.Duration
	}{
		{"what was asked", 10 * time.Minute, 10 * time.Minute},
		{"the least", time.Minute, time.Minute},
		{"no more than the most", 24 * time.Hour, time.Hour},
		{"the default for nothing", -1, 30 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := start(t, func(c *config.Config) { c.Registrar.DefaultExpires = config.Duration(30 * time.Minute) })
				current := f.update(f.request(contact("sip:a@h", tt.asked)))
				if got := time.Until(current[0].Expires); got != tt.want {
					t.Errorf("expires in %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestUpdateIsAllOrNothing: a request of which a part fails changes nothing.
func TestUpdateIsAllOrNothing(t *testing.T) {
	tests := []struct {
		name string
		req  func(f *fixture) registrar.Request
		want error
	}{
		{"too brief", func(f *fixture) registrar.Request {
			return f.request(contact("sip:new@h", time.Hour), contact("sip:a@h", 0), contact("sip:b@h", 59*time.Second))
		}, &registrar.TooBriefError{Min: time.Minute}},
		{"older than what is known", func(f *fixture) registrar.Request {
			req := f.request(contact("sip:new@h", time.Hour), contact("sip:a@h", 0))
			req.CSeq = 1
			return req
		}, registrar.ErrOutOfOrder},
		{"wildcard older than what is known", func(f *fixture) registrar.Request {
			req := f.request()
			req.Wildcard, req.CSeq = true, 1
			return req
		}, registrar.ErrOutOfOrder},
		{"too many", func(f *fixture) registrar.Request {
			return f.request(contact("sip:new1@h", time.Hour), contact("sip:new2@h", time.Hour))
		}, registrar.ErrTooManyContacts},
		{"too long", func(f *fixture) registrar.Request {
			return f.request(contact("sip:new@h", time.Hour), contact("sip:"+strings.Repeat("x", 3000), time.Hour))
		}, registrar.ErrBadContact},
		{"empty", func(f *fixture) registrar.Request { return f.request(contact("", time.Hour)) }, registrar.ErrBadContact},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t, func(c *config.Config) { c.Registrar.MaxContacts, c.Registrar.WhenFull = 2, "reject" })
			f.update(f.request(contact("sip:a@h", time.Hour)))
			before := f.reg.All()
			_, err := f.reg.Update(tt.req(f))
			var brief, wantBrief *registrar.TooBriefError
			if errors.As(tt.want, &wantBrief) {
				if !errors.As(err, &brief) || brief.Min != wantBrief.Min {
					t.Errorf("error %v, want %v", err, tt.want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if after := f.reg.All(); uris(after) != uris(before) || !after[0].Expires.Equal(before[0].Expires) {
				t.Errorf("bound were %q, are %q", uris(before), uris(after))
			}
		})
	}
}

func TestOrderIsKeptPerCallID(t *testing.T) {
	f := start(t)
	f.cseq = 99
	f.update(f.request(contact("sip:a@h", time.Hour)))
	restarted := f.request(contact("sip:a@h", time.Hour))
	restarted.CallID, restarted.CSeq = "call-2", 1
	f.update(restarted)
	late := f.request(contact("sip:a@h", 0))
	late.CallID, late.CSeq = "call-2", 1
	if _, err := f.reg.Update(late); !errors.Is(err, registrar.ErrOutOfOrder) {
		t.Errorf("an equal CSeq of the same Call-ID gives %v, want ErrOutOfOrder", err)
	}
}

func TestWildcardRemovesAll(t *testing.T) {
	f := start(t)
	f.update(f.request(contact("sip:a@h", time.Hour), contact("sip:b@h", time.Hour)))
	req := f.request()
	req.Wildcard = true
	if current := f.update(req); len(current) != 0 || len(f.reg.All()) != 0 || f.reg.ByFlow(req.Flow.Remote) {
		t.Errorf("left are %q and the flow is known: %v", uris(current), f.reg.ByFlow(req.Flow.Remote))
	}
}

// TestMaxContacts: of one phone more than may be there, the policy decides.
func TestMaxContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, func(c *config.Config) { c.Registrar.MaxContacts = 2 })
		for _, uri := range []string{"sip:a@h", "sip:b@h", "sip:a@h"} {
			f.update(f.request(contact(uri, time.Hour)))
			time.Sleep(time.Second)
		}
		if got := uris(f.update(f.request(contact("sip:c@h", time.Hour)))); got != "a@h c@h" {
			t.Errorf("replace leaves %q, want the one heard of longest ago, b, to go", got)
		}
		f.cfg.Registrar.WhenFull = "reject"
		if _, err := f.reg.Update(f.request(contact("sip:d@h", time.Hour))); !errors.Is(err, registrar.ErrTooManyContacts) {
			t.Errorf("reject gives %v", err)
		}
		if got := uris(f.update(f.request(contact("sip:c@h", time.Hour)))); got != "a@h c@h" {
			t.Errorf("a refresh when full leaves %q", got)
		}
		if got := uris(f.update(f.request(contact("sip:c@h", 0), contact("sip:d@h", time.Hour)))); got != "a@h d@h" {
			t.Errorf("one for one when full leaves %q", got)
		}
		f.cfg.Registrar.WhenFull = "replace"
		if _, err := f.reg.Update(f.request(contact("sip:1@h", time.Hour), contact("sip:2@h", time.Hour), contact("sip:3@h", time.Hour))); !errors.Is(err, registrar.ErrTooManyContacts) {
			t.Errorf("three at once where two may be gives %v", err)
		}
	})
}
