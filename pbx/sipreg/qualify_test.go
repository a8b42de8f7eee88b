package sipreg_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/sipreg"
	"dialtone/storage/memory"
)

// fakeEdge answers OPTIONS in fake time.
type fakeEdge struct {
	serve   sipedge.Handler
	onClose func(sipedge.Flow)

	mu      sync.Mutex
	silent  bool // phones do not answer
	dead    bool // connections are closed
	status  int
	delay   time.Duration
	asked   []time.Time
	last    *sip.Request
	waiting int // transactions not terminated
	most    int
}

func (e *fakeEdge) Handle(_ sip.RequestMethod, h sipedge.Handler) { e.serve = h }
func (e *fakeEdge) Supported(...string)                           {}
func (e *fakeEdge) OnClose(f func(sipedge.Flow))                  { e.onClose = f }
func (e *fakeEdge) ContactURI(f sipedge.Flow, user string) sip.Uri {
	return sip.Uri{Scheme: "sip", User: user, Host: f.Local.Addr().String()}
}
func (e *fakeEdge) Alive(sipedge.Flow) bool { e.mu.Lock(); defer e.mu.Unlock(); return !e.dead }
func (e *fakeEdge) set(change func())       { e.mu.Lock(); defer e.mu.Unlock(); change() }
func (e *fakeEdge) times() []time.Time      { e.mu.Lock(); defer e.mu.Unlock(); return e.asked }

func (e *fakeEdge) Request(_ context.Context, req *sip.Request, _ sipedge.Flow) (sip.ClientTransaction, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, time.Now())
	e.last = req
	if e.status < 0 {
		return nil, errors.New("network unreachable")
	}
	e.waiting++
	e.most = max(e.most, e.waiting)
	tx := &fakeTx{edge: e, out: make(chan *sip.Response, 1), done: make(chan struct{})}
	if !e.silent {
		status := e.status
		tx.timer = time.AfterFunc(e.delay, func() { tx.out <- sip.NewResponse(status, "") })
	}
	return tx, nil
}

type fakeTx struct {
	sip.ClientTransaction
	edge  *fakeEdge
	timer *time.Timer
	out   chan *sip.Response
	done  chan struct{}
}

func (t *fakeTx) Responses() <-chan *sip.Response { return t.out }
func (t *fakeTx) Done() <-chan struct{}           { return t.done }
func (t *fakeTx) Terminate() {
	if t.timer != nil {
		t.timer.Stop()
	}
	t.edge.set(func() { t.edge.waiting-- })
}

// scene is a service with phones registered.
type scene struct {
	edge fakeEdge
	cfg  config.Config
	reg  *registrar.Registrar
	svc  *sipreg.Service
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{cfg: config.Default()}
	s.edge.status, s.edge.delay = 200, 20*time.Millisecond
	current := func() *config.Config { return &s.cfg }
	log := slog.New(slog.DiscardHandler)
	var err error
	if s.reg, err = registrar.New(registrar.Options{Store: memory.New(), Config: current, Log: log}); err != nil {
		t.Fatal(err)
	}
	s.svc = sipreg.New(sipreg.Options{
		Edge: &s.edge, Auth: sipauth.New(sipauth.Options{Config: current, Log: log}), Registrar: s.reg, Config: current, Log: log,
	})
	return s
}

func (s *scene) register(t *testing.T, n int, transport string) registrar.Contact {
	t.Helper()
	ext := strconv.Itoa(100 + n)
	flow := registrar.Flow{Transport: transport, Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.7"), uint16(1024+n))}
	current, err := s.reg.Update(registrar.Request{
		Extension: ext, CallID: ext, CSeq: 1, Flow: flow, Path: []string{"<sip:edge;lr>"},
		Contacts: []registrar.Binding{{URI: "sip:" + ext + "@192.0.2.7;line=1", Q: 1, Expires: time.Hour, NAT: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return current[0]
}

func (s *scene) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.svc.Run(ctx); close(done) }()
	return func() { cancel(); <-done }
}

func (s *scene) status(t *testing.T, c registrar.Contact) registrar.Contact {
	t.Helper()
	got, ok := s.reg.Get(c.ContactKey)
	if !ok {
		t.Fatal("contact is gone")
	}
	return got
}

func TestQualify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		c := s.register(t, 0, "udp")
		defer s.run(t)()
		time.Sleep(61 * time.Second)
		if got := s.status(t, c); got.Status != registrar.Reachable || got.RTT != 20*time.Millisecond {
			t.Fatalf("after a minute: %v, %v", got.Status, got.RTT)
		}
		var req *sip.Request
		s.edge.set(func() { req = s.edge.last })
		if req.Method != sip.OPTIONS || req.Recipient.String() != c.URI || req.GetHeader("Route").Value() != "<sip:edge;lr>" ||
			req.From() == nil || req.To().Address.String() != "sip:100@192.0.2.7" || req.CallID() == nil || req.CSeq().SeqNo != 1 || req.Contact() == nil {
			t.Errorf("OPTIONS is\n%s", req)
		}
		time.Sleep(10 * time.Minute)
		if n := len(s.edge.times()); n < 10 || n > 12 {
			t.Errorf("asked %d times in eleven minutes", n)
		}
		s.edge.set(func() { s.edge.silent = true })
		time.Sleep(100 * time.Second)
		if got := s.status(t, c); got.Status != registrar.Lost {
			t.Errorf("silent for long enough: %v", got.Status)
		}
		s.edge.set(func() { s.edge.silent, s.edge.status = false, 405 })
		time.Sleep(91 * time.Second)
		if got := s.status(t, c); got.Status != registrar.Reachable {
			t.Errorf("answers again, even if with 405: %v", got.Status)
		}
		s.edge.set(func() {
			if s.edge.waiting != 0 {
				t.Errorf("%d transactions are left", s.edge.waiting)
			}
		})
	})
}

// TestOneLostAnswerIsNoLoss: the phone is asked again soon.
func TestOneLostAnswerIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		c := s.register(t, 0, "udp")
		defer s.run(t)()
		time.Sleep(61 * time.Second)
		asked := len(s.edge.times())
		s.edge.set(func() { s.edge.silent = true })
		for len(s.edge.times()) == asked {
			time.Sleep(100 * time.Millisecond)
		}
		s.edge.set(func() { s.edge.silent = false })
		time.Sleep(10 * time.Second)
		if times := s.edge.times(); len(times) != asked+2 || times[asked+1].Sub(times[asked]) > 9*time.Second {
			t.Errorf("asked at %v", times[asked:])
		}
		if got := s.status(t, c); got.Status != registrar.Reachable {
			t.Errorf("status is %v", got.Status)
		}
	})
}

func TestPhoneThatCannotBeAsked(t *testing.T) {
	for name, spoil := range map[string]func(*fakeEdge){
		"never answers":  func(e *fakeEdge) { e.silent = true },
		"no network":     func(e *fakeEdge) { e.status = -1 },
		"408 of a proxy": func(e *fakeEdge) { e.status = 408 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t)
				spoil(&s.edge)
				c := s.register(t, 0, "udp")
				defer s.run(t)()
				time.Sleep(30 * time.Minute)
				if got := s.status(t, c); got.Status != registrar.Unknown {
					t.Errorf("status is %v", got.Status)
				}
				if n := len(s.edge.times()); n > 31 {
					t.Errorf("asked %d times in half an hour", n)
				}
			})
		})
	}
}

// TestQualifyIsSpread: phones that come all at once are not asked all at once for
// ever, and never more of them than may be.
func TestQualifyIsSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.edge.delay = time.Second
		const phones = 3000
		for n := range phones {
			s.register(t, n, "udp")
		}
		defer s.run(t)()
		time.Sleep(3 * time.Minute)
		start := time.Now()
		s.edge.set(func() { s.edge.asked, s.edge.most = nil, 0 })
		time.Sleep(time.Minute)
		perSecond := map[int]int{}
		total := 0
		for _, at := range s.edge.times() {
			perSecond[int(at.Sub(start)/time.Second)]++
			total++
		}
		for second, n := range perSecond {
			if n > 2*phones/60 {
				t.Errorf("%d phones were asked in second %d, 50 would be even", n, second)
			}
		}
		if total < phones*95/100 || total > phones*105/100 {
			t.Errorf("%d phones asked in a minute, want about %d", total, phones)
		}
		s.edge.set(func() {
			if s.edge.most > 128 {
				t.Errorf("%d at the same time", s.edge.most)
			}
		})
	})
}

func TestRemovedContactsAreNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		c := s.register(t, 0, "udp")
		defer s.run(t)()
		time.Sleep(3 * time.Minute)
		s.reg.Remove(c.ContactKey, "")
		s.edge.set(func() { s.edge.asked = nil })
		time.Sleep(10 * time.Minute)
		if n := len(s.edge.times()); n != 0 {
			t.Errorf("asked %d times after it was removed", n)
		}
	})
}

func TestQualifyCanBeTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.cfg.Registrar.Qualify = 0
		s.register(t, 0, "udp")
		defer s.run(t)()
		time.Sleep(10 * time.Minute)
		if n := len(s.edge.times()); n != 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestConnectionsAfterRestart: a contact that came over TCP is there, its
// connection is not.
func TestConnectionsAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.edge.dead = true
		tcp, udp := s.register(t, 0, "tcp"), s.register(t, 1, "udp")
		defer s.run(t)()
		synctest.Wait()
		if got := s.status(t, tcp); got.Status != registrar.Gone {
			t.Errorf("TCP: %v", got.Status)
		}
		if got := s.status(t, udp); got.Status != registrar.Unknown {
			t.Errorf("UDP: %v", got.Status)
		}
	})
}
