package sipua

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/numbering"
)

// outside is a number outside: dialling it tries its trunks in turn.
type outside struct {
	call.Outgoing
	u   *UA
	now atomic.Pointer[string] // the trunk that is tried
}

var _ call.Trunked = (*outside)(nil)

// Outside implements call.Dialer.
func (u *UA) Outside(o call.Outgoing) (call.Contact, error) {
	trunks := u.config().Trunks
	known := false
	for _, name := range o.Via {
		_, ok := trunks[name]
		known = known || ok
	}
	if !known {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "there is no trunk to " + clean(o.Number)}
	}
	return &outside{Outgoing: o, u: u}, nil
}

// String implements call.Contact.
func (o *outside) String() string {
	return clean(o.Number) + " via " + strings.Join(o.Via, ", ")
}

// Trunk implements call.Trunked.
func (o *outside) Trunk() string {
	if name := o.now.Load(); name != nil {
		return *name
	}
	return ""
}

// onward is what a failure leaves to try.
type onward uint8

const (
	nothing    onward = iota // the callee is to blame, or the call is over
	nextTrunk                // all servers of this one would say the same
	nextServer               // of the same trunk; after the last one, the next trunk
)

// failure is why a call over a trunk failed, and what may still be tried.
type failure struct {
	*dialplan.Ended
	onward
}

// dial tries the trunks in turn, until one reaches the callee, or it is the callee
// who refuses. When all failed, the last of Via says why, whatever came first.
func (o *outside) dial(ctx context.Context, inv call.Invitation, progress func(call.Progress)) (*leg, *dialplan.Ended) {
	log := o.u.log.With("call", inv.CallID)
	heard := &heard{tell: progress}
	var all []string
	at := 0 // of last, in Via
	last := &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "there is no trunk"}
	for _, name := range o.order() {
		o.now.Store(&name)
		l, f := o.over(ctx, name, inv, heard)
		switch {
		case l != nil:
			return l, nil
		case f.onward == nothing:
			return nil, f.Ended
		case ctx.Err() != nil:
			return nil, ended(ctx)
		}
		log.Warn("call over a trunk failed", slog.String("trunk", name), slog.String("number", o.Number), slog.Any("error", f.Ended))
		all = append(all, name+": "+f.Error())
		if i := slices.Index(o.Via, name); i >= at {
			last, at = f.Ended, i
		}
	}
	if len(all) > 1 {
		last = &dialplan.Ended{Cause: last.Cause, Status: last.Status, Remote: last.Remote, Detail: strings.Join(all, "; ")}
	}
	return nil, last
}

// order are the trunks in the order to try. Weights share the load; they do not
// count in an emergency, for which the order was written. Trunks that are known to be
// dead come last, so that not every call waits for each of their servers.
func (o *outside) order() []string {
	all := o.Via
	if !o.Emergency {
		all = o.u.trunks.Weighted(all, rand.IntN)
	}
	var list, dead []string
	for _, name := range all {
		if o.u.trunks.Dead(name) {
			dead = append(dead, name)
		} else {
			list = append(list, name)
		}
	}
	return append(list, dead...)
}

// over calls over one trunk, and again when that leads to another number.
func (o *outside) over(ctx context.Context, name string, inv call.Invitation, heard *heard) (*leg, failure) {
	t, ok := o.u.config().Trunks[name]
	if !ok {
		return nil, failure{&dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "trunk " + name + " is not configured"}, nextTrunk}
	}
	release, ok := o.u.trunks.Acquire(name, o.Emergency)
	if !ok {
		return nil, failure{&dialplan.Ended{Cause: dialplan.CauseCallLimit, Detail: fmt.Sprintf("all %d channels are taken", t.Channels)}, nextTrunk}
	}
	v := &via{outside: o, name: name, trunk: t, numbers: o.u.numbers(t), number: o.Number, urgent: o.Emergency, inv: inv, heard: heard}
	l, f := v.servers(ctx)
	for hops := 0; l == nil && hops < maxRedirections && v.redirected(f); hops++ {
		l, f = v.servers(ctx)
	}
	if l == nil {
		release()
		return nil, v.back(f)
	}
	context.AfterFunc(l.ctx, release)
	return l, failure{}
}

const maxRedirections = 3

// via is a call over one trunk.
type via struct {
	*outside
	name    string
	trunk   config.Trunk
	numbers numbering.Numbers
	number  string // that of outside, or where its redirection leads
	urgent  bool   // number is one for emergencies
	inv     call.Invitation
	heard   *heard
	moved   []string // the Contacts of the last redirection
}

// heard passes on the progress of a call over one server after the other, and
// whether the caller hears the last one.
type heard struct {
	tell  func(call.Progress) // nil: nobody wants to know
	early bool
}

func (h *heard) progress(p call.Progress) {
	h.early = h.early || p.Early != nil
	if h.tell != nil {
		h.tell(p)
	}
}

// again says that what was heard is over, as somebody else is asked now.
func (h *heard) again() {
	if h.early {
		h.progress(call.Progress{Over: true})
		h.early = false
	}
}

// redirected takes up a redirection to another number, if trunk.redirect says so
// and the caller may call that one, too. It is called over the same trunk: its host
// counts for nothing.
func (v *via) redirected(f failure) bool {
	if v.trunk.Redirect != "follow" || f.Cause != dialplan.CauseRedirected || v.Redirected == nil {
		return false
	}
	for _, c := range v.moved {
		num, ok := v.numbers.Read(unescape(partyOf(c).user))
		if !ok || num.String() == v.number {
			continue
		}
		urgent, err := v.Redirected(num.String())
		if err != nil {
			f.Detail += "; not followed: " + err.Error()
			return false
		}
		v.number, v.urgent = num.String(), urgent
		return true
	}
	return false
}

// back gives f, after which the next trunk may be asked for the number that was
// dialled: that must be permitted again when this one has led to another.
func (v *via) back(f failure) failure {
	if v.number == v.Number || f.onward == nothing {
		return f
	}
	if _, err := v.Redirected(v.Number); err != nil {
		f.Detail += "; no other trunk is tried: " + err.Error()
		f.onward = nothing
	}
	return f
}
