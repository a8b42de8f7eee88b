package sipua

import (
	"context"
	"log/slog"
	"sync"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/sipedge"
)

// latecomers takes every 2xx to an INVITE after the first: one that is repeated is
// acknowledged again, that of another phone is acknowledged and hung up. The edge
// keeps it for 64*T1 (RFC 6026 §7.2), so it holds no leg and no attempt.
type latecomers struct {
	u       *UA
	flow    sipedge.Flow
	contact sip.Uri
	call    string
	trunk   string
	decided chan struct{} // closed when the attempt is answered or withdrawn

	mu     sync.Mutex
	winner string          // To tag of the leg that was answered
	why    *dialplan.Ended // for which the attempt was withdrawn
	spare  map[string]bool // To tags whose 2xx was hung up
}

func newLatecomers(a *attempt) *latecomers {
	return &latecomers{u: a.u, flow: a.half.flow, contact: a.half.contact, call: a.inv.CallID, trunk: a.to.trunk, decided: make(chan struct{})}
}

// decide says which leg was answered, or why none is to be any more.
func (a *attempt) decide(winner string, why *dialplan.Ended) {
	a.late.mu.Lock()
	a.late.winner, a.late.why = winner, why
	a.late.mu.Unlock()
	close(a.late.decided)
}

// take is called with the 2xx after the first.
func (t *latecomers) take(res *sip.Response) {
	select {
	case <-t.decided: // the first one is still being looked at
	case <-t.u.ctx.Done():
		return
	}
	t.tooLate(res)
}

// tooLate acknowledges a 2xx that nobody waits for, and says BYE unless it belongs
// to the leg that was answered or has been told so. All that this takes is in the
// response.
func (t *latecomers) tooLate(res *sip.Response) {
	from, id, cseq := res.From(), res.CallID(), res.CSeq()
	if from == nil || id == nil || cseq == nil {
		return
	}
	half := dialog{callID: id.Value(), flow: t.flow, contact: t.contact, local: *from, localSeq: cseq.SeqNo, owned: true}
	d := half.fork(res)
	if l := t.u.table.answered(res); l != nil {
		l.mu.Lock()
		d.flow = l.dialog.flow // it may have moved
		l.mu.Unlock()
	}
	t.u.writeACK(d.requestAt(sip.ACK, cseq.SeqNo), d.flow)
	why, first := t.hangUp(toTag(res))
	if !first {
		return
	}
	t.u.log.Info("answered too late", slog.String("call", t.call), slog.String("contact", d.target.String()))
	bye := d.request(sip.BYE)
	if r := reasonHeader(why); r != nil {
		bye.AppendHeader(r)
	}
	t.u.spawn(func(ctx context.Context) {
		if _, err := t.u.ask(ctx, t.trunk, bye, d.flow, d.next); err != nil {
			t.u.log.Debug("BYE without an answer", "call", t.call, "error", err)
		}
	})
}

// hangUp says why a 2xx with that tag is hung up, and whether it is the first.
func (t *latecomers) hangUp(tag string) (why *dialplan.Ended, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.winner != "" && tag == t.winner || t.spare[tag] {
		return nil, false
	}
	if t.spare == nil {
		t.spare = map[string]bool{}
	}
	if len(t.spare) < maxForks {
		t.spare[tag] = true
	}
	if t.why == nil {
		return &dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere}, true
	}
	return t.why, true
}
