package sipedge

import (
	"crypto/rand"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// NewResponse is an answer to req (§8.2.6) without a To tag, which Respond adds.
// What it has in common with req, apart from To, is shared and not to be changed.
// It also answers requests whose headers could not be read: what is there goes
// back as it came.
func NewResponse(req *sip.Request, code int, reason string) *sip.Response {
	res := sip.NewResponse(code, reason)
	for _, h := range req.Headers() {
		switch h := h.(type) {
		case *sip.ViaHeader, *sip.FromHeader, *sip.CallIDHeader, *sip.CSeqHeader:
			res.AppendHeader(h)
		case *sip.ToHeader:
			to := *h
			to.Params = append(make(sip.HeaderParams, 0, len(h.Params)+1), h.Params...)
			res.AppendHeader(&to)
		case *sip.RecordRouteHeader:
			if code > 100 && code < 300 && req.Method != sip.REGISTER { // §12.1.1
				res.AppendHeader(h)
			}
		default:
			if goesBack(h.Name(), code) {
				res.AppendHeader(h)
			}
		}
	}
	res.SetTransport(req.Transport())
	return res
}

// goesBack says whether a header that was not read belongs into an answer.
func goesBack(name string, code int) bool {
	switch name {
	case "Via", "From", "To", "Call-ID", "CSeq":
		return true
	}
	return code == sip.StatusTrying && strings.EqualFold(name, "Timestamp")
}

// response is an answer of the edge itself.
func (e *Edge) response(req *sip.Request, code int, reason string) *sip.Response {
	res := NewResponse(req, code, reason)
	res.AppendHeader(sip.NewHeader("Server", e.product))
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
	if req.Method == sip.ACK || req.CSeq() != nil && req.CSeq().MethodName == sip.ACK || !has(req, "Via") {
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
	_ = send(res, p)
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

// completeResponse adds what an answer of a handler lacks.
func (e *Edge) completeResponse(req *sip.Request, res *sip.Response) {
	if !has(res, "Server") {
		res.AppendHeader(sip.NewHeader("Server", e.product))
	}
	res.SetTransport(req.Transport())
	if res.StatusCode == sip.StatusMethodNotAllowed && !has(res, "Allow") {
		res.AppendHeader(sip.NewHeader("Allow", e.Allow()))
	}
}

func newTag() string { return strings.ToLower(rand.Text()[:16]) }
