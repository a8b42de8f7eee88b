package testphone

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// inCall takes a request within a dialog; tx is nil for ACK; mu is held.
func (p *Phone) inCall(req *sip.Request, tx *sip.ServerTx) {
	c := p.find(req)
	switch {
	case c == nil && tx == nil:
		p.trace.note("ACK for no call")
	case c == nil:
		_ = tx.Respond(sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
	case tx == nil:
		c.acknowledged(req)
	case c.ended:
		_ = tx.Respond(sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
	case req.CSeq().SeqNo < c.remoteSeq:
		_ = tx.Respond(sip.NewResponseFromRequest(req, 500, "CSeq Out Of Order", nil))
	default:
		c.remoteSeq = req.CSeq().SeqNo
		c.requests[string(req.Method)] = req
		c.requested(req, tx)
	}
}

func (c *Call) acknowledged(req *sip.Request) {
	if req.CSeq().SeqNo != c.pendingACK {
		return // retransmitted
	}
	c.pendingACK, c.acked, c.requests["ACK"] = 0, true, req
	if c.offerPending && len(req.Body()) > 0 {
		c.takeAnswer(string(req.Body()))
	}
	c.ackSDP = string(req.Body())
}

func (c *Call) requested(req *sip.Request, tx *sip.ServerTx) {
	ok := func() { _ = tx.Respond(c.responseTo(req, 200, "OK")) }
	switch req.Method {
	case sip.INVITE:
		c.reinvited++
		c.reinvite(req, tx)
	case sip.UPDATE:
		c.updated++
		c.update(req, tx)
	case sip.BYE:
		if c.p.opt.IgnoreBYE {
			c.p.trace.note("BYE ignored")
			return
		}
		ok()
		c.finish(End{Far: true, Method: "BYE", Reason: headerOf(req, "Reason")})
	case sip.INFO:
		c.infos = append(c.infos, Info{headerOf(req, "Content-Type"), string(req.Body())})
		ok()
	case sip.PRACK:
		c.pracked = max(c.pracked, uint32(port(strings.Fields(headerOf(req, "RAck") + " 0")[0])))
		ok()
	case sip.NOTIFY:
		c.fragment = fragmentOf(req)
		ok()
	case sip.OPTIONS:
		ok()
	default:
		_ = tx.Respond(c.responseTo(req, 405, "Method Not Allowed"))
	}
}

// reinvite answers a re-INVITE, or refuses it because of an own one on its way
// (RFC 3261 §14.2).
func (c *Call) reinvite(req *sip.Request, tx *sip.ServerTx) {
	status := 0
	if len(c.refuse) > 0 {
		status, c.refuse = c.refuse[0], c.refuse[1:]
	} else if c.pendingOut {
		status = 491
	}
	if status > 0 {
		_ = tx.Respond(c.responseTo(req, status, reasonPhrase(status)))
		return
	}
	var body string
	var err error
	if len(req.Body()) > 0 {
		body, err = c.takeOffer(string(req.Body()))
	} else {
		body = c.makeOffer()
	}
	if err != nil {
		_ = tx.Respond(c.responseTo(req, 488, "Not Acceptable Here"))
		return
	}
	if ct := req.Contact(); ct != nil {
		c.target = ct.Address
	}
	res := c.responseTo(req, 200, "OK")
	c.setBody(res, body)
	c.echoTimer(req, res)
	seq := req.CSeq().SeqNo
	c.accepting(req)
	_ = tx.Respond(res)
	c.repeatOn(tx, res, func() bool { return c.pendingACK != seq })
}

func (c *Call) update(req *sip.Request, tx *sip.ServerTx) {
	res := c.responseTo(req, 200, "OK")
	if len(req.Body()) > 0 {
		if c.pendingOut {
			_ = tx.Respond(c.responseTo(req, 491, reasonPhrase(491)))
			return
		}
		body, err := c.takeOffer(string(req.Body()))
		if err != nil {
			_ = tx.Respond(c.responseTo(req, 488, "Not Acceptable Here"))
			return
		}
		c.setBody(res, body)
	}
	c.echoTimer(req, res)
	_ = tx.Respond(res)
}

// echoTimer confirms the session timer that a refresh carries.
func (c *Call) echoTimer(req *sip.Request, res *sip.Response) {
	if se := headerOf(req, "Session-Expires"); se != "" {
		res.AppendHeader(sip.NewHeader("Session-Expires", se))
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
}

// Reinvite says how to renegotiate.
type Reinvite struct {
	Direction string   // the phone's from now on; as it was when empty
	NoSDP     bool     // leaves the offer to the far side
	Codecs    []string // instead of the phone's, from now on
	Update    bool     // by UPDATE (RFC 3311)
	NoRetry   bool     // takes 491 for an answer
	Headers   map[string]string
}

// Hold stops listening to the far side: a=sendonly. It fails the test unless
// that is accepted, after glare too.
func (c *Call) Hold(ctx context.Context) {
	c.p.t.Helper()
	c.renegotiate(ctx, "hold", Reinvite{Direction: "sendonly"})
}

// Resume ends a hold.
func (c *Call) Resume(ctx context.Context) {
	c.p.t.Helper()
	c.renegotiate(ctx, "resume", Reinvite{Direction: "sendrecv"})
}

// Renegotiate sends a re-INVITE or UPDATE. It fails the test unless that is
// accepted.
func (c *Call) Renegotiate(ctx context.Context, how Reinvite) {
	c.p.t.Helper()
	c.renegotiate(ctx, "renegotiate", how)
}

func (c *Call) renegotiate(ctx context.Context, what string, how Reinvite) {
	c.p.t.Helper()
	reply, err := c.Offer(ctx, how)
	if err != nil {
		c.p.fail("%s: %s: no final response: %v", c, what, err)
	}
	if reply.Status != 200 {
		c.p.fail("%s: %s was answered %s, want 200", c, what, reply)
	}
}

// Offer sends a re-INVITE or UPDATE and returns the final response. After 491 it
// tries again when RFC 3261 §14.1 allows it. It never fails the test.
func (c *Call) Offer(ctx context.Context, how Reinvite) (Reply, error) {
	ctx, cancel := c.p.patience(ctx)
	defer cancel()
	for {
		reply, err := c.offerOnce(ctx, how)
		if err != nil || reply.Status != 491 || how.NoRetry {
			return reply, err
		}
		back := time.Duration(rand.IntN(200)) * 10 * time.Millisecond
		if c.outgoing {
			back += 2100 * time.Millisecond
		}
		timer := time.NewTimer(back)
		select {
		case <-ctx.Done():
			timer.Stop()
			return reply, fmt.Errorf("no time left to try again after 491")
		case <-timer.C:
		}
	}
}

func (c *Call) offerOnce(ctx context.Context, how Reinvite) (Reply, error) {
	var final *sip.Response
	err := c.p.under(func() error {
		if c.ended || !c.answered {
			return fmt.Errorf("the call is not up")
		}
		if c.pendingOut {
			return fmt.Errorf("another re-INVITE is on its way")
		}
		c.want = either(how.Direction, c.want)
		if len(how.Codecs) > 0 {
			c.p.opt.Codecs = how.Codecs
		}
		c.pendingOut = true
		return c.sendOffer(how, nil, func(r *sip.Response) { final = r })
	})
	if err != nil {
		return Reply{}, err
	}
	err = c.p.wait(ctx, func() bool { return final != nil || c.ended })
	if err == nil && final == nil {
		err = fmt.Errorf("the call ended: %s", c.end)
	}
	if err != nil {
		return Reply{}, err
	}
	return replyOf(final), nil
}

// sendOffer sends the request of how, again with credentials when asked for
// them; done gets the final response.
func (c *Call) sendOffer(how Reinvite, challenge *sip.Response, done func(*sip.Response)) error {
	req := c.offerRequest(how)
	if challenge != nil {
		if err := c.p.authorize(req, challenge, credentials{c.p.opt.AuthUser, c.p.opt.Password, false}); err != nil {
			return err
		}
	}
	var ack *sip.Request
	return c.p.send(c.flow, req, func(r *sip.Response) {
		switch {
		case r.IsProvisional():
			return
		case ack != nil: // the 200 again
			_ = c.flow.WriteMsg(ack)
			return
		case (r.StatusCode == 401 || r.StatusCode == 407) && challenge == nil:
			if c.sendOffer(how, r, done) == nil {
				return
			}
		}
		ack = c.endOffer(how, req, r)
		if ack != nil && !c.p.opt.NoACK {
			_ = c.flow.WriteMsg(ack)
		}
		done(r)
	})
}

// offerRequest is the re-INVITE or UPDATE of how.
func (c *Call) offerRequest(how Reinvite) *sip.Request {
	method := sip.INVITE
	if how.Update {
		method = sip.UPDATE
	}
	req := c.inDialog(method)
	if !how.NoSDP {
		c.setBody(req, c.makeOffer())
	}
	for name, value := range how.Headers {
		req.AppendHeader(sip.NewHeader(name, value))
	}
	if c.expires > 0 {
		req.AppendHeader(sip.NewHeader("Supported", "timer"))
		who := "uas"
		if c.refresher == "near" {
			who = "uac"
		}
		req.AppendHeader(sip.NewHeader("Session-Expires", sessionExpires(c.expires, who)))
	}
	return req
}

// endOffer takes the final response to req and gives the ACK, if there has to be
// one: the transaction sends it for refusals.
func (c *Call) endOffer(how Reinvite, req *sip.Request, r *sip.Response) (ack *sip.Request) {
	c.pendingOut = false
	if !r.IsSuccess() {
		c.offerPending = false
		return nil
	}
	if req.IsInvite() {
		ack = c.acknowledgement(req.CSeq().SeqNo)
	}
	c.answeredOffer(how, r, ack)
	return ack
}

func (c *Call) answeredOffer(how Reinvite, r *sip.Response, ack *sip.Request) {
	if ct := r.Contact(); ct != nil {
		c.target = ct.Address
	}
	if !how.NoSDP {
		c.takeAnswer(string(r.Body()))
		return
	}
	if ack == nil || len(r.Body()) == 0 {
		return
	}
	body, err := c.takeOffer(string(r.Body()))
	if err != nil {
		c.p.trace.note("offer in the 200 not usable: %v", err)
		return
	}
	c.setBody(ack, body)
}

// SendInfo sends an INFO and returns the final response.
func (c *Call) SendInfo(ctx context.Context, contentType, body string) Reply {
	c.p.t.Helper()
	return c.ask(ctx, sip.INFO, map[string]string{"Content-Type": contentType}, body)
}

// Ask sends a request within the dialog and returns the final response.
func (c *Call) Ask(ctx context.Context, method string) Reply {
	c.p.t.Helper()
	return c.ask(ctx, sip.RequestMethod(method), nil, "")
}

// AskWith is Ask with further headers.
func (c *Call) AskWith(ctx context.Context, method string, headers map[string]string) Reply {
	c.p.t.Helper()
	return c.ask(ctx, sip.RequestMethod(method), headers, "")
}

func (c *Call) ask(ctx context.Context, method sip.RequestMethod, headers map[string]string, body string) Reply {
	c.p.t.Helper()
	var final *sip.Response
	err := c.p.under(func() error {
		req := c.inDialog(method)
		for name, value := range headers {
			req.AppendHeader(sip.NewHeader(name, value))
		}
		if body != "" {
			req.SetBody([]byte(body))
		}
		return c.p.send(c.flow, req, func(r *sip.Response) {
			if !r.IsProvisional() {
				final = r
			}
		})
	})
	if err == nil {
		err = c.p.wait(ctx, func() bool { return final != nil })
	}
	if err != nil {
		c.p.fail("%s: %s: no final response: %v", c, method, err)
	}
	return replyOf(final)
}

// sessionTimer takes over the interval that was agreed and begins to refresh
// when that is up to this phone (RFC 4028 §10). role is what the phone is.
func (c *Call) sessionTimer(value, role string) {
	seconds, err := strconv.Atoi(strings.TrimSpace(strings.Split(value+";", ";")[0]))
	if err != nil {
		return
	}
	c.expires, c.refresher = seconds, "far"
	if who := param(value, "refresher"); who == role || (who == "" && role == "uac") {
		c.refresher = "near"
	}
	if c.refresher != "near" || c.timerStarted {
		return
	}
	c.timerStarted = true
	c.p.wg.Go(func() {
		tick := time.NewTicker(time.Duration(seconds) * time.Second / 2)
		defer tick.Stop()
		for {
			select {
			case <-c.p.ctx.Done():
				return
			case <-tick.C:
			}
			if c.Ended() {
				return
			}
			_, _ = c.Offer(c.p.ctx, Reinvite{})
		}
	})
}
