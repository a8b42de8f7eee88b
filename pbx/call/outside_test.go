package call_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// line is the way to a number outside.
type line struct {
	*phone
	trunk string
}

func (l *line) Trunk() string { return l.trunk }

// exchange is a dialer over phones in memory and numbers outside.
type exchange struct {
	book
	numbers map[string]*line

	mu    sync.Mutex
	asked []call.Outgoing
	told  []call.Invitation
}

func (x *exchange) Outside(o call.Outgoing) (call.Contact, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = append(x.asked, o)
	if l := x.numbers[o.Number]; l != nil {
		return l, nil
	}
	return nil, &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "no trunk is up"}
}

func (x *exchange) Dial(ctx context.Context, to call.Contact, inv call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	x.mu.Lock()
	x.told = append(x.told, inv)
	x.mu.Unlock()
	if l, ok := to.(*line); ok {
		return l.act(ctx, progress)
	}
	return x.book.Dial(ctx, to, inv, progress)
}

// door is a guard that lets everybody in whom refuse does not name.
type door struct {
	mu     sync.Mutex
	refuse string // number
	asked  []call.Toll
	up     int
}

func (d *door) Permit(t call.Toll) (call.Permit, error) {
	p := &passage{door: d}
	if err := p.Move(t); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up++
	return p, nil
}

// passage is a permit of a door.
type passage struct {
	door *door
	once sync.Once
}

func (p *passage) Move(t call.Toll) error {
	p.door.mu.Lock()
	defer p.door.mu.Unlock()
	p.door.asked = append(p.door.asked, t)
	if t.Number == p.door.refuse {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "too dear"}
	}
	return nil
}

func (p *passage) Release() {
	p.once.Do(func() {
		p.door.mu.Lock()
		defer p.door.mu.Unlock()
		p.door.up--
	})
}

func (d *door) open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.up
}

const trunkPlan = `
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx}
site: {country: DE}
trunks:
  line: {host: 192.0.2.9}
  other: {host: 192.0.2.10}
numbers: {"+4930123450": "101"}
dialplan:
  phones:
    - {name: both, to: "77", do: [{dial: ["030111", "030222"], via: line}]}
    - {name: police, to: "79", do: [{dial: "1-1-2", via: line}]}
    - {name: failover, to: "78", do: [{dial: "030111", via: line, on: {failed: [{dial: "030222", via: other}]}}]}
    - {name: out, to: "0.", do: [{dial: "${to}", via: [line, other]}]}
  outside:
    - {name: mobile, to: "+4930123451", do: [{dial: "0170111", via: line, as: "101"}]}
`

// trunkWorld is a world with trunks, and what its log says.
func trunkWorld(t *testing.T, x *exchange, guard call.Guard, lists dialplan.Lists) (*world, *logged) {
	t.Helper()
	l, err := config.Parse("plan.yaml", []byte(trunkPlan), nil)
	if err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	return newWorldOf(t, l.Plan, call.Options{Dialer: x, Guard: guard, Lists: lists, Log: slog.New(slog.NewJSONHandler(log, nil))}), log
}

// logged is a log that can be read while it is written.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// events are the levels and events of lines that have one.
func (l *logged) events(t *testing.T) (out []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := range strings.Lines(l.buf.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		if m["event"] != nil {
			out = append(out, fmt.Sprint(m["level"], " ", m["event"]))
		}
	}
	return out
}

func outsideLine(l *fakeLeg, act func(context.Context, func(call.Progress)) (call.Leg, error)) *line {
	return &line{&phone{"sip:" + l.party, act}, "line"}
}

func TestCallToTheOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := newLeg("+4930123456", codec.PCMA)
		x, guard := &exchange{numbers: map[string]*line{"030123456": outsideLine(far, answers(far, 5*time.Second))}}, &door{}
		w, _ := trunkWorld(t, x, guard, nil)
		caller := newLeg("100", codec.PCMA)
		if e := w.Accept(caller, dialplan.Facts{From: "100", To: "030123456", Extension: "100", Anonymous: true}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Second)
		if legs := w.Calls()[0].Legs; legs[1].Party != "030123456" || legs[1].Trunk != "line" || legs[1].PaidBy != "100" || legs[1].State != call.Ringing {
			t.Errorf("while it rings: %+v", legs[1])
		}
		time.Sleep(time.Minute)
		if guard.open() != 1 {
			t.Errorf("while they talk %d are counted", guard.open())
		}
		if legs := w.Calls()[0].Legs; legs[1].Party != "030123456" || legs[1].State != call.Up {
			t.Errorf("while they talk: %+v", legs[1])
		}
		if w.Busy("") || !w.Busy("100") {
			t.Error("a number outside keeps an extension busy, or the caller is not")
		}
		far.bye(dialplan.CauseNormal)
		c := <-w.cdrs
		synctest.Wait()
		if guard.open() != 0 {
			t.Errorf("afterwards %d are counted", guard.open())
		}
		leg := c.Legs[1]
		if c.Cause != "normal" || leg.Party != "030123456" || leg.Trunk != "line" || leg.PaidBy != "100" || c.HungUpBy != leg.ID {
			t.Errorf("record %+v", c)
		}
		asked := guard.asked[0]
		if asked.Caller != "100" || asked.Extension != "100" || asked.CallID != c.ID || asked.From != "100" || !slices.Equal(asked.Via, []string{"line", "other"}) {
			t.Errorf("the guard was asked %+v", asked)
		}
		if o := x.asked[0]; o.As != "100" || !o.Anonymous || o.Diverted != "" || x.told[0].To != "030123456" {
			t.Errorf("the dialer was asked %+v, told %+v", o, x.told[0])
		}
		var trace dialplan.Trace
		if err := json.Unmarshal(c.Trace, &trace); err != nil || !strings.Contains(string(c.Trace), "030123456 answered") {
			t.Errorf("trace %s", c.Trace)
		}
	})
}

func TestCallFromOutsideToTheOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := newLeg("mobile", codec.PCMA)
		x, guard := &exchange{numbers: map[string]*line{"0170111": outsideLine(far, answers(far, time.Second))}}, &door{}
		w, _ := trunkWorld(t, x, guard, nil)
		caller := newLeg("+33142685300", codec.PCMA)
		if e := w.Accept(caller, dialplan.Facts{From: "+33142685300", To: "+4930123451", Trunk: "line"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Minute)
		caller.bye(dialplan.CauseNormal)
		c := <-w.cdrs
		if c.Legs[0].Trunk != "line" || c.Legs[1].PaidBy != "101" || c.Legs[1].Party != "0170111" {
			t.Errorf("record %+v", c)
		}
		if asked := guard.asked[0]; asked.Caller != "" || asked.Extension != "101" {
			t.Errorf("the guard was asked %+v", asked)
		}
		if o := x.asked[0]; o.As != "101" || o.Diverted != "+4930123451" {
			t.Errorf("the dialer was asked %+v", o)
		}
	})
}

func TestGuardRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		guard call.Guard
		says  string
	}{
		{"the guard", &door{refuse: "030111"}, "too dear"},
		{"no guard", nil, "no calls to the outside are allowed here"},
	} {
		synctest.Test(t, func(t *testing.T) {
			x := &exchange{numbers: map[string]*line{"030111": {}}}
			w, _ := trunkWorld(t, x, tt.guard, nil)
			w.calls(t, "100", "030111")
			c := <-w.cdrs
			if c.Cause != "forbidden" || !strings.Contains(c.Detail, tt.says) || len(c.Legs) != 1 || len(x.asked) != 0 {
				t.Errorf("%s: record %+v, asked %v", tt.name, c, x.asked)
			}
		})
	}
}

// TestRedirectionAsksTheGuard: a trunk that sends the call elsewhere does so at the
// cost of the same extension, of which it remains one call.
func TestRedirectionAsksTheGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, guard := &exchange{numbers: map[string]*line{}}, &door{refuse: "0900666"}
		x.numbers["030111"] = outsideLine(newLeg("far"), func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
			if _, err := x.asked[0].Redirected("0900666"); err == nil {
				t.Error("the redirection was permitted")
			}
			if emergency, err := x.asked[0].Redirected("030222"); emergency || err != nil || guard.open() != 1 {
				t.Errorf("the other redirection: emergency %v, %v, %d are counted", emergency, err, guard.open())
			}
			return refuses(486, time.Second)(ctx, progress)
		})
		w, _ := trunkWorld(t, x, guard, nil)
		w.calls(t, "100", "030111")
		<-w.cdrs
		synctest.Wait()
		if guard.open() != 0 || len(guard.asked) != 3 || guard.asked[1].Extension != "100" || guard.asked[1].Number != "0900666" {
			t.Errorf("%d are counted, the guard was asked %+v", guard.open(), guard.asked)
		}
	})
}

// A redirection is an emergency call only to another emergency number.
func TestRedirectionOfAnEmergencyCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, guard := &exchange{numbers: map[string]*line{}}, &door{}
		x.numbers["112"] = outsideLine(newLeg("far"), func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
			for number, want := range map[string]bool{"110": true, "112": true, "+881612345678": false} {
				if got, err := x.asked[0].Redirected(number); got != want || err != nil {
					t.Errorf("on to %s: emergency %v, %v", number, got, err)
				}
			}
			return refuses(486, time.Second)(ctx, progress)
		})
		w, _ := trunkWorld(t, x, guard, nil)
		w.calls(t, "100", "112")
		<-w.cdrs
		synctest.Wait()
		if len(guard.asked) != 4 {
			t.Errorf("the guard was asked %+v", guard.asked)
		}
		for _, a := range guard.asked {
			if a.Extension != "100" || a.Emergency != (a.Number != "+881612345678") {
				t.Errorf("the guard was asked %+v", a)
			}
		}
	})
}

func TestReleaseComesOnceForEveryAttempt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		to     string
		act    func(a, b *fakeLeg) map[string]*line
		talk   int // counted while they talk
		answer string
	}{
		{"the other one lost", "77", func(a, b *fakeLeg) map[string]*line {
			return map[string]*line{"030111": outsideLine(a, answers(a, 5*time.Second)), "030222": outsideLine(b, answers(b, time.Hour))}
		}, 1, "030111"},
		{"the other one was busy", "77", func(a, b *fakeLeg) map[string]*line {
			return map[string]*line{"030111": outsideLine(a, refuses(486, time.Second)), "030222": outsideLine(b, answers(b, 5*time.Second))}
		}, 1, "030222"},
		{"the first failed", "78", func(a, b *fakeLeg) map[string]*line {
			return map[string]*line{"030111": outsideLine(a, refuses(503, time.Second)), "030222": outsideLine(b, answers(b, 5*time.Second))}
		}, 1, "030222"},
		{"there is no way to the first", "78", func(_, b *fakeLeg) map[string]*line {
			return map[string]*line{"030222": outsideLine(b, answers(b, 5*time.Second))}
		}, 1, "030222"},
		{"nobody answered", "77", func(a, b *fakeLeg) map[string]*line {
			return map[string]*line{"030111": outsideLine(a, refuses(486, time.Second)), "030222": outsideLine(b, refuses(404, time.Second))}
		}, 0, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			guard := &door{}
			w, _ := trunkWorld(t, &exchange{numbers: tt.act(newLeg("a", codec.PCMA), newLeg("b", codec.PCMA))}, guard, nil)
			caller := w.calls(t, "100", tt.to, codec.PCMA)
			time.Sleep(20 * time.Second)
			if guard.open() != tt.talk {
				t.Errorf("%s: %d are counted during the talk, want %d", tt.name, guard.open(), tt.talk)
			}
			caller.bye(dialplan.CauseNormal)
			c := <-w.cdrs
			synctest.Wait()
			if guard.open() != 0 {
				t.Errorf("%s: %d are counted afterwards", tt.name, guard.open())
			}
			answered := ""
			for _, leg := range c.Legs[1:] {
				if !leg.Answer.IsZero() {
					answered = leg.Party
				}
			}
			if answered != tt.answer {
				t.Errorf("%s: %q answered, want %q", tt.name, answered, tt.answer)
			}
		})
	}
}

func TestEarlyMediaOfATrunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := newLeg("far", codec.PCMA)
		x := &exchange{numbers: map[string]*line{"030111": outsideLine(far, speaksEarly(far, time.Second, refuses(404, 10*time.Second)))}}
		w, _ := trunkWorld(t, x, &door{}, nil)
		caller := w.calls(t, "100", "030111", codec.PCMA)
		time.Sleep(2 * time.Second)
		far.media.hear()
		if caller.media.count() != 1 || !slices.Contains(caller.told(), "183") {
			t.Errorf("the caller heard %d packets of the announcement, was told %v", caller.media.count(), caller.told())
		}
		if c := <-w.cdrs; c.Cause != "not-found" || c.Legs[1].Trunk != "line" {
			t.Errorf("record %+v", c)
		}
	})
}

func TestEmergencyPassesEveryLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		police := newLeg("police", codec.PCMA)
		x := &exchange{
			book:    book{"101": {{"a", answers(newLeg("101", codec.PCMA), time.Second)}}},
			numbers: map[string]*line{"110": outsideLine(police, answers(police, time.Second))},
		}
		w, log := trunkWorld(t, x, nil, nil)
		w.cfg.Calls.Max, w.cfg.Media.Timeout = 1, 0
		w.cfg.Extensions["100"] = config.Extension{MaxCalls: 1}
		first := w.calls(t, "100", "101", codec.PCMA)
		time.Sleep(time.Minute)
		if e := w.Accept(newLeg("100"), dialplan.Facts{From: "100", To: "101", Extension: "100"}); e == nil {
			t.Fatal("calls.max does not hold")
		}
		<-w.cdrs
		second := w.calls(t, "100", "110", codec.PCMA)
		time.Sleep(time.Minute)
		if n := w.Len(); n != 2 {
			t.Errorf("%d calls are up, want 2", n)
		}
		if got := log.events(t); !slices.Equal(got, []string{"WARN emergency-call"}) {
			t.Errorf("events %v", got)
		}
		second.bye(dialplan.CauseNormal)
		if c := <-w.cdrs; c.Cause != "normal" || c.Legs[1].Party != "110" {
			t.Errorf("record %+v", c)
		}
		first.bye(dialplan.CauseNormal)
		<-w.cdrs
		synctest.Wait()
		if w.Busy("100") {
			t.Error("the extension stays busy")
		}
	})
}

// However a plan writes an emergency number, trunks are asked for its digits.
func TestEmergencyNumberIsCalledByItsDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &exchange{numbers: map[string]*line{"112": outsideLine(newLeg("112"), refuses(486, time.Second))}}
		w, _ := trunkWorld(t, x, &door{}, nil)
		w.calls(t, "100", "79")
		<-w.cdrs
		if o := x.asked[0]; o.Number != "112" || !o.Emergency {
			t.Errorf("the dialer was asked %+v", o)
		}
	})
}

func TestEmergencyFromOutsideIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &exchange{}
		w, _ := trunkWorld(t, x, nil, nil)
		w.cfg.Calls.Max = 0
		if e := w.Accept(newLeg("100"), dialplan.Facts{From: "100", To: "110", Trunk: "line"}); e == nil || e.Cause != dialplan.CauseCallLimit {
			t.Errorf("a caller from outside that dials 110: %v", e)
		}
		<-w.cdrs
	})
}

func TestEmergencyThatFailsIsNotSilent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		police func(*fakeLeg) func(context.Context, func(call.Progress)) (call.Leg, error)
		hangup bool
		want   []string
	}{
		{"no trunk", nil, false, []string{"WARN emergency-call", "ERROR emergency-failed"}},
		{"refused", func(*fakeLeg) func(context.Context, func(call.Progress)) (call.Leg, error) {
			return refuses(503, time.Second)
		}, false, []string{"WARN emergency-call", "ERROR emergency-failed"}},
		{"the caller hung up", func(l *fakeLeg) func(context.Context, func(call.Progress)) (call.Leg, error) {
			return answers(l, time.Minute)
		}, true, []string{"WARN emergency-call"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			x := &exchange{numbers: map[string]*line{}}
			if tt.police != nil {
				l := newLeg("police", codec.PCMA)
				x.numbers["112"] = outsideLine(l, tt.police(l))
			}
			w, log := trunkWorld(t, x, &door{}, nil)
			caller := w.calls(t, "100", "112", codec.PCMA)
			if tt.hangup {
				time.Sleep(2 * time.Second)
				caller.bye(dialplan.CauseCancelled)
			}
			c := <-w.cdrs
			if got := log.events(t); !slices.Equal(got, tt.want) {
				t.Errorf("%s: events %v, want %v; record %+v", tt.name, got, tt.want, c)
			}
			if c.Cause == "normal" {
				t.Errorf("%s: the record says %s", tt.name, c.Cause)
			}
		})
	}
}

// blocked is a block list of one entry.
type blocked struct{ list, number, entry string }

func (b blocked) Listed(list, number string) string {
	if list == b.list && number == b.number {
		return b.entry
	}
	return ""
}

func (b blocked) Edit(dialplan.ListEdit) (string, error) { return "", nil }

func TestBlockedCallers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		lists  blocked
		facts  dialplan.Facts
		cause  string
		detail string
	}{
		{"a number", blocked{"block", "+4970", "+4970"}, dialplan.Facts{From: "+4970", Trunk: "line"}, "declined", "+4970 is on the block list"},
		{"a beginning", blocked{"block", "+49705", "+4970."}, dialplan.Facts{From: "+49705", Trunk: "line"}, "declined", "+49705 is on the block list as +4970."},
		{"hides the number", blocked{"block", "anonymous", "anonymous"}, dialplan.Facts{Anonymous: true, Trunk: "line"}, "declined", "as anonymous"},
		{"another number", blocked{"block", "+4970", "+4970"}, dialplan.Facts{From: "+4971", Trunk: "line"}, "not-registered", ""},
		{"another list", blocked{"vip", "+4970", "+4970"}, dialplan.Facts{From: "+4970", Trunk: "line"}, "not-registered", ""},
		{"an extension is never blocked", blocked{"block", "100", "100"}, dialplan.Facts{From: "100", Extension: "100"}, "not-registered", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := trunkWorld(t, &exchange{}, nil, tt.lists)
			tt.facts.To = "+4930123450"
			if tt.facts.Extension != "" {
				tt.facts.To = "101"
			}
			if e := w.Accept(newLeg("caller", codec.PCMA), tt.facts); e != nil {
				t.Fatal(e)
			}
			if c := <-w.cdrs; c.Cause != tt.cause || !strings.Contains(c.Detail, tt.detail) {
				t.Errorf("%s: %s %q, want %s %q", tt.name, c.Cause, c.Detail, tt.cause, tt.detail)
			}
		})
	}
}
