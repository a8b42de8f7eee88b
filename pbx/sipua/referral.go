package sipua

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// farewellAfter is for how long a leg that is over waits for the last NOTIFY.
const farewellAfter = 2 * time.Second

// referral is the subscription that a REFER makes (RFC 3515 §2.4.4): it ends with the
// final status of the transfer.
type referral struct {
	leg      *leg
	event    string
	silent   bool // RFC 4488: nobody wants to know
	statuses chan int
	final    atomic.Bool // the outcome is known, and about to be told
	once     sync.Once
	done     chan struct{}
}

func newReferral(l *leg, req *sip.Request) *referral {
	r := &referral{leg: l, event: "refer", statuses: make(chan int, 8), done: make(chan struct{})}
	r.silent = strings.EqualFold(value(req, "Refer-Sub"), "false")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.referrals++; l.referrals > 1 {
		r.event = fmt.Sprint("refer;id=", req.CSeq().SeqNo)
	}
	return r
}

// report queues a status; provisional ones are dropped when there are many.
func (r *referral) report(status int) {
	for {
		select {
		case r.statuses <- status:
			return
		default:
		}
		if status < 200 {
			return
		}
		select {
		case <-r.statuses:
		default:
		}
	}
}

// give ends it without another word.
func (r *referral) give() { r.once.Do(func() { close(r.done) }) }

// over reports whether another transfer may begin.
func (r *referral) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return r.final.Load()
	}
}

// run tells of the transfer until it is over.
func (r *referral) run(ctx context.Context) {
	defer r.give()
	if r.silent {
		return
	}
	r.tell(ctx, sip.StatusTrying)
	for {
		select {
		case status := <-r.statuses:
			r.tell(ctx, status)
			if status >= 200 {
				return
			}
		case <-r.leg.ctx.Done():
			// It may have ended because the transfer is done.
			if status := r.last(); status != 0 {
				r.tell(ctx, status)
			}
			return
		case <-ctx.Done():
			return
		}
	}
}

// last is the status that was reported last, 0 for none.
func (r *referral) last() (status int) {
	for {
		select {
		case status = <-r.statuses:
		default:
			return status
		}
	}
}

// tell sends one NOTIFY and waits for its answer.
func (r *referral) tell(ctx context.Context, status int) {
	l := r.leg
	l.mu.Lock()
	l.follow()
	req, flow := l.dialog.request(sip.NOTIFY), l.dialog.flow
	l.mu.Unlock()
	state := "active;expires=180"
	if status >= 200 {
		r.final.Store(true)
		state = "terminated;reason=noresource"
	}
	req.AppendHeader(sip.NewHeader("Event", r.event))
	req.AppendHeader(sip.NewHeader("Subscription-State", state))
	t := sip.ContentTypeHeader("message/sipfrag;version=2.0")
	req.AppendHeader(&t)
	req.SetBody(fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", status, reasonOf(status)))
	if res, err := l.do(ctx, req, flow); err != nil {
		l.log.Debug("NOTIFY without an answer", "error", err)
	} else if res.StatusCode >= 300 {
		l.log.Debug("NOTIFY refused", "status", res.StatusCode)
	}
}

// reasonOf is the text of a status.
func reasonOf(status int) string {
	switch status {
	case sip.StatusTrying:
		return "Trying"
	case sip.StatusRinging:
		return "Ringing"
	case sip.StatusOK:
		return "OK"
	case sip.StatusBusyHere:
		return "Busy Here"
	case sip.StatusTemporarilyUnavailable:
		return "Temporarily Unavailable"
	case sip.StatusNotFound:
		return "Not Found"
	case sip.StatusForbidden:
		return "Forbidden"
	case sip.StatusGlobalDecline:
		return "Decline"
	}
	return "Not Transferred"
}

// lastWord waits until who transferred has been told how that went.
func (l *leg) lastWord(ctx context.Context) {
	l.mu.Lock()
	r := l.referral
	l.mu.Unlock()
	if r == nil {
		return
	}
	t := time.NewTimer(farewellAfter)
	defer t.Stop()
	select {
	case <-r.done:
	case <-t.C:
	case <-ctx.Done():
	}
}
