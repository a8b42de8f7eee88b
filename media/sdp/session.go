package sdp

import (
	"strconv"
	"strings"
)

// Session is a description: what matters of it for calls. Lines that do not (b=,
// t=, k=, ...) are dropped when it is read.
type Session struct {
	Origin Origin
	Name   string // s=
	Host   string // of c=: an address or a name; "" when there is none
	Attrs  []Attr
	Media  []Media
}

// Origin is the o= line (RFC 8866 §5.2). The numbers stay text: some phones write
// more digits than fit into 64 bits.
type Origin struct{ User, ID, Version, Host string }

// Attr is an a= line: a=Key or a=Key:Value.
type Attr struct{ Key, Value string }

// Media is an m= line (RFC 8866 §5.14) and what belongs to it.
type Media struct {
	Kind    string // audio, video, ...
	Port    uint16 // 0 means not used
	Ports   int    // 1 unless the line asks for more, "5004/2"
	Proto   string // RTP/AVP
	Formats []string
	Host    string // of its own c=; "" when the session's is meant
	Attrs   []Attr

	line int // where it was read
}

// attr gives the first attribute with that key.
func attr(as []Attr, key string) (string, bool) {
	for i := range as {
		if strings.EqualFold(as[i].Key, key) {
			return as[i].Value, true
		}
	}
	return "", false
}

// attr gives an attribute of m, or of the whole session when m has none.
func (s *Session) attr(m *Media, key string) (string, bool) {
	if v, ok := attr(m.Attrs, key); ok {
		return v, true
	}
	return attr(s.Attrs, key)
}

// Bytes writes s with CRLF line ends. Control characters in its fields become
// spaces: no field can start a line of its own.
func (s *Session) Bytes() []byte { return s.append(make([]byte, 0, 1024)) }

func (s *Session) append(b []byte) []byte {
	b = append(b, "v=0\r\no="...)
	b = appendText(b, s.Origin.User)
	b = appendText(append(b, ' '), s.Origin.ID)
	b = appendText(append(b, ' '), s.Origin.Version)
	b = append(b, ' ')
	b = appendHost(b, s.Origin.Host)
	b = append(b, "\r\ns="...)
	b = appendText(b, s.Name)
	b = appendConn(append(b, "\r\n"...), s.Host)
	b = append(b, "t=0 0\r\n"...)
	b = appendAttrs(b, s.Attrs)
	for i := range s.Media {
		b = s.Media[i].append(b)
	}
	return b
}

func (m *Media) append(b []byte) []byte {
	b = appendText(append(b, "m="...), m.Kind)
	b = strconv.AppendUint(append(b, ' '), uint64(m.Port), 10)
	if m.Ports > 1 {
		b = strconv.AppendInt(append(b, '/'), int64(m.Ports), 10)
	}
	b = appendText(append(b, ' '), m.Proto)
	for _, f := range m.Formats {
		b = appendText(append(b, ' '), f)
	}
	b = appendConn(append(b, "\r\n"...), m.Host)
	return appendAttrs(b, m.Attrs)
}

func appendAttrs(b []byte, as []Attr) []byte {
	for i := range as {
		b = appendText(append(b, "a="...), as[i].Key)
		if as[i].Value != "" {
			b = appendText(append(b, ':'), as[i].Value)
		}
		b = append(b, "\r\n"...)
	}
	return b
}

func appendConn(b []byte, host string) []byte {
	if host == "" {
		return b
	}
	return append(appendHost(append(b, "c="...), host), "\r\n"...)
}

func appendHost(b []byte, host string) []byte {
	if strings.IndexByte(host, ':') >= 0 {
		b = append(b, "IN IP6 "...)
	} else {
		b = append(b, "IN IP4 "...)
	}
	return appendText(b, host)
}

func appendText(b []byte, s string) []byte {
	start := len(b)
	b = append(b, s...)
	for i := start; i < len(b); i++ {
		if isControl(b[i]) {
			b[i] = ' '
		}
	}
	return b
}

func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }
