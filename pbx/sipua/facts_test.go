package sipua

import (
	"maps"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestHeadersForRoutes(t *testing.T) {
	t.Parallel()
	req := sip.NewRequest(sip.INVITE, sip.Uri{Host: "h"})
	req.AppendHeader(sip.NewHeader("X-Priority", " urgent\x07 "))
	req.AppendHeader(sip.NewHeader("X-Long", strings.Repeat("a", 1000)))
	req.AppendHeader(sip.NewHeader("X-Other", "not asked for"))
	want := map[string]string{"X-Priority": "urgent", "X-Long": strings.Repeat("a", maxPicked)}
	if got := picked(req, []string{"X-Priority", "X-Long", "X-Missing"}); !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := picked(req, nil); got != nil {
		t.Errorf("without an allow-list: %q", got)
	}
}

func TestAnonymousCallers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, privacy string
		want          bool
	}{
		{"<sip:100@pbx.example>", "", false},
		{"<sip:anonymous@anonymous.invalid>", "", true},
		{"<sip:Anonymous@pbx.example>", "", true},
		{"<sip:100@pbx.example>", "id", true},
		{"<sip:100@pbx.example>", "critical;user", true},
		{"<sip:100@pbx.example>", "none", false},
	} {
		req := sip.NewRequest(sip.INVITE, sip.Uri{Host: "h"})
		uri, ok := parseURI(test.from)
		if !ok {
			t.Fatal(test.from)
		}
		req.AppendHeader(&sip.FromHeader{Address: uri})
		if test.privacy != "" {
			req.AppendHeader(sip.NewHeader("Privacy", test.privacy))
		}
		if got := anonymous(req); got != test.want {
			t.Errorf("From %s, Privacy %q: %v, want %v", test.from, test.privacy, got, test.want)
		}
	}
}
