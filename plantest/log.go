package plantest

import (
	"context"
	"log/slog"
)

// lines is a slog.Handler that keeps what the step log says in the call that is
// tested.
type lines struct {
	world *world
	ours  bool
}

// Enabled implements slog.Handler.
func (lines) Enabled(context.Context, slog.Level) bool { return true }

// WithGroup implements slog.Handler.
func (l lines) WithGroup(string) slog.Handler { return l }

// WithAttrs implements slog.Handler.
func (l lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "call" {
			l.ours = a.Value.String() == callID
		}
	}
	return l
}

// Handle implements slog.Handler.
func (l lines) Handle(_ context.Context, r slog.Record) error {
	if !l.ours || r.Message != "dialplan" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "says" {
			l.world.mu.Lock()
			defer l.world.mu.Unlock()
			l.world.logged = append(l.world.logged, a.Value.String())
		}
		return true
	})
	return nil
}
