package sipedge

import (
	"crypto/rand"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// response is an answer to req without a To tag of ours (§8.2.6). It also answers
// requests whose headers could not be read: what is there goes back as it came.
func (e *Edge) response(req *sip.Request, code int, reason string) *sip.Response {
	res := sip.NewResponse(code, reason)
	for _, h := range req.Headers() {
		switch name := h.Name(); {
		case name == "Via" || name == "From" || name == "To" || name == "Call-ID" || name == "CSeq",
			code == sip.StatusTrying && strings.EqualFold(name, "Timestamp"):
			res.AppendHeader(sip.HeaderClone(h))
		}
	}
	res.SetTransport(req.Transport())
	res.AppendHeader(sip.NewHeader("Server", e.product))
	res.SetBody(nil)
	return res
}

// refuse answers without a transaction (§8.2.7): nothing is kept of a request
// that was not valid. An ACK, and what names no way back, gets silence.
func (e *Edge) refuse(req *sip.Request, p path, f *fault) {
	if f.code == 0 {
		e.stats.Junk.Add(1)
		return
	}
	e.stats.Refused.Add(1)
	if req.Method == sip.ACK || req.CSeq() != nil && req.CSeq().MethodName == sip.ACK || len(req.GetHeaders("via")) == 0 {
		return
	}
	if topVia(req) != nil {
		e.addressed(req, p)
	}
	res := e.response(req, f.code, f.reason)
	if to := res.To(); to != nil && !to.Params.Has("tag") {
		to.Params.Add("tag", e.statelessTag(req))
	}
	for _, h := range f.headers {
		res.AppendHeader(h)
	}
	if tidy(res) != nil {
		return
	}
	_ = p.WriteMsg(res)
}

// topVia is the first Via; nil when that could not be read.
func topVia(req *sip.Request) *sip.ViaHeader {
	for _, h := range req.Headers() {
		if h.Name() == "Via" {
			via, _ := h.(*sip.ViaHeader)
			return via
		}
	}
	return nil
}

// statelessTag is the same for every copy of a request (§8.2.7).
func (e *Edge) statelessTag(req *sip.Request) string {
	var h maphash.Hash
	h.SetSeed(e.seed)
	if via := topVia(req); via != nil {
		branch, _ := via.Params.Get("branch")
		_, _ = h.WriteString(branch)
	}
	if id := req.CallID(); id != nil {
		_, _ = h.WriteString(id.Value())
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// Respond answers a request. It is the only way to do so: the answer is made
// safe, gets Server, Content-Length and a To tag, the same in all answers to one
// request. Of two final answers the second gives ErrAnswered.
func (e *Edge) Respond(tx sip.ServerTransaction, res *sip.Response) error { return tx.Respond(res) }

// tidyResponse makes an answer of a handler ready to be written.
func (e *Edge) tidyResponse(req *sip.Request, res *sip.Response) error {
	if res.GetHeader("server") == nil {
		res.AppendHeader(sip.NewHeader("Server", e.product))
	}
	res.SetTransport(req.Transport())
	if res.StatusCode == sip.StatusMethodNotAllowed && res.GetHeader("allow") == nil {
		res.AppendHeader(sip.NewHeader("Allow", e.Allow()))
	}
	return tidy(res)
}

func newTag() string { return strings.ToLower(rand.Text()[:16]) }
