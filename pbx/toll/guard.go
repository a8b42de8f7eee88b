package toll

import (
	"cmp"
	"log/slog"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan/number"
	"dialtone/pbx/call"
)

// EventLimit is the attribute event of the alert that a limit was reached.
const EventLimit = "toll-limit"

// alertEvery is for how long a reached limit of one extension raises no alert again.
const alertEvery = 10 * time.Minute

// Options are what a Guard works with; all are required.
type Options struct {
	Config func() *config.Config // the one in force: a reload counts from the next call on
	Log    *slog.Logger
}

// Guard implements call.Guard.
type Guard struct {
	config func() *config.Config
	log    *slog.Logger
	start  time.Time

	mu      sync.Mutex
	ledger  ledger
	swept   int64 // the minute in which the ledger was swept
	plans   number.Plans
	told    recent               // calls whose refusal was logged
	alerted map[string]time.Time // when a limit of an extension was last reported
}

// New returns a Guard that has counted nothing yet.
func New(o Options) *Guard {
	return &Guard{
		config: o.Config, log: o.Log, start: time.Now(),
		ledger: ledger{}, alerted: map[string]time.Time{},
	}
}

// Permit implements call.Guard.
func (g *Guard) Permit(t call.Toll) (call.Permit, error) {
	p := &permit{guard: g}
	if err := p.Move(t); err != nil {
		return nil, err
	}
	return p, nil
}

// refused is the line of the log about a call that may not be made, nil when there was
// one: there is one for each call, however often its plan tries. g.mu is held.
func (g *Guard) refused(t call.Toll, d *decision) (attrs []any) {
	if g.told.seen(t.CallID + " " + t.Extension) {
		return nil
	}
	attrs = []any{
		slog.String("call", t.CallID), slog.String("reason", d.reason),
		slog.String("extension", cmp.Or(t.Extension, "none")), slog.String("from", t.From), slog.String("number", t.Number),
	}
	if d.kind != "" {
		attrs = append(attrs, slog.String("kind", string(d.kind)), slog.String("country", d.country))
	}
	if d.limit && g.alert(t.Extension) {
		attrs = append(attrs, slog.String("event", EventLimit))
	}
	return attrs
}

// alert reports whether it is time to raise an alert about extension.
func (g *Guard) alert(extension string) bool {
	now := time.Now()
	for e, at := range g.alerted {
		if now.Sub(at) >= alertEvery {
			delete(g.alerted, e)
		}
	}
	if _, lately := g.alerted[extension]; lately {
		return false
	}
	g.alerted[extension] = now
	return true
}

// maxRecent is how many calls are remembered as logged.
const maxRecent = 1024

// recent remembers the last maxRecent to 2*maxRecent texts.
type recent struct{ young, old map[string]bool }

// seen reports whether it was asked for key before.
func (r *recent) seen(key string) bool {
	if r.young[key] || r.old[key] {
		return true
	}
	if len(r.young) >= maxRecent {
		r.old, r.young = r.young, nil
	}
	if r.young == nil {
		r.young = map[string]bool{}
	}
	r.young[key] = true
	return false
}
