package sipedge

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// message is what was read: a request or a response, never both. A message with
// a fault is never passed on; its headers, as far as they could be read, serve to
// answer it.
type message struct {
	req    *sip.Request
	res    *sip.Response
	length int // Content-Length; -1 when absent
	body   []byte
	fault  *fault
}

// fault is why a request is refused: a status code, and a reason phrase that
// names the header at fault. Code 0 is silence.
type fault struct {
	code    int
	reason  string
	headers []sip.Header
	// lost means that the end of the message cannot be known: on a stream there is
	// nothing to go on with.
	lost bool
}

func bad(name string) *fault { return &fault{code: sip.StatusBadRequest, reason: "Bad " + name} }

// headEnd is the index after the empty line that ends the header section, or -1.
// It looks from the line that holds index from. Lines may end in a bare LF.
func headEnd(b []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		rest := b[i:]
		if len(rest) > 0 && rest[0] == '\n' {
			return i + 1
		}
		if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return i + 2
		}
	}
}

// parseHead reads a start line and header section (RFC 3261 §7). The text is
// copied: b may be reused.
func parseHead(b []byte) message {
	p := headReader{lines: lines{rest: string(b)}}
	p.length = -1
	start, _ := p.lines.next()
	p.startLine(start)
	for n := 0; p.lines.rest != ""; n++ {
		line, ok := p.lines.next()
		if line == "" {
			break
		}
		if !ok || n == maxHeaders {
			p.refuse(&fault{code: sip.StatusBadRequest, reason: "Bad Header Section"})
			break
		}
		p.header(line)
	}
	return p.message
}

// parseDatagram reads a message that came alone (RFC 3261 §18.3).
func parseDatagram(b []byte) message {
	end, head := headEnd(b, 0), b
	if end >= 0 {
		head, b = b[:end], b[end:]
	} else {
		b = nil
	}
	m := parseHead(head)
	switch {
	case m.fault != nil:
	case end < 0:
		m.fault = &fault{code: sip.StatusBadRequest, reason: "Missing Empty Line"}
	case m.length > len(b):
		m.fault = &fault{code: sip.StatusBadRequest, reason: "Bad Content-Length"}
	case m.length >= 0:
		b = b[:m.length]
	}
	if m.fault == nil {
		m.setBody(bytes.Clone(b))
	}
	return m
}

func (m *message) setBody(b []byte) {
	if len(b) == 0 {
		b = nil
	}
	m.body = b
	if m.req != nil {
		m.req.SetBody(b)
	} else if m.res != nil {
		m.res.SetBody(b)
	}
}

func (m *message) sip() sip.Message {
	if m.req != nil {
		return m.req
	}
	return m.res
}

// lines gives the lines of a header section with folded ones joined (§7.3.1).
type lines struct{ rest string }

// next gives the next line; ok is false when it holds a CR that ends no line.
func (l *lines) next() (line string, ok bool) {
	line, ok = l.single()
	if !l.folded() {
		return line, ok
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(line, " \t"))
	for l.folded() {
		more, fine := l.single()
		ok = ok && fine
		b.WriteByte(' ')
		b.WriteString(strings.Trim(more, " \t"))
	}
	return b.String(), ok
}

func (l *lines) folded() bool {
	return l.rest != "" && (l.rest[0] == ' ' || l.rest[0] == '\t')
}

func (l *lines) single() (string, bool) {
	line, rest, _ := strings.Cut(l.rest, "\n")
	l.rest = rest
	line = strings.TrimSuffix(line, "\r")
	return line, strings.IndexByte(line, '\r') < 0
}

// headReader collects what parseHead reads.
type headReader struct {
	message
	lines lines
	seen  uint32 // header fields that may come once
}

// refuse keeps the first fault.
func (p *headReader) refuse(f *fault) {
	if p.fault == nil {
		p.fault = f
	} else if f.lost {
		p.fault.lost = true
	}
}

// startLine reads a Request-Line or Status-Line (§7.1, §7.2), strictly: RFC 4475
// wants 400 for every extra space.
func (p *headReader) startLine(s string) {
	if strings.HasPrefix(s, "SIP/") {
		p.statusLine(s)
		return
	}
	method, rest, _ := strings.Cut(s, " ")
	uri, version, two := cutLast(rest, ' ')
	p.req = sip.NewRequest(sip.RequestMethod(method), sip.Uri{})
	if !isToken(method) || !two || len(version) < 4 || !strings.EqualFold(version[:4], "SIP/") {
		f := &fault{code: sip.StatusBadRequest, reason: "Bad Request-Line"}
		if !strings.Contains(s, "SIP/") && !strings.Contains(s, "sip:") {
			f = &fault{lost: true} // another protocol
		}
		p.refuse(f)
		return
	}
	if !strings.EqualFold(version, "SIP/2.0") {
		p.refuse(&fault{code: sip.StatusVersionNotSupported, reason: "Version Not Supported"})
		return
	}
	u, known, ok := parseURI(uri)
	p.req.Recipient = u
	switch {
	case !known && u.Scheme != "":
		p.refuse(&fault{code: sip.StatusRequestedRangeNotSatisfiable, reason: "Unsupported URI Scheme"})
	case !ok:
		p.refuse(bad("Request-URI"))
	case len(u.Headers) > 0:
		p.refuse(&fault{code: sip.StatusBadRequest, reason: "Headers In Request-URI"})
	}
}

func (p *headReader) statusLine(s string) {
	version, rest, _ := strings.Cut(s, " ")
	code, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	p.res = sip.NewResponse(n, reason)
	if version != "SIP/2.0" || err != nil || len(code) != 3 || n < 100 || n > 699 || hasControl(reason) {
		p.refuse(bad("Status-Line"))
	}
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// header reads one header field.
func (p *headReader) header(line string) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || !isToken(name) {
		p.refuse(&fault{code: sip.StatusBadRequest, reason: "Bad Header Field"})
		return
	}
	value = strings.Trim(value, " \t")
	kind, name := headerKind(name)
	if kind.once() {
		if p.seen&(1<<kind) != 0 {
			p.refuse(&fault{code: sip.StatusBadRequest, reason: "Duplicate " + name, lost: kind == kindContentLength})
			return
		}
		p.seen |= 1 << kind
	}
	if hasControl(value) || !p.typed(kind, name, value) {
		f := bad(name)
		f.lost = kind == kindContentLength
		p.refuse(f)
		p.sip().AppendHeader(sip.NewHeader(name, Clean(value)))
	}
}

// typed appends the header in the type that sipgo has for it.
func (p *headReader) typed(kind kind, name, value string) bool {
	m := p.sip()
	switch kind {
	case kindVia:
		return appendVias(m, value)
	case kindFrom, kindTo:
		return appendParty(m, kind, value)
	case kindContact:
		return appendContacts(m, value)
	case kindRoute, kindRecordRoute:
		return appendRoutes(m, kind, value)
	case kindReferTo, kindReferredBy:
		return appendRefer(m, kind, value)
	case kindCallID:
		id := sip.CallIDHeader(value)
		return appendIf(m, &id, value != "" && !strings.ContainsAny(value, " \t"))
	case kindCSeq:
		return appendCSeq(m, value)
	case kindMaxForwards:
		n, ok := number(value, 255)
		h := sip.MaxForwardsHeader(n)
		return appendIf(m, &h, ok)
	case kindContentLength:
		n, ok := number(value, 1<<31-1)
		p.length = int(n)
		h := sip.ContentLengthHeader(n)
		return appendIf(m, &h, ok)
	case kindContentType:
		h := sip.ContentTypeHeader(value)
		return appendIf(m, &h, strings.Contains(value, "/"))
	}
	return appendIf(m, sip.NewHeader(name, value), true)
}

func appendIf(m sip.Message, h sip.Header, ok bool) bool {
	if ok {
		m.AppendHeader(h)
	}
	return ok
}

// number reads digits, as many leading zeros as there are (RFC 4475 wsinv).
func number(s string, limit uint64) (uint32, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > limit {
		return 0, false
	}
	return uint32(n), true
}
