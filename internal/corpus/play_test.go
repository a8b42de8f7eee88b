package corpus

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/plantest"
	"dialtone/storage"
)

// play plays a test for real and compares.
func play(t *try, s scene, place int) {
	t.Helper()
	suite, c := s.suite, s.test
	at, err := suite.Time(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest+20*time.Second)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	x := openExchange(ctx, t, &s, place)
	phones := enter(ctx, t, x, suite, suite.World(c))
	actors := slices.AppendSeq(slices.Clone(phones), maps.Values(x.far))
	queue(actors, s.virtual.Rang)
	for _, a := range phones {
		tasks.Go(func() { a.serve(ctx, &tasks) })
	}
	for _, p := range x.providers {
		tasks.Go(func() { p.serve(ctx, &tasks) })
	}
	x.set(at.Add(-plantest.Early))
	hangUp := x.before(ctx)
	x.set(at)
	dialled, known := time.Now(), x.calls()
	call := x.dial(ctx, c.Call, own)
	e := newEar()
	tasks.Go(func() { e.listen(ctx, call, s.timbres(actors), &tasks) })
	begin := x.taken(ctx, call, known)
	tasks.Go(func() { press(ctx, call, e, begin, c.Call.Presses()) })
	if h := c.Call.HangsUp; h > 0 && !ended(ctx, call, time.After(h)) {
		call.Hangup()
	}
	end := call.WaitEnded(ctx)
	hangUp()
	r := x.record(ctx, call.Invite("Call-ID"))
	var sent []string
	if r != nil {
		sent = x.site.sent(ctx, r.ID, len(s.virtual.Sent))
	}
	cancel()
	tasks.Wait()
	switch {
	case c.Call.Trunk.Value == "" && !s.ours(c.Call):
		stranger(t, s.virtual, end, r, actors)
	case r == nil:
		t.Fatalf("the call has no record, and ended so: %s", end)
	default:
		o := x.outcome(*r, actors, dialled)
		o.Heard, o.Sent = e.heard(), sent
		compare(t, &s, o)
	}
}

// dial is one who calls, and says hz.
func (x *exchange) dial(ctx context.Context, c *plantest.Caller, hz float64) *testphone.Call {
	x.t.Helper()
	extension := x.scene.suite.Config.Extensions[c.From.Value]
	opt := testphone.Options{
		Extension: c.From.Value, Password: string(extension.Password), Name: c.Name.Value,
		Server: x.addr, Transport: c.Transport, IP: c.Source.Value,
		Codecs: names(c.Codecs), UserAgent: c.UserAgent.Value, Patience: patient,
	}
	if c.Transport == "tls" {
		opt.Server = x.tls
	}
	headers := map[string]string{}
	if p := x.providers[c.Trunk.Value]; p != nil {
		opt.IP, opt.Password = p.ip, ""
		for name, value := range x.scene.suite.Config.Trunks[p.trunk].Header {
			headers[name] = value
		}
	}
	for name, value := range c.Header {
		headers[name] = value.Value
	}
	if c.Anonymous {
		headers["Privacy"] = "id"
	}
	if c.Verified {
		headers["P-Asserted-Identity"] = "<tel:" + c.From.Value + ";verstat=TN-Validation-Passed>"
	}
	call := testphone.New(x.t, opt).DialWith(ctx, c.To.Value, testphone.Dialling{Headers: headers})
	call.Speak(hz)
	return call
}

// settling is how long phones may take that rang for a call which another one
// answered. Where it is not enough the machine is late, and the call played again.
const settling = 4 * tooLate

// before makes the calls that are up before; hangUp ends them.
func (x *exchange) before(ctx context.Context) (hangUp func()) {
	x.t.Helper()
	var calls []*testphone.Call
	for i, c := range x.scene.test.Before {
		call := x.dial(ctx, c, x.scene.saying(i))
		soon, cancel := context.WithTimeout(ctx, 3*time.Second)
		if !call.Up(soon) && call.Ended() { // ringing is up too
			x.t.Fatalf("the call before from %s to %s: %s", c.From.Value, c.To.Value, call.State())
		}
		cancel()
		calls = append(calls, call)
		ended(ctx, call, time.After(settling))
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
	Outside       []string          // calls that trunks took
	Heard         []string
	Logged        string
	Asked, Sent   []string
	Headers       map[string]string
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
	o := outcome{Answered: !r.Answer.IsZero(), By: "dialtone", Logged: x.said.of(r.ID), Asked: x.site.asked[r.ID], Record: r}
	o.Routes, o.Steps = plantest.Course(trace)
	by := ""
	talked := map[string]bool{} // by Call-ID: who only was asked to confirm did not
	for _, l := range r.Legs {
		talked[l.SIPCallID] = o.Answered && r.End.Sub(l.End) < apart
		if l.ID == r.HungUpBy && r.HungUpBy != "" {
			by = l.SIPCallID
			if l.Inbound {
				o.By = "caller"
			}
		}
	}
	var last *rang
	var all []taken
	for _, a := range actors {
		for _, g := range a.calls {
			if g.begin.Before(begin) {
				continue // it did not ring, or for a call that was before
			}
			o.Rang = append(o.Rang, plantest.Moment{What: a.place(g.trunk), After: g.begin.Sub(begin), For: g.end.Sub(g.begin)})
			if last == nil || !g.begin.Before(last.begin) {
				last = g
			}
			if g.answered && talked[g.call.Invite("Call-ID")] {
				o.AnsweredBy = a.label
			}
			if g.call.Invite("Call-ID") == by {
				o.By = a.label
			}
		}
	}
	for _, p := range x.providers {
		for _, c := range p.took {
			if !c.at.Before(begin) {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b taken) int { return a.at.Compare(b.at) })
	for _, c := range all {
		o.Outside = append(o.Outside, c.call)
	}
	if last != nil {
		o.Shown, o.Headers = displayName(last.call.Invite("From")), map[string]string{}
		for name := range x.scene.virtual.Headers {
			if value := last.call.Invite(name); value != "" {
				o.Headers[name] = value
			}
		}
	}
	return o
}

// place is what expectations call an actor who rings.
func (a *actor) place(trunk string) string {
	if trunk != "" {
		return a.label + via + trunk
	}
	return a.label
}

const via = " via "

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
