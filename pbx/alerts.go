package pbx

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"dialtone/pbx/api"
)

// alertKey is the attribute that makes a warning or an error an alert.
const alertKey = "event"

// maxAlerts is how many are kept.
const maxAlerts = 100

// alerts keeps the last events that an operator should know of: lines of the log
// with an attribute event. Any room raises one by logging it.
type alerts struct {
	mu   sync.Mutex
	ring []api.Alert
	next int
}

func (a *alerts) add(alert api.Alert) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ring) < maxAlerts {
		a.ring = append(a.ring, alert)
		return
	}
	a.ring[a.next] = alert
	a.next = (a.next + 1) % maxAlerts
}

// newest gives them, the last one first.
func (a *alerts) newest() []api.Alert {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := slices.Concat(a.ring[a.next:], a.ring[:a.next])
	slices.Reverse(out)
	return out
}

// watched is a log handler that keeps the alerts among what it passes on.
type watched struct {
	slog.Handler
	alerts *alerts
	attrs  []slog.Attr
	group  bool
}

// Enabled implements slog.Handler: warnings are looked at even when they are not
// written.
func (w watched) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn || w.Handler.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (w watched) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		w.look(r)
	}
	if !w.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return w.Handler.Handle(ctx, r)
}

func (w watched) look(r slog.Record) {
	alert := api.Alert{At: r.Time, Level: strings.ToLower(r.Level.String()), Text: r.Message}
	note := func(a slog.Attr) bool {
		switch {
		case a.Key == alertKey:
			alert.Event = a.Value.String()
		case alert.Values == nil:
			alert.Values = map[string]string{}
			fallthrough
		default:
			alert.Values[a.Key] = a.Value.Resolve().String()
		}
		return true
	}
	for _, a := range w.attrs {
		note(a)
	}
	r.Attrs(note)
	if alert.Event != "" {
		w.alerts.add(alert)
	}
}

// WithAttrs implements slog.Handler.
func (w watched) WithAttrs(attrs []slog.Attr) slog.Handler {
	w.Handler = w.Handler.WithAttrs(attrs)
	if !w.group {
		w.attrs = slices.Concat(w.attrs, attrs)
	}
	return w
}

// WithGroup implements slog.Handler.
func (w watched) WithGroup(name string) slog.Handler {
	w.Handler, w.group = w.Handler.WithGroup(name), true
	return w
}
