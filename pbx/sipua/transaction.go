package sipua

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/sipedge"
)

// do sends a request other than INVITE and returns its final response.
func (u *UA) do(ctx context.Context, req *sip.Request, flow sipedge.Flow) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 64*u.t1+u.t1)
	defer cancel()
	tx, err := u.edge.Request(ctx, req, flow)
	if err != nil {
		return nil, err
	}
	return u.final(ctx, tx)
}

// final returns the final response of a transaction other than INVITE, however many
// provisional ones come before, and ends it. It gives up after 64*T1 (Timer F of
// RFC 3261 §17.1.2.2).
func (u *UA) final(ctx context.Context, tx sip.ClientTransaction) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 64*u.t1+u.t1)
	defer cancel()
	return sipedge.Final(ctx, tx)
}

// unreachable is the ending for a request that got no response at all.
func unreachable(what string, err error) *dialplan.Ended {
	detail := what + ": no response"
	if err != nil && !errors.Is(err, sip.ErrTransactionTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		detail = fmt.Sprintf("%s: %v", what, err)
	}
	return &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: clean(detail), Remote: true}
}

// dialogLost is the ending when the answer to a request within the dialog means
// that the far side no longer has it (RFC 3261 §12.2.1.2); nil when it does not.
func dialogLost(method sip.RequestMethod, res *sip.Response, err error) *dialplan.Ended {
	switch {
	case err != nil:
		return unreachable(string(method), err)
	case res.StatusCode == 481:
		return &dialplan.Ended{Cause: dialplan.CauseGone, Status: 481, Detail: string(method) + " was answered with 481", Remote: true}
	case res.StatusCode == 408:
		return &dialplan.Ended{Cause: dialplan.CauseUnreachable, Status: 408, Detail: string(method) + " was answered with 408", Remote: true}
	}
	return nil
}

// respond sends a response; a failure is for the log only, the transaction
// ends by itself.
func (u *UA) respond(tx sip.ServerTransaction, res *sip.Response) {
	if err := u.edge.Respond(tx, res); err != nil {
		u.log.Debug("response not sent", "status", res.StatusCode, "error", err)
	}
}

// reply answers a request that belongs to no leg.
func (u *UA) reply(tx sip.ServerTransaction, req *sip.Request, status int, reason string, extra ...sip.Header) {
	res := sipedge.NewResponse(req, status, reason)
	for _, h := range extra {
		res.AppendHeader(h)
	}
	u.respond(tx, res)
}

// replyOnce answers somebody unknown and keeps nothing of the request: no answer
// is repeated to an address that may be forged (RFC 3261 §26.3.2.4).
func (u *UA) replyOnce(tx sip.ServerTransaction, req *sip.Request, status int, reason string, extra ...sip.Header) {
	u.reply(tx, req, status, reason, extra...)
	tx.Terminate()
}

// scaled is d of RFC 3261 for a T1 of 500 ms, in proportion to ours.
func (t *timers) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * float64(t.t1) / float64(500*time.Millisecond))
}
