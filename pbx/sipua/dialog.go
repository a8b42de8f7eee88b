package sipua

import (
	"crypto/rand"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// dialog is the state of RFC 3261 §12: who talks to whom, over what, and how far
// they have counted. Its owner guards it.
type dialog struct {
	callID    string
	local     sip.FromHeader // us, with our tag
	remote    sip.ToHeader   // the far side, with its tag once it has one
	target    sip.Uri        // the remote target: where requests go
	routes    []sip.Uri      // the route set, in sending order
	flow      sipedge.Flow
	contact   sip.Uri // where the far side reaches us
	localSeq  uint32
	remoteSeq uint32 // 0 before its first request
	owned     bool   // we made the Call-ID: decides who waits longer after glare
}

func newTag() string { return strings.ToLower(rand.Text()[:16]) }

// dialogOfInvite is the dialog that an INVITE from the far side starts
// (RFC 3261 §12.1.1).
func dialogOfInvite(req *sip.Request, flow sipedge.Flow, tag string) *dialog {
	d := &dialog{callID: req.CallID().Value(), flow: flow, remoteSeq: req.CSeq().SeqNo}
	d.local = req.To().AsFrom()
	d.local.Params.Add("tag", tag)
	d.remote = req.From().AsTo()
	if c := req.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	d.routes = recordRoutes(req)
	return d
}

// fork is the dialog that a response with a To tag makes of the half that our
// INVITE was (RFC 3261 §12.1.2).
func (d *dialog) fork(res *sip.Response) *dialog {
	f := *d
	f.local.Params = d.local.Params.Clone()
	f.remote = *sip.HeaderClone(res.To()).(*sip.ToHeader)
	f.routes = recordRoutes(res)
	for i, j := 0, len(f.routes)-1; i < j; i, j = i+1, j-1 {
		f.routes[i], f.routes[j] = f.routes[j], f.routes[i]
	}
	f.refresh(res.Contact())
	return &f
}

func (d *dialog) localTag() string  { return tagOf(d.local.Params) }
func (d *dialog) remoteTag() string { return tagOf(d.remote.Params) }

// refresh takes a new remote target (RFC 3261 §12.2.1.2).
func (d *dialog) refresh(c *sip.ContactHeader) {
	if c != nil && c.Address.Host != "" && !c.Address.Wildcard {
		d.target = *c.Address.Clone()
		d.target.Headers = nil
	}
}

// move follows the far side when its requests come another way over the same
// transport: a phone behind NAT whose mapping changed.
func (d *dialog) move(flow sipedge.Flow) {
	if strings.EqualFold(flow.Transport, d.flow.Transport) {
		d.flow = flow
	}
}

// next counts the next request of ours.
func (d *dialog) next() uint32 {
	d.localSeq++
	return d.localSeq
}

// request builds the next request of the dialog (RFC 3261 §12.2.1.1).
func (d *dialog) request(method sip.RequestMethod) *sip.Request {
	return d.requestAt(method, d.next())
}

// requestAt is request with a given CSeq, for ACK and CANCEL.
func (d *dialog) requestAt(method sip.RequestMethod, seq uint32) *sip.Request {
	target, routes := *d.target.Clone(), d.routes
	if len(routes) > 0 && !looseRouter(routes[0]) {
		// A strict router expects itself as the target and the target last.
		routes = append(append([]sip.Uri{}, routes[1:]...), target)
		target = *d.routes[0].Clone()
	}
	req := sip.NewRequest(method, target)
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	mf := sip.MaxForwardsHeader(70)
	req.AppendHeader(&mf)
	req.AppendHeader(sip.HeaderClone(&d.local))
	req.AppendHeader(sip.HeaderClone(&d.remote))
	id := sip.CallIDHeader(d.callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	if method != sip.BYE && method != sip.CANCEL && d.contact.Host != "" {
		req.AppendHeader(&sip.ContactHeader{Address: *d.contact.Clone()})
	}
	req.SetBody(nil)
	return req
}

func looseRouter(u sip.Uri) bool {
	_, ok := param(u.UriParams, "lr")
	return ok
}

// recordRoutes are the Record-Route values from top to bottom.
func recordRoutes(m headered) []sip.Uri {
	var routes []sip.Uri
	for _, h := range m.GetHeaders("Record-Route") {
		if r, ok := h.(*sip.RecordRouteHeader); ok {
			routes = append(routes, *r.Address.Clone())
			continue
		}
		for _, item := range split(h.Value(), ',') {
			if u, ok := parseURI(item); ok {
				routes = append(routes, u)
			}
		}
	}
	return routes
}
