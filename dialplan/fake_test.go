package dialplan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
)

// world is a session and phones in memory: it notes what steps do.
type world struct {
	did        []string
	clock      time.Time
	answers    map[string]string // by extension: "answers", or the slug of a cause
	busy, gone map[string]bool
	onDial     func()

	stop     string   // the key that stops what is played
	keys     []string // that are gathered; "" is none in time
	cannot   error    // of play and gather
	gathered []dialplan.Gathering
	rung     dialplan.Ringing // by the last dial
	fetcher  string           // who takes a call that is parked
	refused  string           // why nobody gets into a conference

	deposited dialplan.Depositing
	wants     string // the number that the caller goes on to
}

func (w *world) note(format string, args ...any) { w.did = append(w.did, fmt.Sprintf(format, args...)) }

func (w *world) Answer(context.Context) error { w.note("answer"); return nil }
func (w *world) Ring(context.Context) error   { w.note("ring"); return nil }

func (w *world) Pickup(_ context.Context, of []string) (string, error) {
	w.note("pickup %s", strings.Join(of, " "))
	if w.refused != "" {
		return "", &dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: w.refused}
	}
	return "the call of 100", &dialplan.Ended{Cause: dialplan.CauseTransferred}
}

func (w *world) Park(_ context.Context, p dialplan.Waiting) (slot, by string, err error) {
	w.note("park %s for %s, return to %q for %s, music %q", strings.Join(p.Slots, " "), p.Timeout, p.ReturnTo, p.RingBack, p.Music)
	if p.Say != nil {
		w.note("say %s", strings.Join(p.Say(p.Slots[0]).Files, " "))
	}
	if w.refused != "" {
		return "", "", &dialplan.Ended{Cause: dialplan.CauseBusy, Detail: w.refused}
	}
	if w.fetcher == "" {
		return p.Slots[0], "", &dialplan.Ended{Cause: dialplan.CauseNoAnswer}
	}
	return p.Slots[0], w.fetcher, &dialplan.Ended{Cause: dialplan.CauseNormal}
}

func (w *world) Unpark(_ context.Context, slot string) (string, error) {
	w.note("unpark %s", slot)
	if w.refused != "" {
		return "", &dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: w.refused}
	}
	return "the call of 100", &dialplan.Ended{Cause: dialplan.CauseTransferred}
}

func (w *world) Page(_ context.Context, p dialplan.Paging) (int, error) {
	w.note("page %s for %s, talk %v", strings.Join(p.Extensions, " "), p.Timeout, p.Talk)
	if w.refused != "" {
		return 0, &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: w.refused}
	}
	return len(p.Extensions), &dialplan.Ended{Cause: dialplan.CauseNormal}
}

func (w *world) Progress(context.Context) error { w.note("progress"); return nil }

func (w *world) Wait(_ context.Context, d time.Duration) error {
	w.note("wait %s", d)
	w.clock = w.clock.Add(d)
	return nil
}

func (w *world) Dial(_ context.Context, r dialplan.Ringing) (string, error) {
	w.note("dial %s", r)
	w.rung = r
	if r.FromName != "" {
		w.note("as %s", r.FromName)
	}
	if w.onDial != nil {
		w.onDial()
	}
	var worst error = &dialplan.Ended{Cause: dialplan.CauseNoAnswer}
	for _, t := range r.Targets {
		switch how := w.answers[t.Name()]; how {
		case "answers":
			return t.Name(), &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
		case "":
		default:
			worst = &dialplan.Ended{Cause: dialplan.CauseOf(how)}
		}
	}
	return "", worst
}

func (w *world) Echo(_ context.Context, d time.Duration) error {
	w.note("echo %s", d)
	return forever(d)
}

func (w *world) Tone(_ context.Context, hz float64, d time.Duration) error {
	w.note("tone %g %s", hz, d)
	return forever(d)
}

func (w *world) DelayedEcho(_ context.Context, delay, d time.Duration) error {
	w.note("echo %s, %s late", d, delay)
	return forever(d)
}

func (w *world) Signal(_ context.Context, name string, d time.Duration) error {
	w.note("tone %s %s", name, d)
	return forever(d)
}

func (w *world) SendKeys(_ context.Context, keys string) error { w.note("press %s", keys); return nil }

func (w *world) KeyEcho(_ context.Context, d time.Duration) error {
	w.note("echo keys %s", d)
	return forever(d)
}

func (w *world) Music(_ context.Context, class string, d time.Duration) error {
	if class != "" {
		w.note("music %s %s", class, d)
	} else {
		w.note("music %s", d)
	}
	return forever(d)
}

func (w *world) Play(_ context.Context, p dialplan.Playing) (string, error) {
	w.note("play %s until %q in %q", strings.Join(p.Files, ", "), p.Until, p.Language)
	return w.stop, w.cannot
}

func (w *world) Deposit(_ context.Context, d dialplan.Depositing) (dialplan.Deposited, error) {
	w.note("voicemail %s %s", d.Mailbox, d.Greeting)
	w.deposited = d
	return dialplan.Deposited{Kept: true, Length: 3 * time.Second, Operator: w.wants}, nil
}

func (w *world) Visit(_ context.Context, v dialplan.Visiting) (dialplan.Visited, error) {
	w.note("mailbox %s", v.Mailbox)
	return dialplan.Visited{CallBack: w.wants}, nil
}

func (w *world) Record(_ context.Context, rec dialplan.Recording) (string, error) {
	w.note("record %s %s %s", rec.Do, rec.Consent, rec.Keep)
	return w.stop, w.cannot
}

func (w *world) Gather(_ context.Context, g dialplan.Gathering) (dialplan.Gathered, error) {
	w.note("gather %s", strings.Join(g.Files, ", "))
	w.gathered = append(w.gathered, g)
	if len(w.keys) == 0 {
		return dialplan.Gathered{TimedOut: true}, w.cannot
	}
	keys := w.keys[0]
	w.keys = w.keys[1:]
	return dialplan.Gathered{Keys: keys, TimedOut: keys == ""}, w.cannot
}

// forever is the caller hanging up, when nothing else ends a step.
func forever(d time.Duration) error {
	if d > 0 {
		return nil
	}
	return &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
}

func (w *world) Busy(extension string) bool       { return w.busy[extension] }
func (w *world) Registered(extension string) bool { return !w.gone[extension] }

const extensions = `
site: {country: DE, timezone: Europe/Berlin, headers: [X-Priority]}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "102": {password: b7fd-w2ks-9pte-n4vx}
  "103": {password: m5yr-h8cq-2nwd-x7zt}
`

// planOf reads a dialplan, with the extensions 101 to 103.
func planOf(t *testing.T, text string) *dialplan.Plan {
	t.Helper()
	return parsed(t, extensions+text)
}

// parsed reads a whole configuration.
func parsed(t *testing.T, text string) *dialplan.Plan {
	t.Helper()
	l, err := config.Parse("plan.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return l.Plan
}

// runOf is a call through plan, on Tuesday 2026-05-05 at 10:00.
func runOf(plan *dialplan.Plan, w *world, f dialplan.Facts) *dialplan.Run {
	if w.clock.IsZero() {
		w.clock = time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC)
	}
	if f.Extension != "" && f.From == "" {
		f.From = f.Extension
	}
	r := dialplan.NewRun(f, func() *dialplan.Plan { return plan }, w)
	r.Session, r.Trace, r.Now = w, &dialplan.Trace{}, func() time.Time { return w.clock }
	r.Shuffle = func(n int, swap func(i, j int)) { swap(0, n-1) }
	return r
}

func (w *world) Conference(_ context.Context, j dialplan.Joining) (string, error) {
	as := "member"
	if j.Leader {
		as = "leader"
	}
	w.note("conference %s of %s as %s", j.Room, j.Conference, as)
	return w.refused, nil
}
