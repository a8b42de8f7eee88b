package plantest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/numbering"
)

// What a trunk can be said to be.
const (
	TrunkUp     = "up"
	TrunkDown   = "down"   // it is known that no server answers
	TrunkSilent = "silent" // its server does not answer, which takes the trunk's patience
	TrunkFails  = "fails"  // its servers answer 503
	TrunkFull   = "full"   // no channel is free
)

var trunkStates = [...]string{TrunkUp, TrunkDown, TrunkSilent, TrunkFails, TrunkFull}

// outside is a number outside on its way over one trunk after the other, a
// call.Trunked. The rule is that of real trunks: the next is tried when one has no
// free channel or no server of it takes the call, in the order of via, those that are
// down last (weights are left out, for the same result every time); what the callee
// does is final. When all failed, the last of via says why.
type outside struct {
	call.Outgoing
	now string // guarded by the mutex of world
	*world
}

// String implements call.Contact.
func (o *outside) String() string { return o.Number + " via " + strings.Join(o.Via, ", ") }

// Trunk implements call.Trunked.
func (o *outside) Trunk() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

// Outside implements call.Dialer.
func (w *world) Outside(o call.Outgoing) (call.Contact, error) {
	return &outside{Outgoing: o, world: w}, nil
}

// dial tries the trunks.
func (o *outside) dial(ctx context.Context, inv call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	last := &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "there is no trunk"}
	var all []string
	at := 0 // of last, in via
	for _, name := range o.order() {
		release, e := o.take(ctx, name)
		if e == nil {
			l, err := o.answer(ctx, name, inv, progress)
			if err != nil {
				release()
				return nil, err
			}
			context.AfterFunc(l.ctx, release)
			return l, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		all = append(all, name+": "+e.Error())
		if i := slices.Index(o.Via, name); i >= at {
			last, at = e, i
		}
	}
	if len(all) > 1 {
		last = &dialplan.Ended{Cause: last.Cause, Status: last.Status, Remote: last.Remote, Detail: strings.Join(all, "; ")}
	}
	return nil, last
}

// order are the trunks in the order to try.
func (o *outside) order() []string {
	var list, down []string
	for _, name := range o.Via {
		if o.trunks[name] == TrunkDown {
			down = append(down, name)
		} else {
			list = append(list, name)
		}
	}
	return append(list, down...)
}

// take begins a call over a trunk, or says why it does not take it.
func (o *outside) take(ctx context.Context, name string) (release func(), e *dialplan.Ended) {
	t, known := o.cfg.Trunks[name]
	if !known {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "trunk " + name + " is not configured"}
	}
	state := o.trunks[name]
	o.mu.Lock()
	o.now = name
	if state == TrunkFull || t.Channels > 0 && o.channels[name] >= t.Channels {
		defer o.mu.Unlock()
		if !o.Emergency {
			return nil, &dialplan.Ended{Cause: dialplan.CauseCallLimit, Detail: "no channel is free"}
		}
		o.channels[name]++
		return o.hangUp(name), nil
	}
	o.channels[name]++
	o.mu.Unlock()
	release = o.hangUp(name)
	switch state {
	case TrunkDown:
		e = &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "no server answers"}
	case TrunkFails:
		e = &dialplan.Ended{Cause: dialplan.CauseUnreachable, Status: 503, Remote: true, Detail: "all servers answer 503"}
	case TrunkSilent:
		select {
		case <-time.After(patienceOf(t)):
		case <-ctx.Done():
		}
		e = &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "no server answers"}
	default:
		return release, nil
	}
	release()
	return nil, e
}

func patienceOf(t config.Trunk) time.Duration { return t.Patience.D() }

// hangUp gives back a channel of a trunk.
func (w *world) hangUp(name string) func() {
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.channels[name]--
	}
}

// answer is what the callee does.
func (o *outside) answer(ctx context.Context, trunk string, inv call.Invitation, progress func(call.Progress)) (*leg, error) {
	o.takes(trunk, inv)
	number := o.e164(o.Number)
	o.mu.Lock()
	o.called = append(o.called, number)
	o.mu.Unlock()
	p := o.far[number]
	if p == nil {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Status: 404, Remote: true, Detail: o.Number + " is not in the outside of the test"}
	}
	through := *p
	through.trunk = trunk
	through.known = o.formatsOn(trunk, p.Codecs)
	return o.reach(ctx, &through, inv, progress)
}

// takes notes what a trunk is asked for and told.
func (o *outside) takes(trunk string, inv call.Invitation) {
	if inv.CallID != callID {
		return
	}
	t := o.cfg.Trunks[trunk]
	n := o.plans.Of(t, o.cfg.Site.Country)
	who := n.Identify(o.Outgoing.Outside, t, numbering.Caller{
		Number: inv.From, Anonymous: o.Anonymous, Diverted: o.Diverted, Payer: o.cfg.Extensions[o.As],
	})
	shown := who.Shown
	if who.Hidden {
		shown = "anonymous"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, fmt.Sprintf("%s via %s from %s", n.Dialled(t.Dial, o.Number, o.Emergency), trunk, shown))
}

// e164 is how numbers outside are compared.
func (w *world) e164(number string) string {
	if e164 := w.plan.E164(number); e164 != "" {
		return e164
	}
	return number
}

// place is what reports call a phone that rings.
func (p *phone) place() string {
	if p.trunk != "" {
		return fmt.Sprintf("%s via %s", p.label, p.trunk)
	}
	return p.label
}
