package sipua

import (
	"context"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/media/sdp"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/siptrunk"
)

// Trunks are the lines to the outside, as siptrunk.Trunks knows them.
type Trunks interface {
	Servers(ctx context.Context, name string) ([]siptrunk.Server, error)
	Flow(ctx context.Context, s siptrunk.Server) (sipedge.Flow, error)
	Failed(s siptrunk.Server, err error)
	Answered(s siptrunk.Server)
	Identify(req *sip.Request, flow sipedge.Flow) (trunk string, misses []siptrunk.Miss)
	Authorize(name string, req *sip.Request, res *sip.Response) (*sip.Request, error)
	Acquire(name string, emergency bool) (release func(), ok bool)
	Weighted(names []string, n func(int) int) []string
	Dead(name string) bool
	Address(name, user string) sip.Uri
	Route(name string) *sip.RouteHeader
	Contact(name string, flow sipedge.Flow) sip.Uri
}

var _ Trunks = (*siptrunk.Trunks)(nil)

// noTrunks is what a UA without lines to the outside has.
type noTrunks struct{ Trunks }

func (noTrunks) Identify(*sip.Request, sipedge.Flow) (string, []siptrunk.Miss) { return "", nil }

// audioOfTrunk is the policy for the audio of a trunk.
func (u *UA) audioOfTrunk(name string) audioPolicy {
	cfg := u.config()
	t := cfg.Trunks[name]
	p := audioPolicy{codecs: cfg.Media.Codecs, crypto: sdp.CryptoOff}
	if len(t.Codecs) > 0 {
		p.codecs, p.ordered = t.Codecs, true
	}
	switch {
	case t.SRTP != "":
		p.crypto, p.open = cryptoPolicy(t.SRTP), t.SRTP == "required"
	case t.Transport == "tls":
		p.crypto = cryptoPolicy(cfg.Media.SRTP)
	}
	return p
}

// challenged reports whether a response asks for credentials.
func challenged(res *sip.Response) bool {
	return res.StatusCode == sip.StatusUnauthorized || res.StatusCode == sip.StatusProxyAuthRequired
}

// credentials are the headers of req by which we prove who we are.
func credentials(req *sip.Request) []sip.Header {
	var list []sip.Header
	for _, h := range req.Headers() {
		if strings.EqualFold(h.Name(), "Authorization") || strings.EqualFold(h.Name(), "Proxy-Authorization") {
			list = append(list, h)
		}
	}
	return list
}

// prove prepares another try with the credentials that a trunk asked for. A phone
// gets none.
func (a *attempt) prove(res *sip.Response) bool {
	again := a.u.authorize(a.to.trunk, a.req, res)
	if again == nil {
		return false
	}
	a.proof = credentials(again)
	return true
}

// authorize is req once more with the credentials that res asked for; nil when it
// asked for none, or we have no others.
func (u *UA) authorize(trunk string, req *sip.Request, res *sip.Response) *sip.Request {
	if trunk == "" || !challenged(res) {
		return nil
	}
	again, err := u.trunks.Authorize(trunk, req, res)
	if err != nil {
		u.log.Warn("a trunk does not take our credentials", "trunk", trunk, "method", req.Method, "status", res.StatusCode, "error", err)
		return nil
	}
	return again
}

// ask is do with the credentials that a trunk asks for. next gives the CSeq of
// another request.
func (u *UA) ask(ctx context.Context, trunk string, req *sip.Request, flow sipedge.Flow, next func() uint32) (*sip.Response, error) {
	res, err := u.do(ctx, req, flow)
	if err != nil {
		return nil, err
	}
	if again := u.authorize(trunk, req, res); again != nil {
		again.CSeq().SeqNo = next()
		return u.do(ctx, again, flow)
	}
	return res, nil
}

// do is ask in the dialog of l.
func (l *leg) do(ctx context.Context, req *sip.Request, flow sipedge.Flow) (*sip.Response, error) {
	return l.ua.ask(ctx, l.trunk, req, l.reopened(ctx, flow), l.nextSeq)
}

// reopened is flow, or when its connection has closed another one: to the same server of a
// trunk, or on which a browser has come back.
func (l *leg) reopened(ctx context.Context, flow sipedge.Flow) sipedge.Flow {
	if l.trunk == "" {
		return l.returned(flow)
	}
	if l.ua.edge.Alive(flow) {
		return flow
	}
	servers, err := l.ua.trunks.Servers(ctx, l.trunk)
	if err != nil {
		return flow
	}
	for _, s := range servers {
		if s.Transport != flow.Transport || s.Addr.Addr() != flow.Remote.Addr() {
			continue
		}
		if f, err := l.ua.trunks.Flow(ctx, s); err == nil {
			l.mu.Lock()
			l.move(f)
			l.mu.Unlock()
			return f
		}
	}
	return flow
}

func (l *leg) nextSeq() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dialog.next()
}

// settleWay has requests to a trunk go where its Record-Route or Contact says
// (RFC 3261 §12.2.1.1): over UDP, and when that is an address. One that cannot be
// meant for us, a private one of a far side that is not, is not followed; phones
// are called where they were heard. mu is held.
func (l *leg) settleWay() {
	d := l.dialog
	if l.trunk == "" || d.flow.Transport != "udp" {
		return
	}
	hop := d.target
	if len(d.routes) > 0 {
		hop = d.routes[0]
	}
	addr, err := netip.ParseAddr(strings.Trim(hop.Host, "[]"))
	if transport, given := param(hop.UriParams, "transport"); err != nil || given && !strings.EqualFold(transport, "udp") {
		return
	}
	addr = addr.Unmap()
	was := d.flow.Remote.Addr()
	if addr.Is4() != was.Is4() || local(addr) != local(was) || addr.IsUnspecified() || addr.IsMulticast() {
		return
	}
	port := hop.Port
	if port <= 0 || port > 65535 {
		port = 5060
	}
	d.flow.Remote = netip.AddrPortFrom(addr, uint16(port))
}

func local(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }
