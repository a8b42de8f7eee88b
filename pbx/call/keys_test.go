package call

import (
	"testing"
	"time"
)

func TestKeysOfINFO(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		digit      byte
		held       time.Duration
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5', 160 * time.Millisecond},
		{"Application/DTMF-Relay; charset=utf-8", "Signal= *\nDuration= 250", '*', 250 * time.Millisecond},
		{"application/dtmf-relay", "Duration=100\r\nsignal=#", '#', 100 * time.Millisecond},
		{"application/dtmf-relay", "Signal=11\r\n", '#', 0},
		{"application/dtmf-relay", "Signal=10\r\n", '*', 0},
		{"application/dtmf-relay", "Signal=a\r\n", 'A', 0},
		{"application/dtmf-relay", "Signal=5\r\nDuration=lots", '5', 0},
		{"application/dtmf", "7", '7', 0},
		{"application/dtmf", "#\r\n", '#', 0},
		{"application/dtmf", "d", 'D', 0},
		{"application/dtmf", "12", 'A', 0}, // the code of RFC 4733

		{"application/dtmf-relay", "Signal=!\r\n", 0, 0}, // a flash
		{"application/dtmf-relay", "Signal=16\r\n", 0, 0},
		{"application/dtmf-relay", "Signal=05\r\n", 0, 0},
		{"application/dtmf-relay", "Signal=12345\r\n", 0, 0},
		{"application/dtmf-relay", "Signal=\r\n", 0, 0},
		{"application/dtmf-relay", "", 0, 0},
		{"application/dtmf", "\x00", 0, 0},
		{"text/plain", "Signal=5", 0, 0},
		{"", "5", 0, 0},
		{";;", "5", 0, 0},
	} {
		digit, held, ok := keyOf(Info{ContentType: c.kind, Body: []byte(c.body)})
		if digit != c.digit || held != c.held || ok != (c.digit != 0) {
			t.Errorf("%s %q: got %q, %v, %v", c.kind, c.body, digit, held, ok)
		}
	}
}

func FuzzKeyOfINFO(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
	f.Add("application/dtmf", []byte("#"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		if digit, held, ok := keyOf(Info{ContentType: kind, Body: body}); ok && (digit == 0 || held < 0 || held > 66*time.Second) {
			t.Errorf("%q, %v", digit, held)
		}
	})
}
