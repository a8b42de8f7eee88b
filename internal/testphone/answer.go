package testphone

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// NextCall waits for a call that arrives, the oldest not yet taken.
func (p *Phone) NextCall(ctx context.Context) *Call {
	p.t.Helper()
	c, err := p.next(ctx)
	if err != nil {
		p.fail("expected a call; %v", err)
	}
	return c
}

// Next is NextCall for phones to which nobody may come: it gives nil when no call
// arrived until ctx ended.
func (p *Phone) Next(ctx context.Context) *Call {
	c, _ := p.next(ctx)
	return c
}

func (p *Phone) next(ctx context.Context) (c *Call, err error) {
	err = p.wait(ctx, func() bool {
		if len(p.incoming) == 0 {
			return false
		}
		c, p.incoming = p.incoming[0], p.incoming[1:]
		return true
	})
	return c, err
}

// Waiting is how many calls arrived that NextCall has not taken.
func (p *Phone) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.incoming)
}

// Calls are all calls that the phone made or got.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// invited takes the INVITE that begins a call; mu is held.
func (p *Phone) invited(req *sip.Request, tx *sip.ServerTx, f *flow) {
	for _, known := range p.calls {
		if !known.outgoing && known.callID == req.CallID().Value() && known.invite.CSeq().SeqNo == req.CSeq().SeqNo && !known.ended {
			_ = tx.Respond(sip.NewResponseFromRequest(req, 482, "Loop Detected", nil))
			return
		}
	}
	c, err := p.newCall(false)
	if err != nil {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 500, "No Audio Port", nil))
		return
	}
	c.callID, c.invite, c.server, c.flow = req.CallID().Value(), req, tx, f
	c.remoteTag, _ = req.From().Params.Get("tag")
	c.localURI, c.remoteURI, c.remoteSeq = req.To().Address, req.From().Address, req.CSeq().SeqNo
	c.target = c.remoteURI
	if ct := req.Contact(); ct != nil {
		c.target = ct.Address
	}
	for _, h := range req.GetHeaders("Record-Route") {
		c.routes = append(c.routes, h.Value())
	}
	c.requests["INVITE"] = req
	if len(req.Body()) > 0 {
		if _, err := c.takeOffer(string(req.Body())); err != nil {
			c.reject(488, "Not Acceptable Here", map[string]string{"Warning": `304 testphone "` + strings.ReplaceAll(err.Error(), `"`, "'") + `"`})
			return
		}
		c.version--
	}
	p.incoming = append(p.incoming, c)
	switch {
	case p.opt.AutoReject > 0:
		c.reject(p.opt.AutoReject, reasonPhrase(p.opt.AutoReject), nil)
	case p.opt.AutoAnswer:
		c.accept()
	}
}

// reasonPhrase is the usual text of a status.
func reasonPhrase(status int) string {
	switch status {
	case 302:
		return "Moved Temporarily"
	case 404:
		return "Not Found"
	case 480:
		return "Temporarily Unavailable"
	case 486:
		return "Busy Here"
	case 488:
		return "Not Acceptable Here"
	case 491:
		return "Request Pending"
	case 500:
		return "Server Internal Error"
	case 503:
		return "Service Unavailable"
	case 600:
		return "Busy Everywhere"
	case 603:
		return "Decline"
	}
	return "Refused"
}

// response builds a response to the call's INVITE; status 100 carries no tag.
func (c *Call) response(status int, reason string) *sip.Response {
	return c.responseTo(c.invite, status, reason)
}

func (c *Call) responseTo(req *sip.Request, status int, reason string) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.To().Params.Remove("tag")
	res.To().Params.Add("tag", c.localTag)
	if status < 300 {
		res.AppendHeader(&sip.ContactHeader{Address: c.p.contact()})
		c.p.describe(res)
	}
	return res
}

// Ring answers 180, or 183 with SDP when the phone has early media.
func (c *Call) Ring() {
	c.p.t.Helper()
	if c.p.opt.EarlyMedia {
		c.Progress()
		return
	}
	c.sendProvisional(180, "Ringing", false)
}

// RingTimes answers 180 that many times, as some phones do all along.
func (c *Call) RingTimes(n int) {
	c.p.t.Helper()
	for range n {
		c.sendProvisional(180, "Ringing", false)
	}
}

// Progress answers 183 with SDP: audio flows before the answer.
func (c *Call) Progress() {
	c.p.t.Helper()
	c.sendProvisional(183, "Session Progress", true)
}

func (c *Call) sendProvisional(status int, reason string, sdp bool) {
	c.p.t.Helper()
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if c.ended || c.answered {
		return
	}
	res := c.response(status, reason)
	if sdp && c.mine != nil {
		c.setBody(res, c.mine.write(c.sdpID, c.version+1))
	}
	supports := headerOf(c.invite, "Supported") + "," + headerOf(c.invite, "Require")
	if !c.p.opt.Reliable || !strings.Contains(supports, "100rel") {
		_ = c.server.Respond(res)
		return
	}
	c.rseq++
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(c.rseq), 10)))
	_ = c.server.Respond(res)
	mine := c.rseq
	c.repeatOn(c.server, res, func() bool { return c.pracked >= mine || c.answered })
}

// repeatOn sends a response again and again, at growing distances, until enough.
func (c *Call) repeatOn(tx *sip.ServerTx, res *sip.Response, enough func() bool) {
	c.p.wg.Go(func() {
		for wait := 500 * time.Millisecond; wait < 32*time.Second; wait = min(2*wait, 4*time.Second) {
			timer := time.NewTimer(wait)
			select {
			case <-c.p.ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			c.p.mu.Lock()
			over := c.ended || enough()
			c.p.mu.Unlock()
			if over {
				return
			}
			_ = tx.Respond(res)
		}
	})
}

// Answer accepts the call (200). It fails the test when the caller has gone.
func (c *Call) Answer() {
	c.p.t.Helper()
	if !c.TryAnswer() {
		c.p.fail("%s: it can no longer be answered: %s", c, c.State())
	}
}

// TryAnswer accepts the call, and reports whether it was still there.
func (c *Call) TryAnswer() bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if c.ended || c.answered {
		return false
	}
	c.accept()
	return true
}

// AnswerAnyway sends a 200 although the call was cancelled and refused: an
// answer that crossed the CANCEL. It goes past the transaction, which is over.
func (c *Call) AnswerAnyway() {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	res := c.response(200, "OK")
	if c.mine != nil {
		c.setBody(res, c.mine.write(c.sdpID, c.version+1))
	}
	_ = c.flow.WriteMsg(res)
}

func (c *Call) accept() {
	c.answered = true
	res := c.response(200, "OK")
	if c.mine == nil {
		c.setBody(res, c.makeOffer())
	} else {
		c.version++
		c.setBody(res, c.mine.write(c.sdpID, c.version))
	}
	c.answerTimer(res)
	c.answer = replyOf(res)
	c.accepting(c.invite)
	_ = c.server.Respond(res)
	c.repeatOn(c.server, res, func() bool { return c.acked })
	c.p.wake()
}

// acceptedBranch reports whether req, an ACK, has the branch of an INVITE of this
// call that was answered with a 2xx.
func (c *Call) acceptedBranch(req *sip.Request) bool {
	branch, _ := req.Via().Params.Get("branch")
	return slices.Contains(c.accepts, branch)
}

// accepting remembers that the INVITE req gets a 2xx.
func (c *Call) accepting(req *sip.Request) {
	branch, _ := req.Via().Params.Get("branch")
	c.accepts, c.pendingACK = append(c.accepts, branch), req.CSeq().SeqNo
}

// Busy refuses the call with 486.
func (c *Call) Busy() { c.Reject(486) }

// Decline refuses the call with 603.
func (c *Call) Decline() { c.Reject(603) }

// Reject refuses the call with any status.
func (c *Call) Reject(status int) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.reject(status, reasonPhrase(status), nil)
}

// Redirect sends the caller elsewhere (302).
func (c *Call) Redirect(uri string) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.reject(302, reasonPhrase(302), map[string]string{"Contact": "<" + uri + ">"})
}

func (c *Call) reject(status int, reason string, headers map[string]string) {
	if c.ended || c.answered {
		return
	}
	res := c.response(status, reason)
	for name, value := range headers {
		res.AppendHeader(sip.NewHeader(name, value))
	}
	c.finish(End{Method: "INVITE", Status: status, Text: reason})
	_ = c.server.Respond(res)
}

// cancelArrived answers CANCEL with 200 and the INVITE with 487; mu is held.
func (c *Call) cancelArrived(req *sip.Request, tx *sip.ServerTx) {
	c.requests["CANCEL"] = req
	_ = tx.Respond(c.responseTo(req, 200, "OK"))
	if c.answered || c.ended || c.p.opt.IgnoreCancel {
		return
	}
	_ = c.server.Respond(c.response(487, "Request Terminated"))
	c.finish(End{Far: true, Method: "CANCEL", Reason: headerOf(req, "Reason")})
}

// WaitRequest waits until a request of that method has arrived in the call.
func (c *Call) WaitRequest(ctx context.Context, method string) {
	c.p.t.Helper()
	c.await(ctx, method, true, func() bool { return c.requests[method] != nil })
}

// answerTimer takes part in the session timer that the INVITE asks for, or asks
// for one itself (RFC 4028 §9).
func (c *Call) answerTimer(res *sip.Response) {
	asked := headerOf(c.invite, "Session-Expires")
	if asked == "" && c.p.opt.SessionExpires == 0 {
		return
	}
	value, refresher := asked, param(asked, "refresher")
	supported := strings.Contains(headerOf(c.invite, "Supported")+headerOf(c.invite, "Require"), "timer")
	if refresher == "" {
		refresher = either(c.p.opt.Refresher, "uas")
		if !supported {
			refresher = "uas"
		}
		seconds := port(strings.TrimSpace(strings.Split(asked+";", ";")[0]))
		if seconds == 0 {
			seconds = c.p.opt.SessionExpires
		}
		value = fmt.Sprintf("%d;refresher=%s", seconds, refresher)
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", value))
	if refresher == "uac" {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
	c.sessionTimer(value, "uas")
}

func param(value, name string) string {
	for _, part := range strings.Split(value, ";")[1:] {
		if k, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(k, name) {
			return strings.ToLower(v)
		}
	}
	return ""
}
