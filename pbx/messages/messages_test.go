package messages_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/messages"
	"dialtone/pbx/registrar"
	"dialtone/storage"
	"dialtone/storage/memory"
)

// bed is a service with phones that are functions.
type bed struct {
	*messages.Service
	t     *testing.T
	cfg   config.Config
	store storage.Store
	reg   *registrar.Registrar
	stop  func()
	cseq  uint32

	mu     sync.Mutex
	got    map[string][]string // texts by the name of the phone
	answer func(phone, text string) (int, error)
	told   []dialplan.Notice
}

func newBed(t *testing.T, change func(*config.Config)) *bed {
	t.Helper()
	b := &bed{t: t, cfg: config.Default(), store: memory.New(), got: map[string][]string{}, stop: func() {}}
	b.answer = func(string, string) (int, error) { return 200, nil }
	b.cfg.Extensions = map[string]config.Extension{"100": {}, "101": {}, "102": {}, "103": {}}
	b.cfg.Webhooks = map[string]config.Webhook{"sms": {}}
	text := func(s string) dialplan.Text { return dialplan.Text{Value: s} }
	b.cfg.Groups = map[string]*dialplan.GroupSpec{"sales": {Members: []*dialplan.MemberSpec{{Extension: text("101")}, {Extension: text("102")}}}}
	if change != nil {
		change(&b.cfg)
	}
	b.start()
	return b
}

// start starts the service, again after stop, with what is stored.
func (b *bed) start() {
	b.t.Helper()
	current, log := func() *config.Config { return &b.cfg }, slog.New(slog.DiscardHandler)
	plan, findings := config.PlanOf(&b.cfg)
	if plan == nil {
		b.t.Fatal(findings)
	}
	var err error
	if b.reg, err = registrar.New(registrar.Options{Store: b.store, Config: current, Log: log}); err != nil {
		b.t.Fatal(err)
	}
	b.Service, err = messages.Open(messages.Options{
		Store: b.store, Registrar: b.reg, Config: current, Plan: func() *dialplan.Plan { return plan }, Log: log,
		Webhook: func(n dialplan.Notice) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			if strings.Contains(n.Values["text"], "lost") {
				return errors.New("lost")
			}
			b.told = append(b.told, n)
			return nil
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	service, reg := b.Service, b.reg
	tasks.Go(func() { reg.Run(ctx) })
	tasks.Go(func() {
		if err := service.Run(ctx, b.send); err != nil {
			b.t.Error(err)
		}
	})
	synctest.Wait() // until it runs
	b.stop = func() {
		cancel()
		tasks.Wait()
		b.stop = func() {}
	}
}

func (b *bed) send(_ context.Context, to registrar.Contact, x *storage.Text) (int, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(to.URI, "sip:"), "@")
	b.mu.Lock()
	answer := b.answer
	b.mu.Unlock()
	status, err := answer(name, string(x.Body))
	if err == nil && status < 300 {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got[name] = append(b.got[name], string(x.Body))
	}
	return status, err
}

func (b *bed) answers(f func(phone, text string) (int, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = f
}

// register registers a phone of an extension; one whose name ends in ! names itself.
func (b *bed) register(extension, phone string, lasts time.Duration) {
	b.t.Helper()
	name, named := strings.CutSuffix(phone, "!")
	c := registrar.Binding{URI: "sip:" + name + "@192.0.2.1", Expires: lasts}
	if named {
		c.Instance = "<urn:" + name + ">"
	}
	b.cseq++
	_, err := b.reg.Update(registrar.Request{
		Extension: extension, CallID: phone, CSeq: b.cseq, Contacts: []registrar.Binding{c},
		Flow: registrar.Flow{Transport: "udp", Local: netip.MustParseAddrPort("192.0.2.2:5060"), Remote: netip.MustParseAddrPort("192.0.2.1:5060")},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) write(from, to, text string) messages.Answer {
	b.cseq++
	return b.Take(b.t.Context(), messages.Message{From: from, To: to, Type: "text/plain", Body: []byte(text), CallID: "c", CSeq: b.cseq, Lasts: -1})
}

func (b *bed) writes(from, to, text string, want int) {
	b.t.Helper()
	if got := b.write(from, to, text); got.Status != want {
		b.t.Errorf("%q to %s: %+v, want %d", text, to, got, want)
	}
}

func (b *bed) has(phone string, want ...string) {
	b.t.Helper()
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.got[phone], want) {
		b.t.Errorf("%s has %q, want %q", phone, b.got[phone], want)
	}
}

func (b *bed) texts() (all []storage.Text) {
	b.t.Helper()
	if err := b.Texts(storage.TextFilter{}, func(x storage.Text) bool { all = append(all, x); return true }); err != nil {
		b.t.Error(err)
	}
	return all
}

const hour = time.Hour

// test runs f in fake time.
func test(t *testing.T, change func(*config.Config), f func(b *bed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, change)
		defer func() { b.stop() }()
		f(b)
	})
}

func TestEveryPhoneThatIsThereGetsItAtOnce(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.register("101", "soft!", hour)
		b.writes("100", "101", "hi", 200)
		b.has("desk", "hi")
		b.has("soft", "hi")
		x := b.texts()[0]
		if len(x.Receipts) != 2 || messages.StateOf(&x, time.Now()) != messages.StateDelivered {
			t.Errorf("%+v", x)
		}
	})
}

func TestWhoIsAwayGetsItInOrderOnce(t *testing.T) {
	test(t, nil, func(b *bed) {
		for _, text := range []string{"1", "2", "3"} {
			b.writes("100", "101", text, 202)
		}
		if x := b.texts()[0]; messages.StateOf(&x, time.Now()) != messages.StateWaits {
			t.Errorf("%+v", x)
		}
		b.register("101", "desk", hour)
		b.has("desk", "1", "2", "3")
		b.register("101", "desk", 0)
		b.register("101", "desk", hour)
		time.Sleep(time.Minute)
		b.has("desk", "1", "2", "3")
	})
}

// A phone that names itself was only away; one that does not is new each time.
func TestPhonesThatAreKnownGetWhatOthersHave(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.register("101", "soft!", hour)
		synctest.Wait()
		time.Sleep(time.Minute)
		b.register("101", "soft!", 0)
		b.writes("100", "101", "hi", 200)
		time.Sleep(time.Second)
		b.register("101", "other", hour)
		b.register("101", "new!", hour)
		b.register("101", "soft!", hour)
		b.has("desk", "hi")
		b.has("soft", "hi")
		b.has("other")
		b.has("new")
	})
}

func TestARestartForgetsNothingAndRepeatsNothing(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "soft!", hour)
		b.writes("100", "101", "1", 200)
		synctest.Wait()
		time.Sleep(time.Minute)
		b.register("101", "soft!", 0)
		b.writes("100", "101", "2", 202)
		b.register("101", "desk", hour)
		b.has("desk", "2")
		b.writes("100", "101", "3", 200)
		b.stop()
		b.start()
		b.register("101", "soft!", hour)
		b.has("soft", "1", "2", "3")
		b.register("101", "desk", hour)
		time.Sleep(time.Minute)
		b.has("soft", "1", "2", "3")
		b.has("desk", "2", "3")
	})
}

// A request that was kept, but not answered before the process was killed, comes again.
func TestARequestThatIsSentAgainIsNoSecondMessage(t *testing.T) {
	test(t, nil, func(b *bed) {
		m := messages.Message{From: "100", To: "101", Type: "text/plain", Body: []byte("hi"), CallID: "x", CSeq: 7, Lasts: -1}
		take := func(want int) {
			t.Helper()
			if got := b.Take(b.t.Context(), m); got.Status != want {
				t.Errorf("%+v, want %d", got, want)
			}
		}
		take(202)
		take(202)
		b.stop()
		b.start()
		take(202)
		m.CSeq = 8 // after a new challenge
		take(202)
		if n := len(b.texts()); n != 1 {
			t.Errorf("there are %d", n)
		}
		m.CSeq = 9
		take(202)
		if n := len(b.texts()); n != 2 {
			t.Errorf("there are %d, the last is another one", n)
		}
	})
}

func TestAPhoneThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.answers(func(string, string) (int, error) { return 0, errors.New("no answer") })
		b.writes("100", "101", "1", 202)
		b.writes("100", "101", "2", 202)
		b.answers(func(string, string) (int, error) { return 200, nil })
		time.Sleep(16 * time.Second)
		b.has("desk", "1", "2")
	})
}

// Another phone has it, which is no reason to forget one that did not answer then.
func TestEachPhoneIsTriedAgain(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.register("101", "slow", hour)
		b.answers(func(phone, _ string) (int, error) {
			if phone == "slow" {
				return 0, errors.New("no answer")
			}
			return 200, nil
		})
		b.writes("100", "101", "1", 200)
		time.Sleep(time.Minute)
		b.answers(func(string, string) (int, error) { return 200, nil })
		time.Sleep(16 * time.Second)
		b.has("desk", "1")
		b.has("slow", "1")
	})
}

// The sender waits for phones only for a moment.
func TestASlowPhoneDoesNotKeepTheSender(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.answers(func(string, string) (int, error) { time.Sleep(8 * time.Second); return 200, nil })
		begin := time.Now()
		b.writes("100", "101", "1", 202)
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
		time.Sleep(6 * time.Second)
		b.has("desk", "1")
	})
}

// One message that a phone stumbles over does not keep the others from it.
func TestAMessageThatAPhoneNeverTakesIsLeftOut(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.answers(func(_, text string) (int, error) {
			if text == "bad" {
				return 500, nil
			}
			return 200, nil
		})
		b.writes("100", "101", "bad", 202)
		b.writes("100", "101", "good", 202)
		time.Sleep(2 * time.Minute)
		b.has("desk", "good")
	})
}

func TestWhatAllPhonesRefuseIsRefused(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		b.answers(func(string, string) (int, error) { return 415, nil })
		b.writes("100", "101", "hi", 415)
		b.answers(func(string, string) (int, error) { return 200, nil })
		b.register("101", "other", hour)
		time.Sleep(time.Minute)
		b.has("other")
		if x := b.texts()[0]; messages.StateOf(&x, time.Now()) != messages.StateRefused || x.Refused != 415 {
			t.Errorf("%+v", x)
		}
		b.stop()
		b.start()
		b.register("101", "third", hour)
		b.has("third")
		b.writes("100", "101", "hello", 200)
	})
}

func TestExpiry(t *testing.T) {
	test(t, func(c *config.Config) {
		c.Messages.Keep, c.Messages.History = config.Duration(2*hour), config.Duration(5*hour)
	}, func(b *bed) {
		m := messages.Message{From: "100", To: "101", Body: []byte("soon over"), CallID: "a", CSeq: 1, Lasts: time.Minute}
		if a := b.Take(b.t.Context(), m); a.Status != 202 {
			t.Error(a)
		}
		m.CSeq, m.Lasts, m.Body = 2, 100*hour, []byte("later over")
		b.Take(b.t.Context(), m)
		time.Sleep(2 * time.Minute)
		b.register("101", "desk", hour)
		b.has("desk", "later over")
		b.writes("100", "102", "never read", 202)
		time.Sleep(2 * hour)
		b.register("102", "late", hour)
		b.has("late")
		if x := b.texts()[0]; messages.StateOf(&x, time.Now()) != messages.StateExpired {
			t.Errorf("%+v", x)
		}
		time.Sleep(5 * hour)
		if n := len(b.texts()); n != 0 {
			t.Errorf("%d are still there", n)
		}
	})
}

func TestWithoutHistoryWhatWasDeliveredIsForgotten(t *testing.T) {
	test(t, func(c *config.Config) { c.Messages.History = 0 }, func(b *bed) {
		b.register("101", "desk", hour)
		b.writes("100", "101", "read", 200)
		b.writes("100", "102", "waits", 202)
		time.Sleep(hour + time.Minute)
		if all := b.texts(); len(all) != 1 || string(all[0].Body) != "waits" {
			t.Errorf("%+v", all)
		}
	})
}

func TestBounds(t *testing.T) {
	test(t, func(c *config.Config) {
		c.Messages = config.Messages{MaxSize: 10, MaxWaiting: 2, MaxTotal: 5, PerMinute: 6, Keep: config.Duration(hour), History: config.Duration(hour)}
	}, func(b *bed) {
		b.writes("100", "101", "12345678901", 413)
		b.writes("100", "555", "nobody", 404)
		b.writes("100", "101", "1", 202)
		b.writes("100", "101", "2", 202)
		b.writes("100", "101", "3", 480) // its mailbox is full
		b.writes("100", "102", "4", 202)
		b.writes("100", "sales", "5", 202) // 102 has room
		b.register("103", "desk", hour)
		b.writes("100", "103", "6", 200)
		if a := b.write("100", "103", "7"); a.Status != 480 || a.RetryAfter <= 0 || a.RetryAfter > 10*time.Second {
			t.Errorf("too many in a minute: %+v", a)
		}
		b.writes("102", "103", "8", 200) // there are 5: "6" makes room
		if all := b.texts(); len(all) != 5 || slices.ContainsFunc(all, func(x storage.Text) bool { return string(x.Body) == "6" }) {
			t.Errorf("%d are kept: %+v", len(all), all)
		}
		time.Sleep(10 * time.Second)
		b.writes("100", "103", "9", 200)
		b.writes("101", "103", "late", 200)
	})
}

func TestWhenAllWaitNewOnesAreRefused(t *testing.T) {
	test(t, func(c *config.Config) { c.Messages.MaxTotal = 3 }, func(b *bed) {
		for i := range 3 {
			b.writes("100", strconv.Itoa(101+i), "x", 202)
		}
		b.writes("100", "101", "y", 503)
		if n := len(b.texts()); n != 3 {
			t.Errorf("there are %d", n)
		}
	})
}

func TestRoutes(t *testing.T) {
	list := func(words ...string) (out dialplan.Texts) {
		for _, w := range words {
			out = append(out, dialplan.Text{Value: w})
		}
		return out
	}
	test(t, func(c *config.Config) {
		c.Messages.Routes = []*dialplan.MessageRouteSpec{
			{To: list("0XX"), Webhook: dialplan.Text{Value: "sms"}},
			{To: list("900"), From: list("101"), Refuse: dialplan.Text{Value: "Not you"}},
			{To: list("900"), Deliver: list("sales", "102", "103")},
		}
	}, func(b *bed) {
		for _, e := range []string{"100", "101", "102", "103"} {
			b.register(e, "of"+e, hour)
		}
		b.writes("100", "012", "out", 202)
		b.writes("100", "012", "lost", 503)
		b.writes("101", "900", "no", 403)
		b.writes("102", "900", "yes", 200)
		b.writes("102", "102", "to myself", 200)
		b.has("of101", "yes")
		b.has("of102", "to myself")
		b.has("of103", "yes")
		if len(b.told) != 1 || b.told[0].Event != "message" || b.told[0].Call["from"] != "100" || b.told[0].Call["to"] != "012" || b.told[0].Values["text"] != "out" {
			t.Errorf("%+v", b.told)
		}
	})
}

// That somebody is writing matters only now.
func TestTypingIsNotKept(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.register("101", "desk", hour)
		for _, to := range []string{"101", "102"} {
			a := b.Take(b.t.Context(), messages.Message{From: "100", To: to, Type: "application/im-iscomposing+xml; charset=UTF-8", Body: []byte("<x/>"), CallID: to, CSeq: 1, Lasts: -1})
			if a.Status != 202 {
				t.Error(a)
			}
		}
		b.has("desk", "<x/>")
		b.register("102", "late", hour)
		b.has("late")
		if n := len(b.texts()); n != 0 {
			t.Errorf("%d are kept", n)
		}
	})
}

func TestManyAtOnceAreAllDeliveredOnce(t *testing.T) {
	test(t, func(c *config.Config) { c.Messages.PerMinute, c.Messages.MaxWaiting = 10000, 10000 }, func(b *bed) {
		for i := range 100 {
			b.register("101", fmt.Sprintf("p%d!", i%5), hour)
			b.register(strconv.Itoa(102+i%2), fmt.Sprintf("q%d", i%20), hour)
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				a := b.Take(b.t.Context(), messages.Message{From: "100", To: strconv.Itoa(101 + i%3), Body: fmt.Append(nil, i), CallID: strconv.Itoa(i), CSeq: 1, Lasts: -1})
				if a.Status != 200 && a.Status != 202 {
					t.Error(a)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute)
		b.mu.Lock()
		defer b.mu.Unlock()
		for phone, texts := range b.got {
			slices.Sort(texts)
			if n := len(slices.Compact(texts)); n != len(b.got[phone]) || n < 66 {
				t.Errorf("%s has %d, %d of them different", phone, len(b.got[phone]), n)
			}
		}
		if len(b.got) != 25 {
			t.Errorf("%d phones", len(b.got))
		}
	})
}

// What was refused makes room, also after a restart.
func TestWhatWasRefusedMakesRoomAfterARestart(t *testing.T) {
	test(t, func(c *config.Config) { c.Messages.MaxTotal = 3 }, func(b *bed) {
		b.register("101", "p", hour)
		b.answers(func(string, string) (int, error) { return 415, nil })
		for range 3 {
			b.writes("100", "101", "x", 415)
		}
		b.stop()
		b.start()
		b.writes("100", "102", "new", 202)
	})
}

// flaky is a store of which single messages cannot be read for a while.
type flaky struct {
	storage.Store
	fails atomic.Bool
}

func (f *flaky) Texts(filter storage.TextFilter, yield func(storage.Text) bool) error {
	if f.fails.Load() && filter.ID != "" {
		return errors.New("the disk stumbles")
	}
	return f.Store.Texts(filter, yield)
}

func TestWhatCannotBeReadIsTriedAgain(t *testing.T) {
	test(t, nil, func(b *bed) {
		b.stop()
		store := &flaky{Store: b.store}
		b.store = store
		b.start()
		b.register("101", "p", hour)
		store.fails.Store(true)
		b.writes("100", "101", "first", 202)
		b.writes("100", "101", "second", 202)
		b.has("p")
		store.fails.Store(false)
		time.Sleep(20 * time.Second)
		b.has("p", "first", "second")
	})
}
