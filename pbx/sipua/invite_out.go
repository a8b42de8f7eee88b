package sipua

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// maxInviteTries is how often one phone is invited at most: again after a
// redirection to itself, a longer session interval, or without encryption.
const maxInviteTries = 5

// Dial implements call.Dialer.
func (u *UA) Dial(ctx context.Context, to call.Contact, inv call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	if u.draining.Load() {
		return nil, &dialplan.Ended{Cause: dialplan.CauseShutdown}
	}
	var l *leg
	var e *dialplan.Ended
	switch to := to.(type) {
	case *contact:
		l, e = u.invite(ctx, u.phone(to, inv), inv, progress)
	case *outside:
		l, e = to.dial(ctx, inv, progress)
	default:
		e = &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: fmt.Sprintf("contact %s is not one of SIP", to)}
	}
	if e != nil {
		return nil, e
	}
	return l, nil
}

// invite makes one attempt and sees it through.
func (u *UA) invite(ctx context.Context, to callee, inv call.Invitation, progress func(call.Progress)) (*leg, *dialplan.Ended) {
	a, e := u.newAttempt(to, inv, progress)
	if e != nil {
		return nil, e
	}
	return a.dial(ctx)
}

// dial invites until there is an answer, a refusal for good, or ctx ends.
func (a *attempt) dial(ctx context.Context) (*leg, *dialplan.Ended) {
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			a.abandon()
			return nil, ended(ctx)
		}
		l, refusal, e := a.invite(ctx)
		switch {
		case l != nil:
			return l, nil
		case refusal == nil:
			return nil, e
		case try >= maxInviteTries || !a.again(refusal):
			a.abandon()
			a.refusal = refusal
			return nil, a.refused(refusal)
		}
		a.losers(nil)
	}
}

// invite sends one INVITE and sees it through: a leg when it was answered, the
// final response when it was refused, else why it failed.
func (a *attempt) invite(ctx context.Context) (*leg, *sip.Response, *dialplan.Ended) {
	if err := a.send(ctx); err != nil {
		a.abandon()
		if ctx.Err() != nil {
			return nil, nil, ended(ctx)
		}
		return nil, nil, unreachable("INVITE", err)
	}
	silence := make(<-chan time.Time)
	if a.to.patience > 0 {
		timer := time.NewTimer(a.to.patience)
		defer timer.Stop()
		silence = timer.C
	}
	for {
		select {
		case res := <-a.tx.Responses():
			silence = nil
			switch {
			case res.IsProvisional():
				a.provisional(res)
			case res.IsSuccess():
				l, e := a.answered(res)
				return l, nil, e
			default:
				return nil, res, nil
			}
		case <-a.tx.Done():
			a.abandon()
			return nil, nil, unreachable("INVITE", a.tx.Err())
		case <-silence:
			e := unreachable("INVITE", fmt.Errorf("no response within %s", a.to.patience))
			a.u.spawn(func(bg context.Context) { a.withdraw(bg, e) })
			return nil, nil, e
		case <-ctx.Done():
			e := ended(ctx)
			a.u.spawn(func(bg context.Context) { a.withdraw(bg, e) })
			return nil, nil, e
		}
	}
}

// send starts the transaction of a new INVITE.
func (a *attempt) send(ctx context.Context) error {
	req := a.half.request(sip.INVITE)
	if mf := req.MaxForwards(); mf != nil && a.inv.MaxForwards > 0 {
		*mf = sip.MaxForwardsHeader(max(a.inv.MaxForwards-1, 0))
	}
	for _, h := range slices.Concat(a.to.headers, a.proof) {
		req.AppendHeader(sip.HeaderClone(h))
	}
	for _, name := range slices.Sorted(maps.Keys(a.inv.Headers)) {
		req.AppendHeader(sip.NewHeader(name, a.inv.Headers[name]))
	}
	if a.inv.Voicemail {
		req.AppendHeader(sip.NewHeader("X-Decline", "voicemail"))
	}
	a.u.introduce(req)
	a.session.ask(req, a.u)
	setBody(req, a.offer)
	tx, err := a.u.edge.Request(ctx, req, a.half.flow)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.req, a.tx, a.way, a.rang = req, tx, sipedge.FlowOf(tx), false
	if a.half.flow.IsZero() {
		a.half.flow = a.way
	}
	a.late = newLatecomers(a)
	a.mu.Unlock()
	tx.OnRetransmission(a.late.take)
	return nil
}

func identity(name string, uri sip.Uri) string {
	if name = quotedName(name); name != "" {
		return `"` + name + `" <` + uri.String() + ">"
	}
	return "<" + uri.String() + ">"
}

// withdraw cancels the INVITE on behalf of a caller who no longer wants an
// answer, and sees the transaction to its end: a phone that answers at the same
// moment is acknowledged and hung up.
func (a *attempt) withdraw(bg context.Context, e *dialplan.Ended) {
	a.abandon() // a silent phone must not keep an RTP port for Timer B
	a.mu.Lock()
	rang := a.rang
	a.mu.Unlock()
	a.decide("", e)
	limit := time.NewTimer(64*a.u.t1 + a.u.t1) // Timer B ends a silent one before
	defer limit.Stop()
	cancelled := false
	cancel := func() {
		if !cancelled {
			cancelled = true
			limit.Reset(64 * a.u.t1)
			a.u.cancel(bg, a.req, a.way, e)
		}
	}
	if rang {
		cancel()
	}
	for {
		select {
		case res := <-a.tx.Responses():
			switch {
			case res.IsProvisional():
				cancel() // RFC 3261 §9.1: not before
			case res.IsSuccess():
				a.late.tooLate(res)
				return
			default:
				return
			}
		case <-a.tx.Done():
			return
		case <-limit.C:
			a.tx.Terminate()
			return
		case <-bg.Done():
			a.tx.Terminate()
			return
		}
	}
}

// cancel sends the CANCEL for an INVITE of ours the way that the INVITE went
// (RFC 3261 §9.1). It is sent on return: a BYE to who answers nevertheless comes after
// it.
func (u *UA) cancel(ctx context.Context, invite *sip.Request, f sipedge.Flow, e *dialplan.Ended) {
	req := sipedge.NewCancel(invite)
	if r := reasonHeader(e); r != nil {
		req.AppendHeader(r)
	}
	tx, err := u.edge.Request(ctx, req, f)
	if err != nil {
		u.log.Debug("CANCEL not sent", "call_id", req.CallID().Value(), "error", err)
		return
	}
	if !u.spawn(func(ctx context.Context) {
		if _, err := u.final(ctx, tx); err != nil {
			u.log.Debug("CANCEL without an answer", "call_id", req.CallID().Value(), "error", err)
		}
	}) {
		tx.Terminate()
	}
}

// again prepares another try after a refusal that tells how to do better.
func (a *attempt) again(res *sip.Response) bool {
	switch {
	case res.StatusCode == 422:
		n, ok := decimal(res, "Min-SE")
		longer := time.Duration(n) * time.Second
		if !ok || n > maxSessionExpires || longer <= a.session.interval {
			return false
		}
		a.session.interval = longer
		return true
	case res.IsRedirection():
		return a.to.trunk == "" && a.redirect(res)
	case challenged(res):
		return a.prove(res)
	case res.StatusCode == sip.StatusNotAcceptableHere, res.StatusCode == sip.StatusUnsupportedMediaType, res.StatusCode == sip.StatusGlobalNotAcceptable:
		return a.unseen() || a.plain()
	}
	return false
}

// redirect follows a 3xx to another contact of the same phone or extension, and
// to nobody else: what a phone says must not make us call strangers.
func (a *attempt) redirect(res *sip.Response) bool {
	for _, item := range list(res, "Contact") {
		uri, ok := parseURI(item)
		if !ok {
			continue
		}
		for _, c := range a.u.registrar.Lookup(a.to.party) {
			k, err := readContact(c)
			if err != nil || !sameTarget(k.uri, uri) || sameTarget(uri, a.half.target) {
				continue
			}
			a.half.target, a.half.flow, a.half.routes = k.uri, k.way(), k.path
			a.half.contact = a.u.edge.ContactURI(k.flow, unescape(a.half.local.Address.User))
			return true
		}
	}
	return false
}

func sameTarget(a, b sip.Uri) bool {
	return a.User == b.User && strings.EqualFold(a.Host, b.Host) && a.Port == b.Port
}

// refused is why the call failed after a final refusal.
func (a *attempt) refused(res *sip.Response) *dialplan.Ended {
	e := refusedWith(res)
	if res.IsRedirection() {
		e.Cause = dialplan.CauseRedirected
		if to := list(res, "Contact"); len(to) > 0 {
			e.Detail = "to " + clean(to[0])
		}
	}
	return e
}
