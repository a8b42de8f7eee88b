package sipua

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/sipedge"
)

// unacked is a 2xx of ours to an INVITE that waits for its ACK.
type unacked struct {
	seq   uint32
	offer bool // the 2xx holds our offer: the ACK must hold the answer
	done  chan struct{}
}

// expectACK notes a 2xx that is about to be sent; mu is held.
func (l *leg) expectACK(seq uint32, offer bool) *unacked {
	a := &unacked{seq: seq, offer: offer, done: make(chan struct{})}
	l.unacked = append(l.unacked, a)
	return a
}

// resend repeats a 2xx until its ACK comes, on reliable transports too
// (RFC 3261 §13.3.1.4). Without an ACK the leg ends.
func (l *leg) resend(ctx context.Context, tx sip.ServerTransaction, res *sip.Response, a *unacked) {
	interval := l.ua.t1
	again, limit := time.NewTimer(interval), time.NewTimer(64*l.ua.t1)
	defer again.Stop()
	defer limit.Stop()
	for {
		select {
		case <-a.done:
			return
		case <-again.C:
			l.ua.respond(tx, res)
			interval = min(2*interval, l.ua.t2)
			again.Reset(interval)
		case <-limit.C:
			l.unacknowledged(a)
			return
		case <-ctx.Done():
			l.settle(a)
			return
		}
	}
}

// unacknowledged ends the leg because the ACK never came.
func (l *leg) unacknowledged(a *unacked) {
	l.finish(&dialplan.Ended{Cause: dialplan.CauseAckTimeout, Detail: "no ACK for our 200 within " + (64 * l.ua.t1).String()}, true)
	l.settle(a)
}

// settle stops waiting for the ACK of a and of what was sent before it.
func (l *leg) settle(last *unacked) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.unacked[:0]
	for _, a := range l.unacked {
		if a.seq > last.seq {
			kept = append(kept, a)
			continue
		}
		close(a.done)
	}
	l.unacked = kept
	if l.through != nil && len(kept) == 0 {
		close(l.through)
		l.through = nil
	}
	if l.phase == accepted {
		l.phase, l.taken = confirmed, true
		l.startPost()
	}
}

// settleAll stops waiting for any ACK; mu is held.
func (l *leg) settleAll() {
	for _, a := range l.unacked {
		close(a.done)
	}
	l.unacked = nil
}

// awaitACK returns when no 2xx of ours waits for its ACK: until then RFC 3261
// §15 forbids BYE.
func (l *leg) awaitACK(ctx context.Context) {
	for {
		l.mu.Lock()
		if len(l.unacked) == 0 {
			l.mu.Unlock()
			return
		}
		a := l.unacked[0]
		l.mu.Unlock()
		select {
		case <-a.done:
		case <-ctx.Done():
			return
		}
	}
}

// onACK takes the ACK to a 2xx. Others end in their transactions; one without a
// dialog is not answered, as no ACK is.
func (u *UA) onACK(_ context.Context, req *sip.Request, _ sip.ServerTransaction, _ sipedge.Flow) {
	if l := u.table.of(req); l != nil {
		l.ack(req)
	}
}

// ack confirms the 2xx that req belongs to, and takes the answer to the offer
// that was in it.
func (l *leg) ack(req *sip.Request) {
	seq := req.CSeq().SeqNo
	l.mu.Lock()
	var match *unacked
	for _, a := range l.unacked {
		if a.seq == seq {
			match = a
		}
	}
	l.mu.Unlock()
	if match == nil {
		return // repeated, or for a final answer of long ago
	}
	var err error
	if match.offer {
		err = l.audio.takeAnswer(sdpBody(req))
	}
	if err != nil { // before Answer learns of the ACK
		l.finish(notAcceptable("answer in ACK", err), true)
	}
	l.settle(match)
	if err != nil {
		return
	}
	l.mu.Lock()
	l.offering = l.offering && !match.offer
	l.modify()
	l.mu.Unlock()
	l.notify()
}
