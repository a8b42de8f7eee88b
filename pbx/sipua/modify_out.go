package sipua

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// modify starts a renegotiation when one is needed and possible, and none runs;
// mu is held. It is called whenever one of the reasons may have changed.
func (l *leg) modify() {
	if !l.modifying && l.mayModify() && (l.wantsOffer() || l.session.due || l.connected.due) {
		l.modifying = l.ua.spawn(l.renegotiate)
	}
}

// mayModify: one offer at a time, and none while an INVITE or its ACK is on the
// way (RFC 3261 §14.1); mu is held. Before the answer only UPDATE can change the
// session, once both sides have agreed on one (RFC 3311 §5.1).
func (l *leg) mayModify() bool {
	if l.offering || len(l.unacked) > 0 {
		return false
	}
	return l.phase == confirmed || l.phase == inviting && l.agreedEarly && l.allows("UPDATE")
}

// wantsOffer: what is agreed is not what this side is ready to do; mu is held.
func (l *leg) wantsOffer() bool {
	return l.nearSet && l.audio.differs(l.near) && (l.stubborn == nil || !equal(*l.stubborn, l.near))
}

func equal(v, w call.Want) bool {
	return v.Direction == w.Direction && v.Best == w.Best && slices.Equal(v.Formats, w.Formats) && slices.Equal(v.Made, w.Made) && v.Video.Equal(w.Video)
}

// renegotiate makes offers until nothing is left to change, and refreshes the
// session timer. One such goroutine runs per leg, at most.
func (l *leg) renegotiate(ctx context.Context) {
	for tries := 0; ; tries++ {
		m, ok := l.nextModify(tries)
		if !ok {
			return
		}
		res, err := l.send(ctx, &m)
		wait := l.modified(m, res, err)
		if wait > 0 && !l.sleep(ctx, wait, m.enough(res, tries)) {
			wait = -1
		}
		if wait < 0 {
			l.mu.Lock()
			l.modifying = false
			l.mu.Unlock()
			return
		}
	}
}

// modification is one request of ours that changes or refreshes the session.
type modification struct {
	req   *sip.Request
	flow  sipedge.Flow
	near  call.Want
	offer bool
	told  call.Identity // with whom the far side talks, as it says

	through <-chan struct{} // closed when a change by the far side that crosses it is through
}

const maxModifyTries = 20

// nextModify builds the next request, or ends the renegotiation.
func (l *leg) nextModify(tries int) (modification, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := modification{near: l.nearNow(), offer: l.wantsOffer()}
	if !l.mayModify() || !m.offer && !l.session.due && !l.connected.due || tries >= maxModifyTries {
		l.modifying = false
		return m, false
	}
	method := sip.INVITE
	if l.phase == inviting || !m.offer && l.allows("UPDATE") {
		method = sip.UPDATE
	}
	var body []byte
	if m.offer || method == sip.INVITE {
		var err error
		if body, err = l.audio.offer(m.near); err != nil {
			l.log.Info("cannot renegotiate", "error", err)
			l.stubborn, l.modifying = &m.near, false
			return m, false
		}
		m.offer, l.offering, l.asked = true, true, make(chan struct{})
	}
	l.follow()
	m.req, m.flow = l.dialog.request(method), l.dialog.flow
	l.through = make(chan struct{})
	m.through = l.through
	l.ua.introduce(m.req)
	l.session.ask(m.req, l.ua)
	if h := l.connected.header; h != nil {
		m.req.AppendHeader(sip.HeaderClone(h))
		m.told = l.connected.told
	}
	setBody(m.req, body)
	return m, true
}

// send sends m, perhaps over another connection than it was made for.
func (l *leg) send(ctx context.Context, m *modification) (*sip.Response, error) {
	if !m.req.IsInvite() {
		return l.do(ctx, m.req, m.flow)
	}
	m.flow = l.reopened(ctx, m.flow)
	res, err := l.reinvite(ctx, m)
	if err != nil {
		return nil, err
	}
	if again := l.ua.authorize(l.trunk, m.req, res); again != nil {
		again.CSeq().SeqNo = l.nextSeq()
		m.req = again
		return l.reinvite(ctx, m)
	}
	return res, nil
}

// reinvite sends a re-INVITE and acknowledges every 2xx to it. One that stays
// provisional for 64*T1 is cancelled.
func (l *leg) reinvite(ctx context.Context, m *modification) (*sip.Response, error) {
	heard := l.hearing() // before it is asked: what comes after must not be missed
	tx, err := l.ua.edge.Request(ctx, m.req, m.flow)
	if err != nil {
		return nil, err
	}
	tx.OnRetransmission(func(res *sip.Response) { l.ackModify(res) })
	patience := time.NewTimer(time.Hour) // for a final answer after a provisional one
	defer patience.Stop()
	waiting, cancelled := false, false
	for {
		select {
		case <-heard:
			if heard = l.hearing(); l.left(m.flow) && len(tx.Responses()) == 0 {
				tx.Terminate()
				return nil, sipedge.ErrFlowGone
			}
		case res := <-tx.Responses():
			switch {
			case res.IsSuccess():
				l.mu.Lock()
				l.dialog.refresh(res.Contact())
				l.mu.Unlock()
				l.ackModify(res)
				return res, nil
			case !res.IsProvisional():
				return res, nil
			case !waiting:
				waiting = true
				patience.Reset(64 * l.ua.t1)
			}
		case <-tx.Done():
			return nil, tx.Err()
		case <-patience.C:
			if cancelled {
				tx.Terminate()
				return nil, sip.ErrTransactionTimeout
			}
			cancelled = true
			patience.Reset(64 * l.ua.t1)
			l.ua.cancel(ctx, m.req, sipedge.FlowOf(tx), nil)
		case <-ctx.Done():
			tx.Terminate()
			return nil, context.Cause(ctx)
		}
	}
}

func (l *leg) ackModify(res *sip.Response) {
	l.mu.Lock()
	ack, flow := l.dialog.requestAt(sip.ACK, res.CSeq().SeqNo), l.dialog.flow
	l.mu.Unlock()
	l.ua.writeACK(ack, flow)
}

// modified takes the outcome: how long to wait before the next try, 0 for none,
// negative to give up.
func (l *leg) modified(m modification, res *sip.Response, err error) time.Duration {
	if errors.Is(err, sipedge.ErrFlowGone) || err != nil && l.left(m.flow) {
		l.settleOffer(m, false)
		if l.left(m.flow) {
			return l.ua.scaled(comeBackLook)
		}
		return l.ua.scaled(5 * time.Second) // the phone has to come back
	}
	if e := dialogLost(m.req.Method, res, err); e != nil {
		l.settleOffer(m, false)
		l.finish(e, e.Status != sip.StatusCallTransactionDoesNotExists)
		return -1
	}
	switch {
	case res.IsSuccess():
		return l.modifyAccepted(m, res)
	case res.StatusCode == sip.StatusRequestPending:
		l.settleOffer(m, false)
		return l.glareWait()
	case res.StatusCode == sip.StatusInternalServerError && value(res, "Retry-After") != "":
		l.settleOffer(m, false)
		seconds, _ := decimal(res, "Retry-After")
		return l.ua.scaled(time.Duration(min(max(seconds, 1), 30)) * time.Second)
	case res.StatusCode == 422:
		l.settleOffer(m, false)
		return l.longerSession(res)
	}
	l.log.Info("renegotiation refused", "method", m.req.Method, "status", res.StatusCode, "warning", clean(value(res, "Warning")))
	l.settleOffer(m, !m.offer || !l.audio.newVideoRefused())
	return 0
}

func (l *leg) modifyAccepted(m modification, res *sip.Response) time.Duration {
	var err error
	if m.offer {
		err = l.audio.takeAnswer(sdpBody(res))
	}
	l.mu.Lock()
	l.learn(res)
	if !m.req.IsInvite() {
		l.dialog.refresh(res.Contact())
	}
	l.session.agreed(l, res)
	l.connected.due = l.connected.due && m.told != l.connected.told
	switch {
	case err != nil:
		l.log.Info("renegotiation failed", "error", err)
		l.dropOffer(m, true)
	case m.offer:
		l.stubborn = nil // another state, another answer
	}
	if m.offer {
		l.decided()
	}
	l.mu.Unlock()
	if m.offer {
		l.notify()
	}
	return 0
}

// decided: our offer has an answer, or never gets one; mu is held.
func (l *leg) decided() {
	l.offering = false
	if l.asked != nil {
		close(l.asked)
		l.asked = nil
	}
}

// settleOffer is dropOffer for when mu is not held.
func (l *leg) settleOffer(m modification, stubborn bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropOffer(m, stubborn)
}

// dropOffer forgets an offer that was not accepted; the session stays as it was.
// stubborn: do not ask the same again. mu is held.
func (l *leg) dropOffer(m modification, stubborn bool) {
	if m.offer {
		l.audio.rollback()
		l.decided()
	}
	if stubborn {
		if m.offer {
			l.stubborn = &m.near
		}
		l.session.refused(l)
		l.connected.due = false
	}
}

// sleep waits for d, or until enough is closed, which may be nil. It reports false when the
// leg or ctx ended before.
func (l *leg) sleep(ctx context.Context, d time.Duration, enough <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-enough:
		return true
	case <-l.ctx.Done():
	case <-ctx.Done():
	}
	return false
}
