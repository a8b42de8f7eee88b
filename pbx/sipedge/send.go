package sipedge

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// Request sends a request over flow and gives its transaction. The top Via is
// ours, made anew (a CANCEL keeps that of its INVITE); Max-Forwards, User-Agent
// and Content-Length are added where they lack; everything is made safe. req then
// holds what was sent; the transaction keeps its text only.
//
// A flow whose connection has closed gives ErrFlowGone at once. With the zero Flow
// the way is found from the Route or the Request-URI (RFC 3263), and FlowOf tells
// which it was. ctx bounds looking up and connecting, not the transaction.
//
// A request of more than 1300 bytes does not go over UDP when the far side has a
// TCP connection, or accepts one, and the caller left the choice (§18.1.1).
func (e *Edge) Request(ctx context.Context, req *sip.Request, flow Flow) (sip.ClientTransaction, error) {
	if req.IsAck() {
		return nil, errors.New("sip edge: an ACK has no transaction; use Write")
	}
	p, b, err := e.prepare(ctx, req, flow)
	if err != nil {
		return nil, err
	}
	defer release(b)
	w, err := e.startClient(req, b.Bytes(), p)
	if err != nil {
		return nil, fmt.Errorf("send %s to %s: %w", req.Method, p.flow().Remote, err)
	}
	return w, nil
}

// Write sends a request without a transaction: the ACK for a 2xx.
func (e *Edge) Write(req *sip.Request, flow Flow) error {
	ctx, cancel := context.WithTimeout(e.base(), e.limits.Dial)
	defer cancel()
	p, b, err := e.prepare(ctx, req, flow)
	if err != nil {
		return err
	}
	defer release(b)
	return p.write(b.Bytes())
}

// prepare finds the way, makes req ready for it and gives its text, which the
// caller releases.
func (e *Edge) prepare(ctx context.Context, req *sip.Request, flow Flow) (path, *bytes.Buffer, error) {
	if e.halted() {
		return nil, nil, ErrNotRunning
	}
	p, choice, err := e.pathFor(ctx, req, flow)
	if err != nil {
		return nil, nil, err
	}
	b, err := e.outgoing(req, p)
	if err != nil || p.flow().Transport != "udp" || req.IsCancel() || b.Len() <= largeUDP {
		return p, b, err
	}
	if s := e.reliableTo(ctx, p.flow().Remote, choice); s != nil {
		release(b)
		b, err = e.outgoing(req, s)
		return s, b, err
	}
	return p, b, nil
}

// pathFor is the way of a flow. choice says that the transport was not given.
func (e *Edge) pathFor(ctx context.Context, req *sip.Request, flow Flow) (p path, choice bool, err error) {
	if flow.IsZero() {
		return e.route(ctx, req)
	}
	p, err = e.pathOf(flow)
	return p, false, err
}

func (e *Edge) pathOf(flow Flow) (path, error) {
	if flow.Transport != "udp" {
		if s := e.streams.get(flow); s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("%w: %s", ErrFlowGone, flow)
	}
	s := e.addrs.socket(flow.Local)
	if s == nil {
		return nil, fmt.Errorf("%w: %s", ErrFlowGone, flow)
	}
	return &udpPath{sock: s, far: flow.Remote, f: flow}, nil
}

// reliableTo is a connection to the same far side: one that is there, or, when the
// transport is ours to choose, a new one.
func (e *Edge) reliableTo(ctx context.Context, remote netip.AddrPort, dial bool) path {
	for _, transport := range [...]string{"tcp", "tls"} {
		if s := e.streams.to(farKey{transport, remote, nil}); s != nil {
			return s
		}
	}
	if !dial {
		return nil
	}
	s, err := e.dial(ctx, target{transport: "tcp", at: remote})
	if err != nil {
		e.log.Debug("a large request goes over UDP, as TCP failed", "remote", remote, "error", err)
		return nil
	}
	return s
}

// outgoing completes a request for the way it takes and gives its text.
func (e *Edge) outgoing(req *sip.Request, p path) (*bytes.Buffer, error) {
	if !isToken(string(req.Method)) || req.Recipient.Wildcard {
		return nil, fmt.Errorf("%w: %s", ErrUnsafe, req.Method)
	}
	if err := tidyURI(&req.Recipient); err != nil {
		return nil, fmt.Errorf("%w: Request-URI", err)
	}
	if !req.IsCancel() || req.Via() == nil {
		for req.RemoveHeader("Via") {
		}
		req.PrependHeader(e.via(req, p.flow()))
	}
	if req.MaxForwards() == nil {
		hops := sip.MaxForwardsHeader(70)
		req.AppendHeader(&hops)
	}
	if !has(req, "User-Agent") {
		req.AppendHeader(sip.NewHeader("User-Agent", e.product))
	}
	req.SipVersion = "SIP/2.0"
	req.SetTransport(transportText(p.flow()))
	if req.From() == nil || req.To() == nil || req.CallID() == nil || req.CSeq() == nil {
		return nil, errors.New("sip edge: a request needs From, To, Call-ID and CSeq")
	}
	return encode(req)
}

// via is our Via: where answers reach us, and a branch by which we know ours.
func (e *Edge) via(req *sip.Request, f Flow) *sip.ViaHeader {
	at := e.reachable(f)
	h := &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: transportText(f),
		Host: at.Addr().WithZone("").String(), Port: int(at.Port()),
	}
	h.Params = append(make(sip.HeaderParams, 0, 2),
		sip.HeaderKV{K: "branch", V: e.cookie + uriMark(&req.Recipient) + rand.Text()[:16]},
		sip.HeaderKV{K: "rport"})
	return h
}

// NewCancel is the CANCEL for an INVITE that Request has sent (§9.1). Send it on
// FlowOf the INVITE's transaction, after a provisional response has come.
func NewCancel(invite *sip.Request) *sip.Request {
	req := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	for _, h := range invite.Headers() {
		switch h := h.(type) {
		case *sip.ViaHeader:
			if req.Via() == nil {
				req.AppendHeader(h.Clone())
			}
		case *sip.FromHeader, *sip.ToHeader, *sip.CallIDHeader, *sip.RouteHeader:
			req.AppendHeader(sip.HeaderClone(h))
		case *sip.CSeqHeader:
			req.AppendHeader(&sip.CSeqHeader{SeqNo: h.SeqNo, MethodName: sip.CANCEL})
		}
	}
	return req
}
