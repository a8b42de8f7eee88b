package testphone

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Dialling says how a call differs from the usual one.
type Dialling struct {
	Headers map[string]string // further ones, or instead of those that are always there
	NoAuth  bool              // gives no credentials when asked
	NoSDP   bool              // leaves the offer to the far side
	Body    string            // instead of the phone's own SDP
}

// Dial calls a number at the server, or a whole sip: URI, and returns when the
// INVITE is sent.
func (p *Phone) Dial(ctx context.Context, to string) *Call {
	p.t.Helper()
	return p.DialWith(ctx, to, Dialling{})
}

// DialWith is Dial with a difference.
func (p *Phone) DialWith(_ context.Context, to string, how Dialling) *Call {
	p.t.Helper()
	p.mu.Lock()
	c, err := p.dial(to, how)
	p.mu.Unlock()
	if err != nil {
		p.fail("dialling %s: %v", to, err)
	}
	return c
}

func (p *Phone) dial(to string, how Dialling) (*Call, error) {
	uri, err := p.target(to)
	if err != nil {
		return nil, err
	}
	c, err := p.newCall(true)
	if err != nil {
		return nil, err
	}
	c.dial = how
	c.dial.NoSDP = c.dial.NoSDP || p.opt.LateOffer
	c.callID, c.target, c.remoteURI = sip.GenerateTagN(20), uri, uri
	c.localURI = sip.Uri{Scheme: "sip", User: p.opt.Extension, Host: p.opt.Domain}
	if c.flow, err = p.flowTo(uri); err != nil {
		return nil, err
	}
	if !c.dial.NoSDP {
		c.makeOffer()
	}
	return c, c.sendInvite()
}

// sendInvite sends the first INVITE, or that again with credentials.
func (c *Call) sendInvite() error {
	p := c.p
	c.localSeq++
	from := &sip.FromHeader{DisplayName: p.opt.Name, Address: c.localURI}
	from.Params.Add("tag", c.localTag)
	req := p.newRequest(sip.INVITE, c.target, from, &sip.ToHeader{Address: c.remoteURI}, c.callID, c.localSeq)
	req.AppendHeader(&sip.ContactHeader{Address: p.contact()})
	p.describe(req)
	supported := []string{"replaces"}
	if p.opt.Supports100rel {
		supported = append(supported, "100rel")
	}
	if p.opt.SessionExpires > 0 {
		supported = append(supported, "timer")
		req.AppendHeader(sip.NewHeader("Session-Expires", sessionExpires(max(p.opt.SessionExpires, c.expires), p.opt.Refresher)))
		if c.expires > 0 {
			req.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(c.expires)))
		}
	}
	req.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	for _, name := range slices.Sorted(maps.Keys(c.dial.Headers)) {
		req.RemoveHeader(name)
		req.AppendHeader(sip.NewHeader(name, c.dial.Headers[name]))
	}
	if c.authRes != nil {
		if err := p.authorize(req, c.authRes, credentials{p.opt.AuthUser, p.opt.Password, false}); err != nil {
			return err
		}
	}
	switch {
	case c.dial.Body != "":
		c.setBody(req, c.dial.Body)
	case !c.dial.NoSDP:
		c.setBody(req, c.mine.write(c.sdpID, c.version))
	default:
		req.SetBody(nil)
	}
	c.invite = req
	return p.send(c.flow, req, func(r *sip.Response) { c.inviteResponse(req, r) })
}

func sessionExpires(seconds int, refresher string) string {
	s := strconv.Itoa(seconds)
	if refresher != "" {
		s += ";refresher=" + refresher
	}
	return s
}

func (c *Call) setBody(m sip.Message, sdp string) {
	m.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	m.SetBody([]byte(sdp))
}

// inviteResponse takes every response to the first INVITE; mu is held.
func (c *Call) inviteResponse(req *sip.Request, r *sip.Response) {
	c.sign = true
	switch {
	case r.StatusCode == 100:
		c.withdraw()
	case r.IsProvisional():
		c.provisional(r)
		c.withdraw()
	case r.IsSuccess():
		c.accepted(r)
	case req != c.invite || c.ended:
		// the refusal of an INVITE that was sent again since
	case (r.StatusCode == 401 || r.StatusCode == 407) && c.authAgain(r):
	case r.StatusCode == 422 && c.p.opt.SessionExpires > 0 && c.expires == 0:
		if c.expires = port(headerOf(r, "Min-SE")); c.expires > 0 && c.sendInvite() == nil {
			return
		}
		fallthrough
	default:
		c.finish(End{Far: true, Method: "INVITE", Status: r.StatusCode, Text: r.Reason, Reason: headerOf(r, "Reason"), Reply: replyOf(r)})
	}
}

// authAgain sends the INVITE with credentials; false when that makes no sense.
func (c *Call) authAgain(r *sip.Response) bool {
	if c.dial.NoAuth || c.p.opt.Password == "" || c.challenged > 0 && !stale(r) || c.challenged > 2 {
		return false
	}
	if c.cancelWanted && !c.cancelNow {
		return false
	}
	c.challenged++
	c.authRes = r
	if c.sendInvite() != nil {
		return false
	}
	c.withdraw()
	return true
}

func (c *Call) provisional(r *sip.Response) {
	tag, _ := r.To().Params.Get("tag")
	c.provisionals = append(c.provisionals, replyOf(r))
	if c.answered || tag == "" {
		return
	}
	c.remoteTag = tag
	if ct := r.Contact(); ct != nil {
		c.target = ct.Address
	}
	if len(r.Body()) > 0 && c.mine != nil {
		c.takeAnswer(string(r.Body()))
	}
	if strings.Contains(headerOf(r, "Require"), "100rel") && c.p.opt.Supports100rel {
		c.prack(r)
	}
}

// prack acknowledges a reliable provisional response (RFC 3262 §4).
func (c *Call) prack(r *sip.Response) {
	rseq := uint32(port(headerOf(r, "RSeq")))
	if rseq == c.rseq {
		return
	}
	c.rseq = rseq
	req := c.inDialog(sip.PRACK)
	req.AppendHeader(sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", rseq, c.invite.CSeq().SeqNo)))
	if len(r.Body()) > 0 && c.mine == nil {
		if body, err := c.takeOffer(string(r.Body())); err == nil {
			c.setBody(req, body)
		}
	}
	_ = c.p.send(c.flow, req, func(*sip.Response) {})
}

// accepted takes a 2xx: the first one, its retransmissions, and those of other
// dialogs that a fork brought forth (RFC 3261 §13.2.2.4).
func (c *Call) accepted(r *sip.Response) {
	tag, _ := r.To().Params.Get("tag")
	if c.answered && tag != c.remoteTag {
		c.fork(r)
		return
	}
	if c.answered {
		c.sendACK()
		return
	}
	c.answered, c.answer, c.remoteTag = true, replyOf(r), tag
	c.adopt(r)
	c.ack = c.acknowledgement(c.invite.CSeq().SeqNo)
	switch {
	case c.mine == nil || c.dial.NoSDP:
		if body, err := c.takeOffer(string(r.Body())); err == nil {
			c.setBody(c.ack, body)
		}
	case len(r.Body()) > 0:
		c.takeAnswer(string(r.Body()))
	}
	c.sessionTimer(headerOf(r, "Session-Expires"), "uac")
	c.sendACK()
	if c.cancelWanted {
		c.bye()
	}
}

// adopt takes the remote target and the route set from a response.
func (c *Call) adopt(r *sip.Response) {
	if ct := r.Contact(); ct != nil {
		c.target = ct.Address
	}
	c.routes = nil
	for _, h := range slices.Backward(r.GetHeaders("Record-Route")) {
		c.routes = append(c.routes, h.Value())
	}
}

func (c *Call) sendACK() {
	if c.ack == nil {
		return
	}
	if c.p.opt.NoACK {
		c.p.trace.note("ACK withheld")
		return
	}
	c.acked = true
	_ = c.flow.WriteMsg(c.ack)
}

// fork hangs up a dialog that another answer to the same INVITE has made.
func (c *Call) fork(r *sip.Response) {
	c.forks++
	other := &Call{
		p: c.p, callID: c.callID, localTag: c.localTag, localURI: c.localURI, remoteURI: c.remoteURI,
		target: c.target, flow: c.flow, localSeq: c.localSeq,
	}
	other.remoteTag, _ = r.To().Params.Get("tag")
	other.adopt(r)
	_ = c.flow.WriteMsg(other.acknowledgement(c.invite.CSeq().SeqNo))
	_ = c.p.send(c.flow, other.inDialog(sip.BYE), func(*sip.Response) {})
}

// inDialog builds a request within the dialog.
func (c *Call) inDialog(method sip.RequestMethod) *sip.Request {
	c.localSeq++
	return c.within(method, c.localSeq)
}

func (c *Call) acknowledgement(cseq uint32) *sip.Request { return c.within(sip.ACK, cseq) }

func (c *Call) within(method sip.RequestMethod, cseq uint32) *sip.Request {
	from := &sip.FromHeader{Address: c.localURI}
	from.Params.Add("tag", c.localTag)
	to := &sip.ToHeader{Address: c.remoteURI}
	if c.remoteTag != "" {
		to.Params.Add("tag", c.remoteTag)
	}
	req := c.p.newRequest(method, c.target, from, to, c.callID, cseq)
	for _, r := range c.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	req.AppendHeader(&sip.ContactHeader{Address: c.p.contact()})
	c.p.describe(req)
	req.SetBody(nil)
	return req
}

// Cancel gives up a call that was not answered: as soon as the far side has
// given any sign of life, as RFC 3261 §9.1 asks.
func (c *Call) Cancel() {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.cancelWanted = true
	c.withdraw()
}

// CancelAtOnce sends CANCEL right behind the INVITE that carries credentials, so
// that it may overtake it.
func (c *Call) CancelAtOnce() {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.cancelWanted, c.cancelNow = true, true
	if c.p.opt.Password == "" || c.authRes != nil {
		c.sign = true
		c.withdraw()
	}
}

// withdraw sends the CANCEL that is wanted when it may be sent.
func (c *Call) withdraw() {
	if !c.cancelWanted || !c.sign || c.cancelSent || c.answered || c.ended {
		return
	}
	key, _ := sip.ClientTxKeyMake(c.invite)
	if k := c.p.clients[key]; k == nil {
		return
	}
	c.cancelSent = true
	req := sameHop(sip.CANCEL, c.invite, c.invite)
	_ = c.p.send(c.flow, req, func(*sip.Response) {})
}

// Hangup ends the call in the way that its state asks for: BYE, CANCEL or 603.
func (c *Call) Hangup() {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	switch {
	case c.ended:
	case c.answered:
		c.bye()
	case c.outgoing:
		c.cancelWanted = true
		c.withdraw()
	default:
		c.reject(603, "Decline", nil)
	}
}

func (c *Call) bye() {
	_ = c.p.send(c.flow, c.inDialog(sip.BYE), func(*sip.Response) {})
	c.finish(End{Method: "BYE"})
}
