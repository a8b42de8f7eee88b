package sipua

import (
	"context"
	"fmt"

	"github.com/emiago/sipgo/sip"
)

// tookProvisional takes what a provisional response says in an early dialog of
// ours, and acknowledges one that asks for it. It reports false for a repeated
// one and one out of order, which are to be ignored (RFC 3262 §4).
func (l *leg) tookProvisional(res *sip.Response) bool {
	reliable := hasToken(res, "Require", "100rel")
	rseq, ok := decimal(res, "RSeq")
	l.mu.Lock()
	if l.phase == over {
		l.mu.Unlock()
		return false
	}
	if reliable && ok && l.rseq != 0 && rseq != l.rseq+1 {
		l.mu.Unlock()
		return false
	}
	l.learn(res)
	l.dialog.refresh(res.Contact())
	var prack *sip.Request
	flow := l.dialog.flow
	if reliable && ok {
		l.rseq = rseq
		prack = l.dialog.request(sip.PRACK)
		prack.AppendHeader(sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", rseq, res.CSeq().SeqNo)))
	}
	agreed := l.agreedEarly
	l.mu.Unlock()
	if body := sdpBody(res); body != nil && !agreed {
		l.earlyAnswer(body, prack != nil)
	}
	if prack != nil {
		l.ua.spawn(func(ctx context.Context) {
			if res, err := l.do(ctx, prack, flow); err != nil || res.StatusCode >= 300 {
				l.log.Debug("PRACK refused", "status", status(res), "error", err)
			}
		})
	}
	return true
}

// earlyAnswer takes the answer to the offer of our INVITE before the call is
// answered. A reliable one is final (RFC 6337 §3.1.1).
func (l *leg) earlyAnswer(body []byte, reliable bool) {
	if err := l.audio.takeAnswer(body); err != nil {
		l.log.Info("early answer cannot be used", "error", err)
		return
	}
	if reliable {
		l.mu.Lock()
		l.agreedEarly, l.offering = true, false
		l.mu.Unlock()
	}
}
