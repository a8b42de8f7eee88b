package testphone

import (
	"net"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// client is a request on its way, with what is to happen to its responses.
type client struct {
	tx      *sip.ClientTx
	f       *flow
	on      func(*sip.Response)
	refused bool // a final response of 300 or more has come
}

// send starts a transaction. on gets every response, in order, with mu held;
// mu is held here too. A request that cannot be sent gives an error, and on is
// not called.
func (p *Phone) send(f *flow, req *sip.Request, on func(*sip.Response)) error {
	key, err := sip.ClientTxKeyMake(req)
	if err != nil {
		return err
	}
	c := &client{tx: sip.NewClientTx(key, req, f, p.log), f: f, on: on}
	c.tx.OnRetransmission(func(r *sip.Response) {
		p.mu.Lock()
		defer p.mu.Unlock()
		on(r)
		p.wake()
	})
	p.clients[key] = c
	if err := c.tx.Init(); err != nil {
		delete(p.clients, key)
		c.tx.Terminate()
		return err
	}
	return nil
}

// received is where all messages arrive, on the goroutine of their flow.
func (p *Phone) received(msg sip.Message, f *flow) {
	switch m := msg.(type) {
	case *sip.Response:
		p.response(m)
	case *sip.Request:
		p.request(m, f)
	}
}

func (p *Phone) response(r *sip.Response) {
	key, err := sip.ClientTxKeyMake(r)
	if err != nil {
		p.trace.note("response without a branch or CSeq")
		return
	}
	p.mu.Lock()
	c := p.clients[key]
	again := c != nil && c.refused
	if c != nil && r.StatusCode >= 300 {
		c.refused = true
	}
	p.mu.Unlock()
	switch {
	case c == nil:
		p.trace.note("response to nothing that is going on")
		return
	case again: // the transaction of sipgo would sleep before its ACK
		if c.tx.Origin().IsInvite() {
			_ = c.f.WriteMsg(sameHop(sip.ACK, c.tx.Origin(), r))
		}
		return
	}
	taken := make(chan struct{})
	p.wg.Go(func() {
		defer close(taken)
		c.tx.Receive(r)
	})
	for {
		select {
		case r := <-c.tx.Responses():
			p.mu.Lock()
			c.on(r)
			p.wake()
			p.mu.Unlock()
		case <-taken:
			return
		}
	}
}

func (p *Phone) request(req *sip.Request, f *flow) {
	key, err := sip.ServerTxKeyMake(req)
	if err != nil || req.From() == nil || req.To() == nil || req.CallID() == nil {
		p.trace.note("request without the headers of RFC 3261 §8.1.1")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if tx := p.servers[key]; tx != nil && (!req.IsAck() || !p.acksAnswer(req)) {
		_ = tx.Receive(req) // retransmitted, or the ACK for a refusal
		return
	}
	if req.IsAck() {
		p.inCall(req, nil)
		p.wake()
		return
	}
	if tag, _ := req.To().Params.Get("tag"); p.opt.Silent && req.IsInvite() && tag == "" {
		p.trace.note("INVITE ignored")
		return
	}
	tx := sip.NewServerTx(key, req, f, p.log)
	if err := tx.Init(); err != nil {
		return
	}
	p.servers[key] = tx
	p.dispatch(req, tx, f)
	p.wake()
}

// acksAnswer reports whether an ACK that shares the branch of its INVITE, as old
// phones do, is for a 2xx.
func (p *Phone) acksAnswer(req *sip.Request) bool {
	c := p.find(req)
	return c != nil && c.acceptedBranch(req)
}

// dispatch finds out what a new request is for.
func (p *Phone) dispatch(req *sip.Request, tx *sip.ServerTx, f *flow) {
	tag, _ := req.To().Params.Get("tag")
	switch {
	case req.Method == sip.CANCEL:
		p.cancelled(req, tx)
	case req.Method == sip.NOTIFY && headerOf(req, "Event") == "dialog":
		_ = tx.Respond(sip.NewResponseFromRequest(req, p.notified(req), "", nil))
	case tag != "":
		p.inCall(req, tx)
	case req.Method == sip.INVITE:
		p.invited(req, tx, f)
	default:
		p.outside(req, tx)
	}
}

// outside answers requests that belong to no call.
func (p *Phone) outside(req *sip.Request, tx *sip.ServerTx) {
	p.counts[string(req.Method)]++
	switch {
	case p.serve != nil:
		_ = tx.Respond(p.serve(req))
	case req.Method == sip.OPTIONS && p.opt.IgnoreOptions:
	case req.Method == sip.OPTIONS:
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		p.describe(res)
		_ = tx.Respond(res)
	case req.Method == sip.REGISTER && p.opt.Registrar:
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		sip.CopyHeaders("Contact", req, res)
		sip.CopyHeaders("Expires", req, res)
		_ = tx.Respond(res)
	case req.Method == sip.NOTIFY:
		if headerOf(req, "Event") == "message-summary" {
			p.summary = string(req.Body())
		}
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
	case req.Method == sip.MESSAGE:
		p.messaged(req, tx)
	default:
		_ = tx.Respond(sip.NewResponseFromRequest(req, 405, "Method Not Allowed", nil))
	}
}

const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY"

// describe adds what the phone can do.
func (p *Phone) describe(m sip.Message) {
	m.AppendHeader(sip.NewHeader("Allow", allowed))
	m.AppendHeader(sip.NewHeader("User-Agent", p.opt.UserAgent))
}

// cancelled answers a CANCEL, and the INVITE it is for (RFC 3261 §9.2).
func (p *Phone) cancelled(req *sip.Request, tx *sip.ServerTx) {
	key, _ := sip.ServerTxKeyMake(req)
	invite := p.servers[strings.TrimSuffix(key, string(sip.CANCEL))+string(sip.INVITE)]
	if invite == nil {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
		return
	}
	for _, c := range p.calls {
		if c.server == invite {
			c.cancelArrived(req, tx)
			return
		}
	}
	_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
}

// newRequest builds a request with the headers that all have.
func (p *Phone) newRequest(method sip.RequestMethod, to sip.Uri, from *sip.FromHeader, toHeader *sip.ToHeader, callID string, cseq uint32) *sip.Request {
	req := sip.NewRequest(method, to)
	req.SetTransport(p.proto())
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: p.proto(), Host: p.told(), Port: int(p.wire.local().Port())}
	via.Params.Add("branch", sip.GenerateBranch())
	via.Params.Add("rport", "")
	req.AppendHeader(via)
	forwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(from)
	req.AppendHeader(toHeader)
	id := sip.CallIDHeader(callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	return req
}

// flowTo is the way to uri: the server when there is one, else uri itself.
func (p *Phone) flowTo(uri sip.Uri) (*flow, error) {
	if p.opt.Server != "" {
		return p.server()
	}
	ip, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil {
		return nil, &net.AddrError{Err: "not an IP address", Addr: uri.Host}
	}
	at := uri.Port
	if at == 0 {
		at = sip.DefaultUdpPort
	}
	return p.wire.to(netip.AddrPortFrom(ip, uint16(at)))
}

// sameHop is the ACK for a refusal, or a CANCEL: it has the headers of the
// INVITE that RFC 3261 §9.1 and §17.1.1.3 want, and the To of to.
func sameHop(method sip.RequestMethod, invite *sip.Request, to sip.Message) *sip.Request {
	req := sip.NewRequest(method, invite.Recipient)
	req.SetTransport(invite.Transport())
	for _, name := range []string{"Via", "Max-Forwards", "From", "Call-ID", "Route"} {
		sip.CopyHeaders(name, invite, req)
	}
	sip.CopyHeaders("To", to, req)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: method})
	req.SetBody(nil)
	return req
}
