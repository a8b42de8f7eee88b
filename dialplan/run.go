package dialplan

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"
)

// Bounds of one call's way through plans, beyond which it ends with CauseLoop.
const (
	maxDecisions = 500
	maxSteps     = 5000
)

// Run is one call on its way through plans. Make it with NewRun; one goroutine
// uses it.
type Run struct {
	Facts   Facts
	Session Session      // what the steps act on; nil when only Decide is called
	Phones  Phones       // how extensions are
	Plan    func() *Plan // the plan in force
	Now     func() time.Time
	Trace   *Trace       // nil keeps none
	Log     *slog.Logger // for the step log; nil says nothing
	Web     Web          // for the step http; nil answers nothing
	Lists   Lists        // that calls are compared with; nil is none
	// Settings are those of extensions; nil is none.
	Settings Settings
	Outbox   Outbox    // for webhooks and mail; nil sends nothing
	Guesses  Guesses   // counts wrong PINs; nil does not
	Menus    MenuTally // counts what is chosen; nil does not
	// Shuffle orders the members of random groups; nil is at random.
	Shuffle func(n int, swap func(i, j int))
	// Chosen is told of every decision; nil is nobody.
	Chosen func(Decision)

	To      string // the number that is looked for: dialled, or named by a goto
	Context string // where it was looked for last

	plan       *Plan // of the last decision
	finds      bool  // only the way is looked for
	hides      *bool // the caller's number; nil is as the extension has set
	route      *Route
	vars       map[string]string
	entry      string   // the context in which a trunk's call entered
	did        string   // the number that was called on a trunk
	language   string   // of that number
	missed     []string // routes for the number that did not fit
	rest       string   // what the trailing part of the pattern stood for
	outcome    string   // of the last dial
	answeredBy string
	httpStatus string            // of the last http
	pin        string            // the name of the one that was entered last
	headers    map[string]string // for calls that are made
	failed     *Ended            // why the last dial failed, while nothing has come of it
	calls      int               // subplans within each other
	menus      []string          // that the caller is in, the last one innermost
	depth      int
	decisions  int
	steps      int
	event      int // of the step that runs
	start      time.Time
}

// NewRun is a call with facts f that asks plan for the way.
func NewRun(f Facts, plan func() *Plan, phones Phones) *Run {
	return &Run{Facts: f, Plan: plan, Phones: phones, Now: time.Now, vars: map[string]string{}, To: f.To, event: -1}
}

// Decision is which route fits a call. Route is nil when none does.
type Decision struct {
	Route *Route
	Why   *Ended // why there is none
}

// Name is that of the route, for logs and records.
func (d Decision) Name() string {
	if d.Route == nil {
		return "refuse"
	}
	return d.Route.Name
}

// Decide finds the route for the call as it arrives.
func (r *Run) Decide() Decision {
	r.begin()
	if e := r.blocked(); e != nil {
		return Decision{Why: e}
	}
	f := r.Facts
	switch {
	case r.isEmergency():
		return r.emergencyCall()
	case f.Trunk != "":
		return r.enter(r.entry, "")
	case f.Context != "":
		return r.enter(f.Context, "")
	case f.Extension != "":
		return r.enter(PhonesContext, "")
	}
	return Decision{Why: &Ended{Cause: CauseForbidden, Detail: "outside callers have no route"}}
}

func (r *Run) begin() {
	if !r.start.IsZero() {
		return
	}
	r.plan = r.Plan()
	r.start = r.now()
	r.To = r.plan.dialled(r.To)
	if r.Facts.Trunk != "" {
		r.comeIn()
	}
	if r.Trace != nil {
		r.Trace.From, r.Trace.To, r.Trace.Extension, r.Trace.Start = r.Facts.From, r.Facts.To, r.Facts.Extension, r.start
		r.Trace.Trunk, r.Trace.Zone = r.Facts.Trunk, r.plan.zone.String()
	}
}

// Do decides, takes the steps, and says why the call is over.
func (r *Run) Do(ctx context.Context) *Ended {
	e := r.do(ctx)
	r.Conclude(e)
	return e
}

// Conclude writes into the trace how the call ended.
func (r *Run) Conclude(e *Ended) {
	if r.Trace != nil && e != nil {
		r.Trace.Outcome = e.Cause.Text()
		if e.Detail != "" {
			r.Trace.Outcome += " (" + clip(e.Detail) + ")"
		}
	}
}

func (r *Run) do(ctx context.Context) *Ended {
	d := r.Decide()
	for {
		if r.Chosen != nil {
			r.Chosen(d)
		}
		if d.Route == nil {
			return d.Why
		}
		err := r.take(ctx, d.Route.steps)
		var j *jump
		if !errors.As(err, &j) {
			return cmp.Or(asEnded(err), r.failed, &Ended{Cause: CauseNormal, Detail: "the steps of " + d.Route.Name + " are over"})
		}
		r.To, r.depth = j.to, 0
		d = r.enter(j.context, j.route)
	}
}

// take runs steps, each within a line of the trace.
func (r *Run) take(ctx context.Context, steps Steps) error {
	r.depth++
	defer func() { r.depth-- }()
	for _, s := range steps {
		if err := r.step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) step(ctx context.Context, s Step) error {
	if err := r.mayStep(ctx, s); err != nil {
		return err
	}
	outer, began := r.event, r.Now()
	mine := r.record(s, began)
	var err error
	done := false
	if r.finds {
		done, err = r.seek(s)
	}
	if !done {
		err = s.Run(ctx, r)
	}
	r.finish(mine, began, err)
	r.event = outer
	return err
}

// mayStep gives why no step is taken any more.
func (r *Run) mayStep(ctx context.Context, s Step) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.steps++; r.steps > maxSteps {
		return &Ended{Cause: CauseLoop, Detail: "more than " + strconv.Itoa(maxSteps) + " steps, the last at " + s.Where().String()}
	}
	return nil
}

// record notes that a step begins, and where.
func (r *Run) record(s Step, now time.Time) int {
	at := s.Where()
	r.event = r.Trace.add(Event{
		Kind: EventStep, At: now.Sub(r.start), Depth: r.depth - 1, Name: s.String(), Value: r.label(s), File: at.File, Line: at.Line,
	})
	return r.event
}

// finish notes how the step of an event came out.
func (r *Run) finish(event int, began time.Time, err error) {
	if event < 0 {
		return
	}
	r.Trace.Events[event].Took = r.Now().Sub(began)
	if e := (*Ended)(nil); errors.As(err, &e) && r.Trace.Events[event].Text == "" {
		r.Trace.Events[event].Text = clip(e.Error())
	}
}

// label is the step with the values of its variables, for steps that act on somebody
// or something; "" when it has none. Others tell their values as they come out.
func (r *Run) label(s Step) string {
	if r.Trace == nil {
		return ""
	}
	switch s.(type) {
	case *Dial, *Email, *Play, *Gather, *Goto, *Block, *Unblock, *Setting, *HideNumber:
	default:
		return ""
	}
	text := Text{Value: s.String()}
	if text.parts, _, _ = split(text.Value); text.parts == nil {
		return ""
	}
	return oneLine(r.expand(&text))
}

// note says how the running step came out.
func (r *Run) note(text string) {
	if r.event < 0 {
		return
	}
	e := &r.Trace.Events[r.event]
	if e.Text != "" {
		text = e.Text + "; " + text
	}
	e.Text = clip(text)
}

// here names the route that runs.
func (r *Run) here() string {
	if r.route == nil {
		return "without a route"
	}
	return "route " + r.route.Name + " of " + r.route.Context
}

func (r *Run) shuffle(n int, swap func(i, j int)) {
	if r.Shuffle != nil {
		r.Shuffle(n, swap)
		return
	}
	rand.Shuffle(n, swap)
}

// now is the time in the zone of the site.
func (r *Run) now() time.Time { return r.Now().In(r.plan.zone) }
