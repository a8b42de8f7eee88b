package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/plantest"
	"dialtone/storage"
)

// play plays a test for real.
func play(t *testing.T, s scene, place int) outcome {
	t.Helper()
	suite, c := s.suite, s.test
	at, err := suite.Time(c)
	if err != nil {
		t.Fatal(err)
	}
	x := openExchange(t, suite, place)
	ctx, cancel := context.WithTimeout(t.Context(), longest+20*time.Second)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	actors := enter(ctx, t, x, suite, suite.World(c))
	for _, a := range actors {
		tasks.Go(func() { a.act(ctx, &tasks) })
	}
	x.set(at.Add(-time.Minute))
	hangUp := x.before(ctx, suite, c.Before)
	x.set(at)
	begin := time.Now()
	call := x.dial(ctx, suite, c.Call)
	e := &ear{}
	tasks.Go(func() { e.listen(ctx, call, tones(actors, s.virtual), &tasks) })
	tasks.Go(func() { press(ctx, call, c.Call.Keys, begin) })
	if h := c.Call.HangsUp; h > 0 && !ended(ctx, call, time.After(h)) {
		call.Hangup()
	}
	call.WaitEnded(ctx)
	hangUp()
	r := x.record(ctx, call.Invite("Call-ID"))
	cancel()
	tasks.Wait()
	o := x.outcome(r, actors, begin)
	o.Heard = e.heard
	return o
}

// press presses keys at their times.
func press(ctx context.Context, call *testphone.Call, list dialplan.Texts, begin time.Time) {
	for _, t := range list {
		keys, at, _ := timed(t.Value)
		if ended(ctx, call, time.After(time.Until(begin.Add(at)))) {
			return
		}
		call.SendDTMF(keys)
	}
}

// timed reads keys that are pressed at a time: "12 after 3s".
func timed(text string) (keys string, at time.Duration, ok bool) {
	keys, when, _ := strings.Cut(text, " after ")
	at, err := time.ParseDuration(when)
	return keys, at, err == nil
}

// tones are those that may be heard, with the names that expectations use.
func tones(actors []*actor, v *plantest.Observed) map[float64]string {
	out := map[float64]string{own: "echo"}
	for _, m := range v.Heard {
		var hz float64
		if n, _ := fmt.Sscanf(m.What, "tone %g Hz", &hz); n == 1 {
			out[hz] = m.What
		}
	}
	for _, a := range actors {
		out[a.hz] = a.label
	}
	return out
}

// dial is one who calls, and speaks.
func (x *exchange) dial(ctx context.Context, suite *plantest.Suite, c *plantest.Caller) *testphone.Call {
	x.t.Helper()
	extension := c.From.Value
	opt := testphone.Options{
		Extension: extension, Password: string(suite.Config.Extensions[extension].Password), Name: c.Name.Value,
		Server: x.addr, Transport: c.Transport, IP: c.Source.Value,
		Codecs: names(c.Codecs), UserAgent: c.UserAgent.Value, Patience: patient,
	}
	if c.Transport == "tls" {
		opt.Server = x.tls
	}
	headers := map[string]string{}
	for name, value := range c.Header {
		headers[name] = value.Value
	}
	if c.Anonymous {
		headers["Privacy"] = "id"
	}
	call := testphone.New(x.t, opt).DialWith(ctx, c.To.Value, testphone.Dialling{Headers: headers})
	call.Speak(own)
	return call
}

// before makes the calls that are up before; hangUp ends them.
func (x *exchange) before(ctx context.Context, suite *plantest.Suite, callers []*plantest.Caller) (hangUp func()) {
	x.t.Helper()
	var calls []*testphone.Call
	for _, c := range callers {
		call := x.dial(ctx, suite, c)
		soon, cancel := context.WithTimeout(ctx, 3*time.Second)
		if !call.Up(soon) && call.Ended() { // ringing is up too
			x.t.Fatalf("the call before from %s to %s: %s", c.From.Value, c.To.Value, call.State())
		}
		cancel()
		calls = append(calls, call)
	}
	return func() {
		for _, call := range calls {
			call.Hangup()
		}
	}
}

// outcome is what is compared.
type outcome struct {
	Routes, Steps []string
	Rang          []plantest.Moment // in any order
	Heard         []string
	Logged        string
	Answered      bool
	AnsweredBy    string
	Shown         string
	By            string
	Record        storage.CDR
}

// outcome is how the call with that record came out, but for what was heard; the
// actors are at rest.
func (x *exchange) outcome(r storage.CDR, actors []*actor, begin time.Time) outcome {
	x.t.Helper()
	var trace dialplan.Trace
	if err := json.Unmarshal(r.Trace, &trace); err != nil {
		x.t.Fatal(err)
	}
	o := outcome{Answered: !r.Answer.IsZero(), By: "dialtone", Logged: x.said.of(r.ID), Record: r}
	o.Routes, o.Steps = plantest.Course(trace)
	by := ""
	for _, l := range r.Legs {
		if l.ID == r.HungUpBy && r.HungUpBy != "" {
			by = l.SIPCallID
			if l.Inbound {
				o.By = "caller"
			}
		}
	}
	var latest time.Time
	for _, a := range actors {
		for _, g := range a.calls {
			if g.begin.Before(begin) {
				continue // it did not ring, or for a call that was before
			}
			o.Rang = append(o.Rang, plantest.Moment{What: a.label, After: g.begin.Sub(begin), For: g.end.Sub(g.begin)})
			if !g.begin.Before(latest) {
				latest, o.Shown = g.begin, displayName(g.call.Invite("From"))
			}
			if g.answered {
				o.AnsweredBy = a.label
			}
			if g.call.Invite("Call-ID") == by {
				o.By = a.label
			}
		}
	}
	return o
}

func names(list dialplan.Texts) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

// displayName is the name in a From header.
func displayName(from string) string {
	name, _, _ := strings.Cut(from, "<")
	return strings.Trim(strings.TrimSpace(name), `"`)
}
