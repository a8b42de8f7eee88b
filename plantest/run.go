package plantest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/toll"
	"dialtone/storage"
)

// Observed is what happened in the call of a test.
type Observed struct {
	Routes     []string // as CONTEXT/ROUTE, in order; refused at the end when none fitted
	Steps      []string
	Rang       []Moment
	Outside    []string // calls that trunks took, as NUMBER via TRUNK from SHOWN
	Heard      []Moment
	Logged     []string
	Asked      []string          // requests of the step http
	Sent       []string          // webhooks and mail
	Voicemail  []string          // messages that were left, and mailboxes that were heard
	Recorded   []string          // recordings, and their pauses
	Headers    map[string]string // of the last phone that rang
	Answered   bool
	AnsweredBy string
	Shown      string
	Cause      dialplan.Cause
	After      time.Duration
	By         string
	Stayed     time.Duration // for how long the caller was there: longer than its call when it has taken another one
	Trace      dialplan.Trace
	Record     storage.CDR      // what would be kept of the call
	others     []dialplan.Trace // of the calls before
	left       []Pressing       // keys that were not pressed
	called     []string         // numbers outside, by E.164
}

// Result is one test that was run.
type Result struct {
	Case        *Case
	Observed    *Observed // nil when it could not be run
	Err         error     // why
	Differences []Difference
}

// Failed reports whether it came out otherwise than expected.
func (r *Result) Failed() bool { return r.Err != nil || len(r.Differences) > 0 }

// Run runs one test.
func (s *Suite) Run(c *Case) *Result {
	r := &Result{Case: c}
	failed := bubble(func() { r.Observed, r.Err = s.observe(c) })
	if r.Err = cmp.Or(r.Err, failed); r.Err == nil {
		r.Differences = append(c.Expect.compare(r.Observed), r.Observed.unpressed()...)
	}
	return r
}

// Times at which callers do things that the test does not say.
const (
	// Early is how long before the call other calls begin: not as long as calls ring or are parked.
	Early = 30 * time.Second

	patience = time.Hour   // of a caller whom nobody answers
	talk     = time.Minute // of a caller who was answered
)

// inOrder are not shuffled: tests ring a random group in the order of the file.
func inOrder(int, func(i, j int)) {}

func (s *Suite) observe(c *Case) (*Observed, error) {
	at, err := when(cmp.Or(c.At.Value, usual), s.Plan.Zone())
	if err != nil {
		return nil, err
	}
	w := s.newWorld(c)
	w.web.replies = s.Replies(c)
	own, err := s.newSettings(s.Settings(c))
	if err != nil {
		return nil, err
	}
	conf := func() *config.Config { return s.Config }
	board := call.NewSwitchboard(call.Options{
		Dialer: w, Records: w, Web: w, Outbox: w, Speech: w, Music: music{}, Voicemail: w, Recordings: recordings{w}, Mix: newMix, Log: slog.New(lines{world: w}), Shuffle: inOrder,
		Plan: func() *dialplan.Plan { return s.Plan }, Config: conf,
		Guard: toll.New(toll.Options{Config: conf, Log: slog.New(slog.DiscardHandler)}),
		Lists: w.newLists(s.lists, c.Lists), Settings: own,
	})
	defer board.Close()
	if err := w.prepare(board, c.Before, at); err != nil {
		return nil, err
	}
	w.air.begin()
	caller := w.call(board, c.Call, callID)
	record := w.record(callID)
	stayed := caller.stay()
	heard := caller.audio.over()
	board.Close()
	w.fingers.Wait()
	o := w.observed(record, s.Plan.Zone())
	o.Heard, o.Stayed, o.left = heard, stayed, caller.finger.left
	o.others = w.others(len(c.Before), s.Plan.Zone())
	if o.Trace.Dropped > 0 && len(c.Expect.Routes)+len(c.Expect.Steps) > 0 {
		return o, fmt.Errorf("the call took %d more steps and routes than a trace keeps: expect neither routes nor steps of it", o.Trace.Dropped)
	}
	return o, nil
}

// prepare lets calls in that are up at the time of the test, and waits for it.
func (w *world) prepare(board *call.Switchboard, callers []*Caller, at time.Time) error {
	if len(callers) > 0 {
		pass(time.Until(at.Add(-Early)))
	}
	for i, c := range callers {
		w.call(board, c, before(i))
	}
	pass(time.Until(at))
	if board.Len() < len(callers) {
		over := <-w.records
		return fmt.Errorf("the call from %s to %s was to be up before, but it ended after %s: %s",
			over.From, over.To, short(over.End.Sub(over.Start)), over.Cause)
	}
	return nil
}

// others takes the records of the n calls before, and gives their traces.
func (w *world) others(n int, zone *time.Location) []dialplan.Trace {
	out := make([]dialplan.Trace, n)
	for range n {
		r := <-w.records
		for i := range n {
			if r.ID == before(i) {
				out[i] = traceOf(r, zone)
			}
		}
	}
	return out
}

// before is the id of a call that is up before.
func before(i int) string { return fmt.Sprint("before ", i+1) }

// record waits for the record of a call. What ends before it was not to end;
// its trace counts all the same.
func (w *world) record(id string) storage.CDR {
	var others []storage.CDR
	defer func() {
		for _, r := range others {
			w.records <- r
		}
	}()
	for {
		r := <-w.records
		if r.ID == id {
			return r
		}
		others = append(others, r)
	}
}

// call lets a caller in.
func (w *world) call(board *call.Switchboard, c *Caller, id string) *leg {
	label := id
	if id == callID {
		label = "caller"
	}
	f := w.facts(c, id)
	known := w.formats(f.Extension, c.Codecs)
	if f.Trunk != "" {
		known = w.formatsOn(f.Trunk, c.Codecs)
	}
	l := newLeg(&w.air, label, known)
	l.audio.label = cmp.Or(c.From.Value, label)
	l.party, l.trunk = f.Extension, f.Trunk
	l.inbound = true
	// At the same moment as something else, the caller comes last.
	const late = time.Microsecond
	switch {
	case c.HangsUp > 0:
		time.AfterFunc(c.HangsUp+late, l.leave)
	case id != callID:
		// A call that is there before stays until the test is over.
	default:
		l.wait, l.left = talk+late, w.partnerLeaves
		time.AfterFunc(patience+late, l.giveUp)
	}
	l.keys, l.finger.leg = c.Presses(), l
	w.fingers.Go(func() { l.finger.press(l.keys) })
	if e := board.Accept(l, f); e != nil {
		l.Hangup(e)
	}
	return l
}

// stay waits until the caller has gone, which may have taken another call and goes on in
// that. It gives how long that was from the start of the call.
func (l *leg) stay() time.Duration {
	bored := time.AfterFunc(patience, l.leave)
	defer bored.Stop()
	<-l.ctx.Done()
	return time.Since(l.audio.air.start)
}

// giveUp is a caller who was not answered.
func (l *leg) giveUp() {
	l.mu.Lock()
	answered := l.answered
	l.mu.Unlock()
	if !answered {
		l.leave()
	}
}

// facts is what is known of a call.
func (w *world) facts(c *Caller, id string) dialplan.Facts {
	f := dialplan.Facts{
		CallID: id, To: c.To.Value, From: c.From.Value, FromName: c.Name.Value, Context: c.Context.Value,
		Anonymous: c.Anonymous, Transport: cmp.Or(c.Transport, "udp"), UserAgent: c.UserAgent.Value,
		MaxForwards: 70, SIPCallID: id, Headers: map[string]string{},
	}
	if t := c.Trunk.Value; t != "" {
		f.Trunk, f.Context = t, cmp.Or(f.Context, w.cfg.Trunks[t].Context)
		f.To, f.From = w.plan.Inbound(t, f.To), w.plan.Inbound(t, f.From)
		if f.Anonymous { // who calls does not get as far as the plan
			f.From, f.FromName = "", ""
		}
		f.Verified = c.Verified && !f.Anonymous
	} else if e, ours := w.cfg.Extensions[f.From]; ours && f.Context == "" {
		f.Extension, f.Language = f.From, e.Language
		f.FromName = cmp.Or(e.Name, f.FromName)
	}
	if a, err := netip.ParseAddr(cmp.Or(c.Source.Value, "192.0.2.1")); err == nil {
		f.Source = netip.AddrPortFrom(a, 5060)
	}
	for name, t := range c.Header {
		f.Headers[name] = t.Value
	}
	return f
}

// observed is what happened, with the record of the call.
func (w *world) observed(r storage.CDR, zone *time.Location) *Observed {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := &Observed{
		Outside: w.sent, called: w.called, Logged: w.logged, Asked: w.web.asked, Sent: w.web.sent, Voicemail: w.voicemail, Recorded: w.recorded,
		Headers: w.web.headers, Answered: !r.Answer.IsZero(), Shown: w.shown,
		Cause: dialplan.CauseOf(r.Cause), After: r.End.Sub(r.Start), By: cmp.Or(r.HungUpBy, "dialtone"), Trace: traceOf(r, zone), Record: r,
	}
	if w.partner != nil {
		o.AnsweredBy = w.partner.label
	}
	for _, m := range w.rang {
		o.Rang = append(o.Rang, *m)
	}
	slices.SortFunc(o.Rang, func(a, b Moment) int { return cmp.Compare(a.After, b.After) })
	o.Routes, o.Steps = Course(o.Trace)
	return o
}

func traceOf(r storage.CDR, zone *time.Location) dialplan.Trace {
	var t dialplan.Trace
	_ = json.Unmarshal(r.Trace, &t) // what made it was a Trace
	t.Start = t.Start.In(zone)
	return t
}
