package sipedge

import (
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// validate is the part of RFC 3261 §8.2 that does not depend on what the request
// is for. nil means that a handler may have it.
func (e *Edge) validate(req *sip.Request) *fault {
	if f := e.complete(req); f != nil {
		return f
	}
	if req.MaxForwards() == nil {
		hops := sip.MaxForwardsHeader(70)
		req.AppendHeader(&hops)
	}
	if req.IsAck() || req.IsCancel() {
		return nil
	}
	if f := e.knownMethod(req); f != nil {
		return f
	}
	if f := e.hops(req); f != nil {
		return f
	}
	if f := e.required(req); f != nil {
		return f
	}
	return encoding(req)
}

// complete checks for the headers that every request has (§8.1.1). A request in
// the manner of RFC 2543, known by its branch, may lack the tag in From.
func (e *Edge) complete(req *sip.Request) *fault {
	missing := ""
	switch {
	case topVia(req) == nil:
		missing = "Via"
	case req.From() == nil:
		missing = "From"
	case req.To() == nil:
		missing = "To"
	case req.CallID() == nil:
		missing = "Call-ID"
	case req.CSeq() == nil:
		missing = "CSeq"
	}
	if missing != "" {
		return &fault{code: sip.StatusBadRequest, reason: "Missing " + missing}
	}
	branch, _ := req.Via().Params.Get("branch")
	if tag, _ := req.From().Params.Get("tag"); tag == "" && isModern(branch) {
		return &fault{code: sip.StatusBadRequest, reason: "Missing From Tag"}
	}
	if tag, ok := req.To().Params.Get("tag"); ok && tag == "" {
		return bad("To Tag")
	}
	if req.CSeq().MethodName != req.Method {
		return &fault{code: sip.StatusBadRequest, reason: "CSeq Method Does Not Match"}
	}
	return nil
}

// knownMethod: 405 for what SIP knows and nobody here handles, 501 for the rest
// (§8.2.1).
func (e *Edge) knownMethod(req *sip.Request) *fault {
	if req.Method == sip.OPTIONS || e.handlers[req.Method] != nil {
		return nil
	}
	allow := []sip.Header{sip.NewHeader("Allow", e.Allow())}
	switch req.Method {
	case sip.INVITE, sip.BYE, sip.REGISTER, sip.SUBSCRIBE, sip.NOTIFY, sip.REFER, sip.INFO, sip.MESSAGE,
		sip.PRACK, sip.UPDATE, sip.PUBLISH:
		return &fault{code: sip.StatusMethodNotAllowed, reason: "Method Not Allowed", headers: allow}
	}
	return &fault{code: sip.StatusNotImplemented, reason: "Not Implemented", headers: allow}
}

// hops looks for requests that have gone too far or round in a circle (§16.3).
// Max-Forwards of 0 only ends what would be sent on: OPTIONS and REGISTER are for
// us, and a request in a dialog has arrived.
func (e *Edge) hops(req *sip.Request) *fault {
	arrived := req.Method == sip.OPTIONS || req.Method == sip.REGISTER || req.To().Params.Has("tag")
	if req.MaxForwards().Val() == 0 && !arrived {
		return &fault{code: sip.StatusTooManyHops, reason: "Too Many Hops"}
	}
	var mark string
	for _, h := range req.Headers() {
		via, ok := h.(*sip.ViaHeader)
		if !ok {
			continue
		}
		branch, _ := via.Params.Get("branch")
		if !e.isOurs(branch) {
			continue
		}
		if mark == "" {
			mark = uriMark(&req.Recipient)
		}
		if strings.HasPrefix(branch[len(e.cookie):], mark) {
			return &fault{code: sip.StatusLoopDetected, reason: "Loop Detected"}
		}
	}
	return nil
}

// isOurs says whether a branch was made by this process.
func (e *Edge) isOurs(branch string) bool {
	return strings.HasPrefix(branch, e.cookie) && len(branch) > len(e.cookie)+markLen
}

const markLen = 8

// uriMark tells Request-URIs apart: a request that comes back with the same one is
// a loop, with another one a spiral, which is allowed (§16.3 item 4).
func uriMark(u *sip.Uri) string {
	var room [128]byte
	b := append(room[:0], UnescapeUser(u.User)...)
	b = append(append(append(b, '@'), lowerString(u.Host)...), ':')
	b = strconv.AppendInt(b, int64(u.Port), 10)
	h := fnv.New32a()
	_, _ = h.Write(b)
	return string(hex.AppendEncode(nil, h.Sum(nil)))
}

// required refuses extensions that are asked for and not there (§8.2.2.3).
func (e *Edge) required(req *sip.Request) *fault {
	var unknown []string
	for _, tag := range Tokens(req, "require") {
		if !slices.ContainsFunc(e.supported, func(s string) bool { return strings.EqualFold(s, tag) }) {
			unknown = append(unknown, tag)
		}
	}
	if unknown == nil {
		return nil
	}
	return &fault{
		code: sip.StatusBadExtension, reason: "Bad Extension",
		headers: []sip.Header{sip.NewHeader("Unsupported", strings.Join(unknown, ", "))},
	}
}

// encoding refuses bodies that are packed (§8.2.3).
func encoding(req *sip.Request) *fault {
	for _, v := range Tokens(req, "content-encoding") {
		if !strings.EqualFold(v, "identity") && len(req.Body()) > 0 {
			return &fault{
				code: sip.StatusUnsupportedMediaType, reason: "Unsupported Content-Encoding",
				headers: []sip.Header{sip.NewHeader("Accept-Encoding", "identity")},
			}
		}
	}
	return nil
}

// Tokens are the comma-separated values of all header fields of a name; commas in
// quotes or angle brackets do not separate.
func Tokens(m sip.Message, name string) []string {
	var out []string
	for h := range named(m, name) {
		v := h.Value()
		start, quoted, angle := 0, false, false
		for i := 0; i <= len(v); i++ {
			if i < len(v) {
				switch c := v[i]; {
				case c == '\\' && quoted:
					i++
					continue
				case c == '"':
					quoted = !quoted
				case c == '<' && !quoted:
					angle = true
				case c == '>' && !quoted:
					angle = false
				}
				if v[i] != ',' || quoted || angle {
					continue
				}
			}
			if t := strings.Trim(v[min(start, len(v)):min(i, len(v))], " \t"); t != "" {
				out = append(out, t)
			}
			start = i + 1
		}
	}
	return out
}

// WrongBody is the 415 for a body of a type that is not among accept, or nil when
// there is no body or it is one of them (§8.2.3). Multipart bodies are for the
// caller to list when it reads them.
func (e *Edge) WrongBody(req *sip.Request, accept ...string) *sip.Response {
	if len(req.Body()) == 0 {
		return nil
	}
	have := ""
	if h := req.ContentType(); h != nil {
		have, _, _ = strings.Cut(h.Value(), ";")
		have = strings.TrimSpace(have)
	}
	for _, a := range accept {
		if strings.EqualFold(a, have) {
			return nil
		}
	}
	res := e.response(req, sip.StatusUnsupportedMediaType, "Unsupported Media Type")
	res.AppendHeader(sip.NewHeader("Accept", strings.Join(accept, ", ")))
	return res
}
