package sipedge

import (
	"bytes"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// largestKept is what a buffer may have grown to when it goes back to the pool.
const largestKept = 16 << 10

func release(b *bytes.Buffer) {
	if b.Cap() <= largestKept {
		buffers.Put(b)
	}
}

// encode makes m safe and gives its text: every header on one line, display names
// and user parts escaped, a Content-Length. It changes m only where that has to
// be; a message that came from the parser goes through untouched. The caller
// releases the buffer.
func encode(m sip.Message) (*bytes.Buffer, error) {
	for _, h := range headersOf(m) {
		if err := tidyHeader(h); err != nil {
			return nil, err
		}
	}
	setLength(m)
	b := buffers.Get().(*bytes.Buffer)
	if !writeHead(b, m) {
		cleanHeaders(m)
		writeHead(b, m)
	}
	b.Write(m.Body())
	return b, nil
}

// setLength does what SetBody does to Content-Length, which looks for a missing
// one by the lower case of all names.
func setLength(m sip.Message) {
	for _, h := range headersOf(m) {
		if have, ok := h.(*sip.ContentLengthHeader); ok {
			if int(*have) != len(m.Body()) {
				m.SetBody(m.Body())
			}
			return
		}
	}
	if has(m, "Content-Length") {
		m.SetBody(m.Body())
		return
	}
	n := sip.ContentLengthHeader(len(m.Body()))
	m.AppendHeader(&n)
}

// send writes m to p.
func send(m sip.Message, p path) error {
	b, err := encode(m)
	if err != nil {
		return err
	}
	defer release(b)
	return p.write(b.Bytes())
}

func headersOf(m sip.Message) []sip.Header {
	switch m := m.(type) {
	case *sip.Request:
		return m.Headers()
	case *sip.Response:
		return m.Headers()
	}
	return nil
}

// named gives the header fields of a name in any spelling.
func named(m sip.Message, name string) iter.Seq[sip.Header] {
	return func(yield func(sip.Header) bool) {
		for _, h := range headersOf(m) {
			if have := h.Name(); len(have) == len(name) && strings.EqualFold(have, name) && !yield(h) {
				return
			}
		}
	}
}

func has(m sip.Message, name string) bool {
	for range named(m, name) {
		return true
	}
	return false
}

// writeHead writes all but the body; it says whether each part takes one line.
func writeHead(b *bytes.Buffer, m sip.Message) bool {
	b.Reset()
	switch m := m.(type) {
	case *sip.Request:
		b.WriteString(string(m.Method))
		b.WriteByte(' ')
		m.Recipient.StringWrite(b)
		b.WriteByte(' ')
		b.WriteString(m.SipVersion)
	case *sip.Response:
		b.WriteString(m.SipVersion)
		b.WriteByte(' ')
		b.Write(strconv.AppendInt(b.AvailableBuffer(), int64(m.StatusCode), 10))
		b.WriteByte(' ')
		b.WriteString(m.Reason)
	}
	b.WriteString("\r\n")
	list := headersOf(m)
	for _, h := range list {
		if via, ok := h.(*sip.ViaHeader); ok {
			writeVia(b, via)
		} else {
			h.StringWrite(b)
		}
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return lineClean(b.Bytes(), len(list)+2)
}

// writeVia is what the header's StringWrite does, without a string for its value.
func writeVia(b *bytes.Buffer, h *sip.ViaHeader) {
	b.WriteString("Via: ")
	b.WriteString(h.ProtocolName)
	b.WriteByte('/')
	b.WriteString(h.ProtocolVersion)
	b.WriteByte('/')
	b.WriteString(h.Transport)
	b.WriteByte(' ')
	if strings.IndexByte(h.Host, ':') >= 0 && h.Host[0] != '[' {
		b.WriteByte('[')
		b.WriteString(h.Host)
		b.WriteByte(']')
	} else {
		b.WriteString(h.Host)
	}
	if h.Port > 0 {
		b.WriteByte(':')
		b.Write(strconv.AppendInt(b.AvailableBuffer(), int64(h.Port), 10))
	}
	if len(h.Params) > 0 {
		b.WriteByte(';')
		h.Params.ToStringWrite(';', b)
	}
}

// lineClean says whether text has just the line ends it should have.
func lineClean(text []byte, lines int) bool {
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != 0x7f {
			continue
		}
		switch {
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n':
			n++
			i++
		case isControl(c) && (i == 0 || text[i-1] != '\\' || c == '\r' || c == '\n'):
			return false
		}
	}
	return n == lines
}
