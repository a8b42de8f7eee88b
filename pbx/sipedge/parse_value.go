package sipedge

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// cursor walks over a header value; white space between parts is skipped, as
// RFC 3261 §25.1 allows round every separator.
type cursor struct {
	s string
	i int
}

func (c *cursor) skip() {
	for c.i < len(c.s) && (c.s[c.i] == ' ' || c.s[c.i] == '\t') {
		c.i++
	}
}

// at says whether the next part begins with b.
func (c *cursor) at(b byte) bool {
	c.skip()
	return c.i < len(c.s) && c.s[c.i] == b
}

// take steps over b when it is next.
func (c *cursor) take(b byte) bool {
	if !c.at(b) {
		return false
	}
	c.i++
	return true
}

func (c *cursor) done() bool {
	c.skip()
	return c.i == len(c.s)
}

// until gives what stands before the first of stops, white space trimmed.
func (c *cursor) until(stops string) string {
	c.skip()
	n := strings.IndexAny(c.s[c.i:], stops)
	if n < 0 {
		n = len(c.s) - c.i
	}
	part := c.s[c.i : c.i+n]
	c.i += n
	return strings.TrimRight(part, " \t")
}

// quoted gives the inside of a quoted string, escapes kept; the opening quote is
// next.
func (c *cursor) quoted() (string, bool) {
	start := c.i + 1
	for i := start; i < len(c.s); i++ {
		switch c.s[i] {
		case '\\':
			i++
		case '"':
			c.i = i + 1
			return c.s[start:i], true
		}
	}
	return "", false
}

// params reads ;name=value parts up to the end or a comma. Names are made lower
// case; quoted values keep their quotes unless they hold white space, round which
// sipgo puts quotes by itself.
func (c *cursor) params() (sip.HeaderParams, bool) {
	var list sip.HeaderParams
	if c.at(';') {
		// One more than there are: a tag or a received may be added.
		list = make(sip.HeaderParams, 0, 1+min(strings.Count(c.s[c.i:], ";"), 7))
	}
	for c.take(';') {
		name := lowerString(c.until(";,= \t"))
		if !isToken(name) || list.Has(name) {
			return nil, false
		}
		value := ""
		if c.take('=') {
			var ok bool
			if value, ok = c.paramValue(); !ok {
				return nil, false
			}
		}
		list = append(list, sip.HeaderKV{K: name, V: value})
	}
	return list, c.done() || c.at(',')
}

func (c *cursor) paramValue() (string, bool) {
	if !c.at('"') {
		v := c.until(";, \t")
		return v, v != "" && !strings.ContainsAny(v, `"<>`)
	}
	start := c.i
	v, ok := c.quoted()
	if !ok || strings.ContainsAny(v, " \t") {
		return v, ok
	}
	return c.s[start:c.i], true
}

// address reads a name-addr or addr-spec with its parameters (§20.10, §25.1).
func (c *cursor) address() (display string, uri sip.Uri, params sip.HeaderParams, ok bool) {
	display, text, ok := c.displayAndURI()
	if !ok {
		return "", uri, nil, false
	}
	if uri, _, ok = parseURI(text); !ok {
		return "", uri, nil, false
	}
	params, ok = c.params()
	return display, uri, params, ok
}

func (c *cursor) displayAndURI() (display, uri string, ok bool) {
	if c.at('"') {
		if display, ok = c.quoted(); !ok || !c.at('<') {
			return "", "", false
		}
	} else {
		before := c.until("<;,")
		if !c.at('<') {
			// Without brackets nothing after ; belongs to the URI, and ? may not
			// stand in it (§20).
			return "", before, before != "" && !strings.Contains(before, "?")
		}
		if display = before; !isTokens(display) {
			return "", "", false
		}
	}
	c.i++
	n := strings.IndexByte(c.s[c.i:], '>')
	if n < 0 {
		return "", "", false
	}
	uri = c.s[c.i : c.i+n]
	c.i += n + 1
	return display, uri, true
}

func appendParty(m sip.Message, kind kind, value string) bool {
	c := cursor{s: value}
	display, uri, params, ok := c.address()
	if !ok || !c.done() {
		return false
	}
	if kind == kindFrom {
		m.AppendHeader(&sip.FromHeader{DisplayName: display, Address: uri, Params: params})
	} else {
		m.AppendHeader(&sip.ToHeader{DisplayName: display, Address: uri, Params: params})
	}
	return true
}

func appendContacts(m sip.Message, value string) bool {
	if value == "*" {
		m.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Host: "*", Wildcard: true}})
		return true
	}
	return appendList(m, value, func(c *cursor) (sip.Header, bool) {
		display, uri, params, ok := c.address()
		return &sip.ContactHeader{DisplayName: display, Address: uri, Params: params}, ok
	})
}

// appendList reads values that commas separate; all of them or none.
func appendList(m sip.Message, value string, read func(*cursor) (sip.Header, bool)) bool {
	var few [4]sip.Header
	list := few[:0]
	c := cursor{s: value}
	for {
		h, ok := read(&c)
		if !ok {
			return false
		}
		list = append(list, h)
		if !c.take(',') {
			break
		}
	}
	if !c.done() {
		return false
	}
	for _, h := range list {
		m.AppendHeader(h)
	}
	return true
}

func appendRoutes(m sip.Message, kind kind, value string) bool {
	return appendList(m, value, func(c *cursor) (sip.Header, bool) {
		_, uri, _, ok := c.address()
		if kind == kindRoute {
			return &sip.RouteHeader{Address: uri}, ok
		}
		return &sip.RecordRouteHeader{Address: uri}, ok
	})
}

func appendRefer(m sip.Message, kind kind, value string) bool {
	c := cursor{s: value}
	display, uri, params, ok := c.address()
	if !ok || !c.done() {
		return false
	}
	if kind == kindReferTo {
		m.AppendHeader(&sip.ReferToHeader{Address: uri})
	} else {
		m.AppendHeader(&sip.ReferredByHeader{DisplayName: display, Address: uri, Params: params})
	}
	return true
}

func appendCSeq(m sip.Message, value string) bool {
	c := cursor{s: value}
	seq, ok := number(c.until(" \t"), 1<<31-1)
	c.skip()
	method := c.s[c.i:]
	return appendIf(m, &sip.CSeqHeader{SeqNo: seq, MethodName: sip.RequestMethod(method)}, ok && isToken(method))
}

// appendVias reads Via values (§20.42): SIP / 2.0 / UDP host:port;params.
func appendVias(m sip.Message, value string) bool {
	return appendList(m, value, func(c *cursor) (sip.Header, bool) {
		h, ok := c.via()
		return h, ok
	})
}

func (c *cursor) via() (*sip.ViaHeader, bool) {
	name := c.until("/")
	slash1 := c.take('/')
	version := c.until("/")
	slash2 := c.take('/')
	transport := c.until(" \t")
	if !slash1 || !slash2 || !strings.EqualFold(name, "SIP") || !isToken(version) || !isToken(transport) {
		return nil, false
	}
	host, port, ok := splitHostPort(c.until(";,"))
	if !ok {
		return nil, false
	}
	params, ok := c.params()
	return &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: version, Transport: upperString(transport),
		Host: strings.Trim(host, "[]"), Port: port, Params: params,
	}, ok
}
