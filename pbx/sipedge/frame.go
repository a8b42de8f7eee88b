package sipedge

import (
	"bytes"

	"github.com/emiago/sipgo/sip"
)

// framer finds the messages in a stream (RFC 3261 §18.3, §7.5).
type framer struct {
	buf     []byte
	scanned int // how far the end of the header section has been looked for
	head    int // length of the header section of m, 0 before it has been found
	m       message
}

// room gives space to read into.
func (f *framer) room() []byte {
	if cap(f.buf)-len(f.buf) < 1024 {
		bigger := make([]byte, len(f.buf), max(4096, 2*cap(f.buf)))
		copy(bigger, f.buf)
		f.buf = bigger
	}
	return f.buf[len(f.buf):cap(f.buf)]
}

func (f *framer) add(n int) { f.buf = f.buf[:len(f.buf)+n] }

// idle says whether no message has begun.
func (f *framer) idle() bool { return len(f.buf) == 0 }

// pings drops the line ends and NULs before a message and counts the pairs of
// CRLF among them, each of which asks for a CRLF (RFC 5626 §3.5.1).
func (f *framer) pings() int {
	if f.head > 0 {
		return 0
	}
	n := 0
	for {
		switch {
		case bytes.HasPrefix(f.buf, []byte("\r\n\r\n")):
			n++
			f.drop(4)
		case len(f.buf) > 0 && len(f.buf) < 4 && bytes.HasPrefix([]byte("\r\n\r\n"), f.buf):
			return n // the rest of a ping may follow
		case len(f.buf) > 0 && (f.buf[0] == '\r' || f.buf[0] == '\n' || f.buf[0] == 0):
			f.drop(1)
		default:
			return n
		}
	}
}

func (f *framer) drop(n int) {
	f.buf = f.buf[:copy(f.buf, f.buf[n:])]
	f.scanned = 0
	if len(f.buf) == 0 && cap(f.buf) > 8192 {
		f.buf = nil // an idle connection keeps no large buffer
	}
}

// next gives the next message and its text, which is good until done is called.
// More is true when it has not come in full yet. A fault with lost set leaves
// nothing to go on with.
func (f *framer) next() (m message, raw []byte, more bool) {
	if f.head == 0 {
		end := headEnd(f.buf, f.scanned)
		if end < 0 {
			f.scanned = max(0, bytes.LastIndexByte(f.buf, '\n'))
			if len(f.buf) > maxMessage {
				return message{fault: &fault{lost: true}}, nil, false
			}
			return message{}, nil, true
		}
		f.head = end
		f.m = parseHead(f.buf[:end])
		f.frame()
	}
	size := f.head + max(0, f.m.length)
	if f.m.fault != nil && f.m.fault.lost {
		size = f.head
	}
	if len(f.buf) < size {
		return message{}, nil, true
	}
	if f.m.fault == nil {
		f.m.setBody(bytes.Clone(f.buf[f.head:size]))
	}
	return f.m, f.buf[:size], false
}

// frame checks that the end of the message is known and not too far.
func (f *framer) frame() {
	switch {
	case f.m.fault != nil && f.m.fault.lost:
	case f.m.length < 0:
		f.m.fault = &fault{code: sip.StatusBadRequest, reason: "Missing Content-Length", lost: true}
	case f.head+f.m.length > maxMessage:
		f.m.fault = &fault{code: sip.StatusMessageTooLarge, reason: "Message Too Large", lost: true}
	}
}

// done drops the message that next gave.
func (f *framer) done(raw []byte) {
	f.head, f.m = 0, message{}
	f.drop(len(raw))
}
