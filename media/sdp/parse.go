package sdp

import (
	"fmt"
	"strconv"
	"strings"
)

// What a description may hold at most. Phones and browsers stay far below.
const (
	maxBytes   = 64 << 10
	maxMedia   = 32
	maxFormats = 64   // a line
	maxAttrs   = 1024 // in all
)

// Parse reads a description. It forgives what phones get wrong without harm
// (bare LF, no line end at the end, empty lines, lines it does not know, no s= or
// t=, extra blanks); any other error is a *ParseError.
func Parse(body []byte) (*Session, error) {
	if len(body) > maxBytes {
		return nil, &ParseError{Reason: fmt.Sprintf("description of %d bytes is longer than %d", len(body), maxBytes)}
	}
	p := parser{rest: string(body), s: &Session{Name: "-"}}
	for p.next() {
		if err := p.readLine(); err != nil {
			return nil, err
		}
	}
	switch {
	case !p.version:
		return nil, &ParseError{Reason: "description is empty"}
	case p.s.Origin == Origin{}:
		return nil, &ParseError{Reason: "o= line is missing"}
	}
	return p.s, nil
}

type parser struct {
	rest    string
	text    string // the line without its end
	line    int
	attrs   int
	version bool // v= was seen
	s       *Session
}

// next takes one line off the rest.
func (p *parser) next() bool {
	if p.rest == "" {
		return false
	}
	p.text, p.rest, _ = strings.Cut(p.rest, "\n")
	p.text = strings.TrimSuffix(p.text, "\r")
	p.line++
	return true
}

func (p *parser) fail(format string, args ...any) error {
	return &ParseError{Line: p.line, Reason: fmt.Sprintf(format, args...)}
}

func (p *parser) readLine() error {
	if strings.TrimSpace(p.text) == "" {
		return nil
	}
	for i := range len(p.text) {
		if isControl(p.text[i]) {
			return p.fail("control character %#02x", p.text[i])
		}
	}
	if len(p.text) < 2 || p.text[1] != '=' {
		return p.fail("not of the form x=value")
	}
	kind, value := p.text[0], strings.TrimSpace(p.text[2:])
	if !p.version {
		if kind != 'v' || value != "0" {
			return p.fail("a description starts with v=0")
		}
		p.version = true
		return nil
	}
	switch kind {
	case 'm':
		return p.media(value)
	case 'c':
		return p.conn(value)
	case 'a':
		return p.attr(value)
	case 'o':
		return p.origin(value)
	case 's':
		if value != "" {
			p.s.Name = value
		}
	}
	return nil
}

// origin reads o=. A user name with blanks is forgiven: the last five fields are
// what the grammar asks for.
func (p *parser) origin(v string) error {
	if p.s.Origin != (Origin{}) {
		return p.fail("second o= line")
	}
	f := strings.Fields(v)
	n := len(f)
	if n < 5 {
		return p.fail("o= has %d fields instead of 6", n)
	}
	user := strings.Join(f[:n-5], " ")
	if user == "" {
		user = "-"
	}
	p.s.Origin = Origin{User: user, ID: f[n-5], Version: f[n-4], Host: f[n-1]}
	return nil
}

// conn reads c=IN IP4 host[/ttl[/count]]; of several in a section the first
// counts.
func (p *parser) conn(v string) error {
	f := strings.Fields(v)
	if len(f) < 3 {
		return p.fail("c= has %d fields instead of 3", len(f))
	}
	host, _, _ := strings.Cut(f[2], "/")
	if host = strings.Trim(host, "[]"); host == "" {
		return p.fail("c= has no address")
	}
	to := &p.s.Host
	if m := p.current(); m != nil {
		to = &m.Host
	}
	if *to == "" {
		*to = host
	}
	return nil
}

// current is the m= section that is being read, nil before the first.
func (p *parser) current() *Media {
	if len(p.s.Media) == 0 {
		return nil
	}
	return &p.s.Media[len(p.s.Media)-1]
}

func (p *parser) attr(v string) error {
	if p.attrs++; p.attrs > maxAttrs {
		return p.fail("more than %d a= lines", maxAttrs)
	}
	key, value, _ := strings.Cut(v, ":")
	a := Attr{strings.TrimSpace(key), strings.TrimSpace(value)}
	if a.Key == "" {
		return nil
	}
	to := &p.s.Attrs
	if m := p.current(); m != nil {
		to = &m.Attrs
	}
	*to = append(*to, a)
	return nil
}

// media reads m=kind port[/ports] proto format ...
func (p *parser) media(v string) error {
	if len(p.s.Media) == maxMedia {
		return p.fail("more than %d m= lines", maxMedia)
	}
	f := strings.Fields(v)
	if len(f) < 3 {
		return p.fail("m= has %d fields, at least 4 are needed", len(f))
	}
	if len(f)-3 > maxFormats {
		return p.fail("more than %d formats", maxFormats)
	}
	first, count, several := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return p.fail("m= has port %.20q", first)
	}
	ports := 1
	if several {
		if ports, err = strconv.Atoi(count); err != nil || ports < 1 || ports > 65535 {
			return p.fail("m= has %.20q ports", count)
		}
	}
	if len(f) == 3 && port != 0 {
		return p.fail("m= has no formats")
	}
	m := Media{Kind: f[0], Port: uint16(port), Ports: ports, Proto: f[2], line: p.line}
	if len(f) > 3 {
		m.Formats = f[3:]
	}
	p.s.Media = append(p.s.Media, m)
	return nil
}
