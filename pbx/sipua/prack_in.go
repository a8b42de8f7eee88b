package sipua

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
)

// reliable is the sending side of RFC 3262: one provisional response at a time
// waits for its PRACK, others wait behind it. The leg's mutex guards it.
type reliable struct {
	required, supported bool
	seq                 uint32 // last RSeq
	pending             *sip.Response
	acked               chan struct{} // closed when pending was acknowledged
	queue               []*sip.Response
	sdp                 bool // pending holds a description
	agreed              bool // a description was acknowledged: the 200 has none
}

// provisional sends a provisional response, reliably when the caller demands it
// or when a description depends on it.
func (l *inLeg) provisional(status int, reason string, body []byte) {
	res := l.response(l.req, status, reason)
	setBody(res, body)
	l.mu.Lock()
	if l.phase != inviting {
		l.mu.Unlock()
		return
	}
	if l.rel.required || l.rel.supported && len(body) > 0 && !l.rel.agreed {
		if l.rel.pending != nil {
			if len(l.rel.queue) < maxUnsent {
				l.rel.queue = append(l.rel.queue, res)
			}
			l.mu.Unlock()
			return
		}
		l.begin(res)
	}
	l.keepAlive(status, reason)
	l.mu.Unlock()
	l.ua.respond(l.tx, res)
}

// keepAlive repeats a provisional response every minute, so that no proxy takes
// the INVITE for dead (RFC 3261 §13.3.1.1); mu is held.
func (l *inLeg) keepAlive(status int, reason string) {
	if l.repeat != nil {
		l.repeat.Stop()
	}
	l.repeat = time.AfterFunc(l.ua.repeat, func() {
		l.ua.spawn(func(context.Context) { l.provisional(status, reason, nil) })
	})
}

func (l *inLeg) stopProvisional() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.repeat != nil {
		l.repeat.Stop()
	}
	l.rel.queue = nil
}

// begin makes res the response that waits for its PRACK; mu is held.
func (l *inLeg) begin(res *sip.Response) {
	r := &l.rel
	if r.seq == 0 {
		r.seq = rand.Uint32N(1 << 30)
	}
	r.seq++
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(r.seq), 10)))
	r.pending, r.acked, r.sdp = res, make(chan struct{}), len(res.Body()) > 0
	acked := r.acked
	l.ua.spawn(func(ctx context.Context) { l.insist(ctx, res, acked) })
}

// insist repeats res until its PRACK comes: after T1, 2*T1 and so on; at 64*T1
// the INVITE is refused (RFC 3262 §3).
func (l *inLeg) insist(ctx context.Context, res *sip.Response, acked <-chan struct{}) {
	interval := l.ua.t1
	again, limit := time.NewTimer(interval), time.NewTimer(64*l.ua.t1)
	defer again.Stop()
	defer limit.Stop()
	for {
		select {
		case <-acked:
			return
		case <-l.ctx.Done():
			return
		case <-ctx.Done():
			return
		case <-l.answered:
			return
		case <-again.C:
			l.ua.respond(l.tx, res)
			interval *= 2
			again.Reset(interval)
		case <-limit.C:
			l.finish(&dialplan.Ended{Cause: dialplan.CauseAckTimeout, Status: sip.StatusGatewayTimeout, Detail: "no PRACK for our " + strconv.Itoa(res.StatusCode)}, true)
			return
		}
	}
}

// awaitPRACK returns when no description in a provisional response waits for its
// PRACK: until then RFC 3262 §3 forbids a 2xx.
func (l *inLeg) awaitPRACK(ctx context.Context) *dialplan.Ended {
	for {
		l.mu.Lock()
		if l.rel.pending == nil || !l.rel.sdp {
			l.mu.Unlock()
			return nil
		}
		acked := l.rel.acked
		l.mu.Unlock()
		select {
		case <-acked:
		case <-l.ctx.Done():
			return l.why()
		case <-ctx.Done():
			e := ended(ctx)
			l.Hangup(e)
			return e
		}
	}
}

// onPRACK routes a PRACK to the INVITE that it belongs to.
func (l *leg) onPRACK(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	if l.prack == nil {
		l.ua.respond(tx, l.response(req, sip.StatusCallTransactionDoesNotExists, "No Such Provisional Response"))
		return
	}
	l.prack(req, tx)
}

// onPRACK acknowledges the provisional response that waits (RFC 3262 §3).
func (l *inLeg) onPRACK(req *sip.Request, tx sip.ServerTransaction) {
	l.mu.Lock()
	r := &l.rel
	if r.pending == nil || !matchesRAck(value(req, "RAck"), r.seq, l.req.CSeq()) {
		l.mu.Unlock()
		l.ua.respond(tx, l.response(req, sip.StatusCallTransactionDoesNotExists, "No Such Provisional Response"))
		return
	}
	body, e := l.prackBody(sdpBody(req))
	if e != nil && !l.offering {
		l.mu.Unlock()
		status, extra := refusalOf(e)
		l.ua.respond(tx, l.response(req, status, reasonPhrase(status), extra...))
		return
	}
	acked := r.acked
	next := l.acknowledged()
	l.mu.Unlock()
	res := l.response(req, sip.StatusOK, "OK")
	setBody(res, body)
	l.ua.respond(tx, res)
	defer close(acked) // after its answer, which the 2xx to the INVITE does not overtake
	if e != nil {
		l.finish(e, true)
		return
	}
	if next != nil {
		l.ua.respond(l.tx, next)
	}
	l.notify()
}

// prackBody handles what a PRACK says about the session: the answer to an offer
// of ours, or an offer that is answered; mu is held.
func (l *inLeg) prackBody(body []byte) ([]byte, *dialplan.Ended) {
	switch {
	case l.offering && l.rel.sdp:
		if err := l.audio.takeAnswer(body); err != nil {
			return nil, notAcceptable("answer in PRACK", err)
		}
		l.offering = false
	case body != nil:
		answer, err := l.audio.answerTo(body, l.nearNow())
		if err != nil {
			return nil, notAcceptable("offer in PRACK", err)
		}
		return answer, nil
	}
	return nil, nil
}

// acknowledged notes the PRACK and returns the response to send next, if any;
// mu is held.
func (l *inLeg) acknowledged() *sip.Response {
	r := &l.rel
	r.agreed = r.agreed || r.sdp
	l.agreedEarly = r.agreed
	r.pending, r.sdp = nil, false
	if len(r.queue) == 0 || l.phase != inviting {
		return nil
	}
	next := r.queue[0]
	r.queue = r.queue[1:]
	l.begin(next)
	return next
}

// matchesRAck compares "rseq cseq method" (RFC 3262 §7.2).
func matchesRAck(rack string, rseq uint32, invite *sip.CSeqHeader) bool {
	f := strings.Fields(rack)
	if len(f) != 3 {
		return false
	}
	r, err1 := strconv.ParseUint(f[0], 10, 32)
	c, err2 := strconv.ParseUint(f[1], 10, 32)
	return err1 == nil && err2 == nil && uint32(r) == rseq && uint32(c) == invite.SeqNo && strings.EqualFold(f[2], "INVITE")
}
