package sipua

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// inLeg implements call.Inbound. The mutex of leg guards what comes below it.
type inLeg struct {
	*leg
	req      *sip.Request
	tx       sip.ServerTransaction
	offered  bool          // the INVITE had an offer
	answer   chan inAnswer // capacity 1: the 2xx that serve repeats
	refused  chan struct{} // closed when a final refusal was sent
	answered chan struct{} // closed when a 2xx is sent
	rel      reliable      // provisional responses that need PRACK
	early    []byte        // the description that a 183 carried
	repeat   *time.Timer   // sends the last provisional response again
}

var _ call.Inbound = (*inLeg)(nil)

// inAnswer is a 2xx on its way and the ACK that it waits for.
type inAnswer struct {
	res *sip.Response
	ack *unacked
}

func (u *UA) newInLeg(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow, from origin) *inLeg {
	d := dialogOfInvite(req, flow, newTag())
	d.contact = u.edge.ContactURI(flow, unescape(req.Recipient.User))
	policy := u.audioOf(from.extension)
	if from.trunk != "" {
		policy = u.audioOfTrunk(from.trunk)
		seen := u.trunks.Contact(from.trunk, flow)
		d.contact.Host, d.contact.Port = seen.Host, seen.Port
	}
	l := &inLeg{
		leg: u.newLeg(true, d, u.newAudio(u.path(flow), policy)),
		req: req, tx: tx, offered: sdpBody(req) != nil,
		answer: make(chan inAnswer, 1), refused: make(chan struct{}), answered: make(chan struct{}),
	}
	l.audio.port.await()
	l.party, l.trunk = from.extension, from.trunk
	if flow.WebSocket() {
		l.instance = u.instanceAt(from.extension, flow)
	}
	l.connected.told.Number = unescape(req.Recipient.User)
	l.learn(req)
	l.rel.required = hasToken(req, "Require", "100rel")
	l.rel.supported = l.rel.required || hasToken(req, "Supported", "100rel")
	l.session.read(u, req)
	l.refuse, l.prack = l.sendRefusal, l.onPRACK
	return l
}

// serve keeps the INVITE transaction until it is over: until a refusal was sent,
// or a 2xx has its ACK.
func (l *inLeg) serve(ctx context.Context) {
	select {
	case a := <-l.answer:
		l.resend(ctx, l.tx, a.res, a.ack)
	case <-l.refused:
	case <-l.tx.Done():
		l.finish(&dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: "the caller's connection is gone", Remote: true}, false)
	case <-ctx.Done():
	}
}

// onCancel ends the leg because the caller gave up; the transaction answers the
// INVITE with 487 by itself.
func (l *inLeg) onCancel(cancel *sip.Request) {
	e := &dialplan.Ended{Cause: dialplan.CauseCancelled, Status: sip.StatusRequestTerminated, Remote: true}
	if cancel != nil {
		e = endedByRemote(cancel, dialplan.CauseCancelled)
		e.Status = sip.StatusRequestTerminated
	}
	l.finish(e, false)
}

// sendRefusal answers the INVITE with the final response that e stands for.
func (l *inLeg) sendRefusal(e *dialplan.Ended) {
	status, extra := refusalOf(e)
	if e.Cause == dialplan.CauseCancelled {
		status = sip.StatusRequestTerminated
	}
	l.refuseINVITE(status, reasonPhrase(status), extra)
}

func (l *inLeg) refuseINVITE(status int, reason string, extra []sip.Header) {
	l.stopProvisional()
	l.ua.respond(l.tx, l.response(l.req, status, reason, extra...))
	close(l.refused)
	l.forget()
}

// Ring implements call.Inbound.
func (l *inLeg) Ring() { l.provisional(sip.StatusRinging, "Ringing", nil) }

// Progress implements call.Inbound.
func (l *inLeg) Progress(near call.Want) error {
	l.mu.Lock()
	if l.phase != inviting {
		defer l.mu.Unlock()
		return l.whyLocked()
	}
	if l.early == nil {
		body, e := l.describe(near, l.rel.supported)
		if e != nil {
			l.mu.Unlock()
			return e
		}
		l.early = body
	}
	body := l.early
	if l.rel.agreed {
		body = nil // RFC 6337 §3.1.1
	}
	l.mu.Unlock()
	l.provisional(sip.StatusSessionInProgress, "Session Progress", body)
	return nil
}

// describe makes the answer to the caller's offer, or an offer when the caller
// made none and that is possible now; mu is held.
func (l *inLeg) describe(near call.Want, mayOffer bool) ([]byte, *dialplan.Ended) {
	var body []byte
	var err error
	switch {
	case l.offered:
		body, err = l.audio.answer(near)
	case mayOffer:
		body, err = l.audio.offer(near)
	default:
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Detail: "the caller made no offer and takes none before the answer"}
	}
	if err != nil {
		return nil, notAcceptable("caller", err)
	}
	l.near, l.nearSet = near, true
	l.offering = !l.offered
	return body, nil
}

// Answer implements call.Inbound.
func (l *inLeg) Answer(ctx context.Context, near call.Want) error {
	if e := l.awaitPRACK(ctx); e != nil {
		return e
	}
	a, e := l.accept(near)
	if e != nil {
		return e
	}
	l.stopProvisional()
	if err := l.ua.edge.Respond(l.tx, a.res); err != nil {
		l.log.Debug("200 not sent", "error", err)
	}
	l.answer <- a
	select {
	case <-a.ack.done:
	case <-l.ctx.Done():
	case <-ctx.Done():
		l.Hangup(ended(ctx))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == over && !l.taken { // who hangs up at once was answered all the same
		return l.whyLocked()
	}
	return nil
}

// accept builds the 200. The leg stays as it was when there is no common codec.
func (l *inLeg) accept(near call.Want) (inAnswer, *dialplan.Ended) {
	res := l.response(l.req, sip.StatusOK, "OK")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase != inviting {
		return inAnswer{}, l.whyLocked()
	}
	body := l.early
	if body == nil {
		var e *dialplan.Ended
		if body, e = l.describe(near, true); e != nil {
			return inAnswer{}, e
		}
	}
	if !l.rel.agreed {
		setBody(res, body)
	}
	l.near, l.nearSet = near, true
	l.session.answer(l.leg, res)
	if h := l.connected.header; h != nil {
		res.AppendHeader(sip.HeaderClone(h))
	}
	l.edition = l.audio.current()
	l.phase = accepted
	l.audio.port.answered()
	close(l.answered)
	offer := !l.offered && !l.rel.agreed
	return inAnswer{res, l.expectACK(l.req.CSeq().SeqNo, offer)}, nil
}

// whyLocked is why for when mu is held: the context of a leg that is over ends
// only afterwards.
func (l *leg) whyLocked() *dialplan.Ended {
	if l.phase == over {
		return l.reason
	}
	return &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: "the call was answered before"}
}
