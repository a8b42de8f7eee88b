package dialplan_test

import (
	"context"
	"fmt"
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
}

func (w *world) note(format string, args ...any) { w.did = append(w.did, fmt.Sprintf(format, args...)) }

func (w *world) Answer(context.Context) error { w.note("answer"); return nil }
func (w *world) Ring(context.Context) error   { w.note("ring"); return nil }

func (w *world) Wait(_ context.Context, d time.Duration) error {
	w.note("wait %s", d)
	w.clock = w.clock.Add(d)
	return nil
}

func (w *world) Dial(_ context.Context, r dialplan.Ringing) (string, error) {
	w.note("dial %s", r)
	if r.FromName != "" {
		w.note("as %s", r.FromName)
	}
	if w.onDial != nil {
		w.onDial()
	}
	var worst error = &dialplan.Ended{Cause: dialplan.CauseNoAnswer}
	for _, t := range r.Targets {
		switch how := w.answers[t.Extension]; how {
		case "answers":
			return t.Extension, &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
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

func (w *world) Music(_ context.Context, d time.Duration) error {
	w.note("music %s", d)
	return forever(d)
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
	l, err := config.Parse("plan.yaml", []byte(extensions+text), nil)
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
