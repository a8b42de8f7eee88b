package sipua

import (
	"context"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/sipedge"
)

// server answers one request of the far side within the dialog of l. The
// request was admitted: it is next in order.
type server func(l *leg, ctx context.Context, req *sip.Request, tx sip.ServerTransaction)

// inDialog finds the leg that a request belongs to and admits the request in
// the order of CSeq.
func (u *UA) inDialog(serve server) sipedge.Handler {
	return func(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
		l := u.table.of(req)
		if l == nil {
			u.replyOnce(tx, req, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")
			return
		}
		switch l.enter(ctx, req, flow) {
		case 0:
			serve(l, ctx, req, tx)
		case sip.StatusInternalServerError:
			u.reply(tx, req, sip.StatusInternalServerError, "CSeq Out Of Order", retryAfter(1))
		default:
			u.reply(tx, req, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")
		}
	}
}

// enter admits a request when all that were sent before it were admitted, or
// have not come for a while: requests arrive on goroutines of their own and may
// overtake each other. It returns 0, or the status that refuses the request: 500
// for one that is too old (RFC 3261 §12.2.2).
func (l *leg) enter(ctx context.Context, req *sip.Request, flow sipedge.Flow) (status int) {
	status, moved := l.admit(req, flow, false)
	if moved == nil {
		return status
	}
	patience := time.NewTimer(l.ua.reorder)
	defer patience.Stop()
	for moved != nil {
		sipedge.Next(ctx)
		select {
		case <-moved:
		case <-patience.C:
		case <-ctx.Done():
		}
		sipedge.Again(ctx) // not beside the one that it waited for
		missing := true
		select {
		case <-moved: // what is missing may be coming
			missing = false
			patience.Reset(l.ua.reorder)
		default:
		}
		status, moved = l.admit(req, flow, missing || ctx.Err() != nil)
	}
	return status
}

// admit is enter without the wait: moved is closed when the next request was
// admitted, nil when it is decided about req. Late ones are admitted although others
// are missing.
func (l *leg) admit(req *sip.Request, flow sipedge.Flow, late bool) (status int, moved <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, seq := l.dialog.remoteSeq, req.CSeq().SeqNo
	switch {
	case l.phase == over && req.Method != sip.BYE:
		return sip.StatusCallTransactionDoesNotExists, nil
	case last != 0 && seq <= last:
		return sip.StatusInternalServerError, nil
	case last != 0 && seq != last+1 && !late:
		return 0, l.moved
	}
	l.dialog.remoteSeq = seq
	l.move(flow)
	l.heard = time.Now()
	close(l.moved)
	l.moved = make(chan struct{})
	return 0, nil
}

// response answers a request of the far side, with what a response within the
// dialog has to carry.
func (l *leg) response(req *sip.Request, status int, reason string, extra ...sip.Header) *sip.Response {
	res := sipedge.NewResponse(req, status, reason)
	l.mu.Lock()
	if to := res.To(); to != nil && status > 100 {
		to.Params.Add("tag", l.dialog.localTag())
	}
	if status < 300 && req.Method != sip.BYE && req.Method != sip.PRACK && req.Method != sip.INFO {
		res.AppendHeader(&sip.ContactHeader{Address: *l.dialog.contact.Clone()})
		l.ua.introduce(res)
	}
	l.mu.Unlock()
	if status < 300 {
		l.answersPackages(req, res)
	}
	for _, h := range extra {
		res.AppendHeader(h)
	}
	return res
}

func retryAfter(seconds int) sip.Header {
	return sip.NewHeader("Retry-After", strconv.Itoa(seconds))
}

// onOPTIONS says what we can do, and that the dialog is there (RFC 3261 §11.2).
func (l *leg) onOPTIONS(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	l.ua.respond(tx, l.response(req, sip.StatusOK, "OK", sip.NewHeader("Accept", "application/sdp")))
}

// onBYE ends the leg (RFC 3261 §15.1.2).
func (l *leg) onBYE(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	l.ua.respond(tx, l.response(req, sip.StatusOK, "OK"))
	l.mu.Lock()
	cause := dialplan.CauseNormal
	if l.phase == inviting && l.inbound {
		cause = dialplan.CauseCancelled // the INVITE gets 487
	}
	l.mu.Unlock()
	l.finish(endedByRemote(req, cause), false)
}

// bye tells the far side that the leg is over. Whatever comes back, or nothing,
// the dialog ends.
func (l *leg) bye(ctx context.Context, e *dialplan.Ended) {
	l.comeBack(ctx)
	l.mu.Lock()
	l.follow()
	req, flow := l.dialog.request(sip.BYE), l.dialog.flow
	l.mu.Unlock()
	if r := reasonHeader(e); r != nil {
		req.AppendHeader(r)
	}
	if res, err := l.do(ctx, req, flow); err != nil {
		l.log.Debug("BYE without an answer", "error", err)
	} else if res.StatusCode >= 300 {
		l.log.Debug("BYE refused", "status", res.StatusCode)
	}
	l.forget()
}
