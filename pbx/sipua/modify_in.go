package sipua

import (
	"context"

	"github.com/emiago/sipgo/sip"

	"dialtone/media"
	"dialtone/pbx/call"
)

// onReINVITE answers a re-INVITE from what this side is ready to do (RFC 3261 §14.2): at
// once, unless it crosses an offer of ours.
func (l *leg) onReINVITE(ctx context.Context, req *sip.Request, tx sip.ServerTransaction) {
	if !l.ua.vetBody(req, tx) || !l.ua.vetSession(req, tx) {
		return
	}
	if l.awaitOffer(ctx); ctx.Err() != nil {
		return // it was cancelled, or its connection is gone
	}
	res, a := l.answerModify(req)
	l.ua.respond(tx, res)
	if a == nil {
		return
	}
	l.notify()
	l.ua.spawn(func(ctx context.Context) { l.resend(ctx, tx, res, a) })
}

// onUPDATE changes the session or refreshes its timer (RFC 3311 §5.2, RFC 4028).
func (l *leg) onUPDATE(ctx context.Context, req *sip.Request, tx sip.ServerTransaction) {
	if !l.ua.vetBody(req, tx) || !l.ua.vetSession(req, tx) {
		return
	}
	if sdpBody(req) != nil {
		l.awaitOffer(ctx)
	}
	if ctx.Err() != nil {
		return // its connection is gone
	}
	res, _ := l.answerModify(req)
	l.ua.respond(tx, res)
	if res.IsSuccess() {
		l.notify()
	}
}

// answerModify makes the final response to a re-INVITE or UPDATE. For a 2xx to a
// re-INVITE it says what ACK to wait for.
func (l *leg) answerModify(req *sip.Request) (*sip.Response, *unacked) {
	ok := l.response(req, sip.StatusOK, "OK")
	invite := req.IsInvite()
	l.mu.Lock()
	status, reason, extra, offer := l.tryModify(req, ok)
	if status != 0 {
		l.mu.Unlock()
		return l.response(req, status, reason, extra...), nil
	}
	l.dialog.refresh(req.Contact())
	l.learn(req)
	l.session.read(l.ua, req)
	l.session.answer(l, ok)
	var a *unacked
	if invite {
		a = l.expectACK(req.CSeq().SeqNo, offer)
	}
	l.modify()
	l.mu.Unlock()
	return ok, a
}

// tryModify puts the session description into ok, or says how to refuse; offer
// tells that it is an offer of ours. mu is held.
func (l *leg) tryModify(req *sip.Request, ok *sip.Response) (status int, reason string, extra []sip.Header, offer bool) {
	body := sdpBody(req)
	switch {
	case l.phase == over:
		return sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", nil, false
	case l.phase == inviting && req.IsInvite() && !l.inbound:
		return sip.StatusRequestPending, "Request Pending", nil, false
	case req.IsInvite() && (l.phase == inviting || len(l.unacked) >= maxUnacked):
		return sip.StatusInternalServerError, "INVITE Pending", []sip.Header{retryAfter(3)}, false
	case body == nil && !req.IsInvite():
		return 0, "", nil, false // UPDATE that only refreshes
	case l.offering:
		return sip.StatusRequestPending, "Request Pending", nil, false
	}
	var err error
	if body != nil {
		body, err = l.audio.answerTo(body, l.nearNow())
	} else {
		body, err = l.audio.offer(l.nearNow())
		offer = err == nil
	}
	if err != nil {
		status, reason, extra = refuseOffer(err)
		return status, reason, extra, false
	}
	l.offering = offer
	l.stubborn = nil
	setBody(ok, body)
	return 0, "", nil, offer
}

// nearNow is what this side is ready to do; mu is held.
func (l *leg) nearNow() call.Want {
	if l.nearSet {
		return l.near
	}
	return call.Want{Direction: media.SendRecv}
}
