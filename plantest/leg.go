package plantest

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// leg is a simulated phone in a call: a call.Inbound for callers, a call.Leg for
// the others.
type leg struct {
	label   string
	party   string // the extension that calls, "" for others
	trunk   string // on which it comes, "" for none
	inbound bool
	ctx     context.Context //nolint:containedctx // ends with the leg, which is asked for it
	cancel  context.CancelCauseFunc
	audio   *endpoint
	known   []codec.Format // that the phone can do
	changed chan struct{}
	infos   chan call.Info
	keys    []Pressing // that a caller presses
	finger  presser

	// wait is how long a caller stays after the answer, 0 is for ever; it leaves
	// hanging up to the phone that it talks with when left says so.
	wait time.Duration
	left func() bool
	// joined is called when a phone that was called talks with the caller; nil does
	// nothing.
	joined func()

	mu       sync.Mutex
	answered bool
}

func newLeg(a *air, label string, known []codec.Format) *leg {
	l := &leg{label: label, audio: a.endpoint(label), known: known, changed: make(chan struct{}, 1), infos: make(chan call.Info)}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

// ID implements call.Leg.
func (l *leg) ID() string { return l.label }

// Info implements call.Leg.
func (l *leg) Info() call.LegInfo {
	return call.LegInfo{Inbound: l.inbound, Party: cmp.Or(l.party, l.label), Trunk: l.trunk, URI: "sip:" + l.label}
}

// Context implements call.Leg.
func (l *leg) Context() context.Context { return l.ctx }

// Media implements call.Leg.
func (l *leg) Media() media.Endpoint { return l.audio }

// Far implements call.Leg.
func (l *leg) Far() call.Want { return call.Want{Formats: l.known, Direction: media.SendRecv} }

// Changed implements call.Leg.
func (l *leg) Changed() <-chan struct{} { return l.changed }

// Infos implements call.Leg.
func (l *leg) Infos() <-chan call.Info { return l.infos }

// SendInfo implements call.Leg.
func (*leg) SendInfo(call.Info) {}

// Connected implements call.Leg.
func (*leg) Connected(call.Identity) {}

// Near implements call.Leg: the phone agrees at once, if it can.
func (l *leg) Near(w call.Want) {
	if l.joined != nil {
		l.joined()
	}
	if c := shared(w, l.known); len(c) > 0 && l.audio.agree(c) {
		select {
		case l.changed <- struct{}{}:
		default:
		}
	}
}

// Hangup implements call.Leg.
func (l *leg) Hangup(e *dialplan.Ended) { l.cancel(e) }

// Ring implements call.Inbound.
func (l *leg) Ring() { _ = l.audio.Hear(ringing) }

const ringing = "ringing"

// Progress implements call.Inbound.
func (l *leg) Progress(near call.Want) error { return l.agree(near) }

// Answer implements call.Inbound.
func (l *leg) Answer(_ context.Context, near call.Want) error {
	if err := l.agree(near); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = true
	if l.wait > 0 {
		time.AfterFunc(l.wait, func() {
			if !l.left() {
				l.leave()
			}
		})
	}
	return nil
}

func (l *leg) agree(near call.Want) error {
	c := shared(near, l.known)
	if len(c) == 0 {
		return &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec}
	}
	l.audio.agree(c)
	l.audio.stop(ringing)
	return nil
}

// leave is the phone hanging up.
func (l *leg) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &dialplan.Ended{Cause: dialplan.CauseNormal, Remote: true}
	if l.inbound && !l.answered {
		e.Cause, e.Status = dialplan.CauseCancelled, 487
	}
	l.cancel(e)
}

// shared are the formats that near and a phone agree on: such as need no conversion, if
// there are any.
func shared(near call.Want, known []codec.Format) []codec.Format {
	if c := common(near.Formats, known); len(c) > 0 {
		return c
	}
	if len(near.Made) == 0 {
		return nil
	}
	return common(append(slices.Clip(near.Made), codec.DTMF), known)
}

// common are the formats of near that known has; no near is every one.
func common(near, known []codec.Format) []codec.Format {
	if len(near) == 0 {
		return known
	}
	var out []codec.Format
	audio := false
	for _, f := range near {
		for _, g := range known {
			if f.Same(g) {
				out, audio = append(out, g), audio || g.IsAudio()
			}
		}
	}
	if !audio {
		return nil
	}
	return out
}

// formatsOf are the formats of codecs by name.
func formatsOf(names ...string) []codec.Format { return config.Media{Codecs: names}.Formats() }
