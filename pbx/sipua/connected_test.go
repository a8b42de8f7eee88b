package sipua

import (
	"testing"

	"dialtone/config"
	"dialtone/pbx/call"
)

func TestWhoAPhoneIsToldItTalksWith(t *testing.T) {
	cfg := config.Default()
	cfg.SIP.Domain = "pbx.example"
	cfg.Extensions = map[string]config.Extension{"101": {}, "102": {Connected: "rpid"}, "103": {Connected: "off"}}
	u := &UA{config: func() *config.Config { return &cfg }}
	ann := call.Identity{Number: "100", Name: `Ann "A" Lee`}
	for _, tt := range []struct {
		trunk, extension string
		with             call.Identity
		want             string
	}{
		{"", "101", ann, `P-Asserted-Identity: "Ann \"A\" Lee" <sip:100@pbx.example>`},
		{"", "102", ann, `Remote-Party-ID: "Ann \"A\" Lee" <sip:100@pbx.example>;party=called;screen=yes;privacy=off`},
		{"", "103", ann, ""},
		{"line", "101", ann, ""},
		{"", "101", call.Identity{}, "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>"},
		{"", "101", call.Identity{Number: "1>;x@evil"}, "P-Asserted-Identity: <sip:1%3E;x%40evil@pbx.example>"},
	} {
		got := ""
		if h := u.connectedHeader(tt.trunk, tt.extension, tt.with); h != nil {
			got = h.Name() + ": " + h.Value()
		}
		if got != tt.want {
			t.Errorf("%q of trunk %q is told %q of %v, want %q", tt.extension, tt.trunk, got, tt.with, tt.want)
		}
	}
}
