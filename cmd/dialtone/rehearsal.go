package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/settings"
)

// rehearsal is a call that is only thought of: steps succeed at once, until one comes
// out as it will and nobody can say how beforehand.
type rehearsal struct {
	saidPhones
	cfg    *config.Config
	own    *settings.Settings
	note   func(string) // for the trace
	caller string       // the extension that calls, "" for a call from outside
	stop   context.CancelCauseFunc
	forbid func(*dialplan.Ended) // hears of numbers that may not be called
}

var (
	_ dialplan.Session = rehearsal{}
	_ dialplan.Web     = rehearsal{}
	_ dialplan.Outbox  = rehearsal{}
)

// What it depends on how a call goes on.
var (
	errAnswer  = errors.New("who answers")
	errPressed = errors.New("what the caller presses")
	errReply   = errors.New("what the server replies")
	errHangsUp = errors.New("when the caller hangs up")
)

func (r rehearsal) depends(on error) error {
	r.stop(on)
	return on
}

// lasts is a step that is over at once, unless only the caller ends it.
func (r rehearsal) lasts(d time.Duration) error {
	if d == 0 {
		return r.depends(errHangsUp)
	}
	return nil
}

// Answer implements dialplan.Session.
func (rehearsal) Answer(context.Context) error { return nil }

// Ring implements dialplan.Session.
func (rehearsal) Ring(context.Context) error { return nil }

// Progress implements dialplan.Session.
func (rehearsal) Progress(context.Context) error { return nil }

// Wait implements dialplan.Session.
func (rehearsal) Wait(context.Context, time.Duration) error { return nil }

// Dial implements dialplan.Session: it comes to nothing only when no phone can ring
// and no number may be called.
func (r rehearsal) Dial(_ context.Context, ring dialplan.Ringing) (string, error) {
	cause := dialplan.CauseNone
	var why []string
	for _, t := range ring.Targets {
		c, reason, box := r.fails(t, nil)
		if box != "" && len(ring.Targets) == 1 {
			return "", &dialplan.ForwardedError{Mailbox: box, Why: &dialplan.Ended{Cause: c, Detail: reason}}
		}
		if c == dialplan.CauseNone {
			return "", r.depends(errAnswer)
		}
		if cause == dialplan.CauseNone || c == dialplan.CauseBusy || c == dialplan.CauseDoNotDisturb {
			cause = c // those say more than others
		}
		why = append(why, reason)
	}
	return "", &dialplan.Ended{Cause: cause, Detail: strings.Join(why, ", ")}
}

// Echo implements dialplan.Session.
func (r rehearsal) Echo(_ context.Context, d time.Duration) error { return r.lasts(d) }

// Tone implements dialplan.Session.
func (r rehearsal) Tone(_ context.Context, _ float64, d time.Duration) error { return r.lasts(d) }

// DelayedEcho implements dialplan.Session.
func (r rehearsal) DelayedEcho(_ context.Context, _, d time.Duration) error { return r.lasts(d) }

// Signal implements dialplan.Session.
func (r rehearsal) Signal(_ context.Context, _ string, d time.Duration) error { return r.lasts(d) }

// SendKeys implements dialplan.Session.
func (rehearsal) SendKeys(context.Context, string) error { return nil }

// KeyEcho implements dialplan.Session.
func (r rehearsal) KeyEcho(_ context.Context, d time.Duration) error { return r.lasts(d) }

// Music implements dialplan.Session.
func (r rehearsal) Music(_ context.Context, _ string, d time.Duration) error { return r.lasts(d) }

// Conference implements dialplan.Session.
func (r rehearsal) Conference(context.Context, dialplan.Joining) (string, error) {
	return "", r.depends(errHangsUp)
}

// Play implements dialplan.Session.
func (rehearsal) Play(context.Context, dialplan.Playing) (string, error) { return "", nil }

// Gather implements dialplan.Session.
func (r rehearsal) Gather(context.Context, dialplan.Gathering) (dialplan.Gathered, error) {
	return dialplan.Gathered{}, r.depends(errPressed)
}

// Deposit implements dialplan.Session.
func (r rehearsal) Deposit(context.Context, dialplan.Depositing) (dialplan.Deposited, error) {
	return dialplan.Deposited{}, r.depends(errHangsUp)
}

// Visit implements dialplan.Session.
func (r rehearsal) Visit(context.Context, dialplan.Visiting) (dialplan.Visited, error) {
	return dialplan.Visited{}, r.depends(errPressed)
}

// Record implements dialplan.Session.
func (rehearsal) Record(context.Context, dialplan.Recording) (string, error) { return "", nil }

// Fetch implements dialplan.Web.
func (r rehearsal) Fetch(context.Context, dialplan.Request) (dialplan.Reply, error) {
	return dialplan.Reply{}, r.depends(errReply)
}

// Webhook implements dialplan.Outbox.
func (rehearsal) Webhook(dialplan.Notice) error { return nil }

// Email implements dialplan.Outbox.
func (rehearsal) Email(dialplan.Mail) error { return nil }
