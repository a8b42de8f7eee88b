package sipedge

import (
	"strings"
	"testing"
)

func TestTraceMasksPressedKeys(t *testing.T) {
	for _, c := range []struct{ message, kept string }{
		{"INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\nContent-Length: 24\r\n\r\nSignal=7\r\nDuration=160\r\n", "Content-Length: 24"},
		{"INFO sip:a SIP/2.0\r\nc:application/DTMF\r\nl: 1\r\n\r\n7", "l: 1"},
		{"OPTIONS sip:a SIP/2.0\r\nAccept: application/dtmf-relay\r\n\r\n7", "\r\n\r\n7"},
		{"INVITE sip:a SIP/2.0\r\nAccept: application/dtmf\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 7", "IP4 7"},
	} {
		got := mask([]byte(c.message))
		if hidden := !strings.Contains(got, "7"); !strings.Contains(got, c.kept) || hidden == strings.Contains(c.kept, "7") {
			t.Errorf("%q became %q", c.message, got)
		}
	}
}
