package config

import "testing"

func TestSTUNServer(t *testing.T) {
	for written, want := range map[string]string{
		"": "", "stun.example.net": "stun.example.net:3478", "stun.example.net:19302": "stun.example.net:19302",
		"192.0.2.7": "192.0.2.7:3478", "2001:db8::7": "[2001:db8::7]:3478", "[2001:db8::7]": "[2001:db8::7]:3478", "[2001:db8::7]:5": "[2001:db8::7]:5",
	} {
		if _, p := checkSTUN(written); p.found() {
			t.Errorf("%q is refused: %s", written, p.reason)
		}
		if got := (Media{STUN: written}).STUNServer(); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}
