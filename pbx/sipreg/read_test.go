package sipreg

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSplitList(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"<sip:a;lr>", []string{"<sip:a;lr>"}},
		{" <sip:a> ,<sip:b>;x=1", []string{"<sip:a>", "<sip:b>;x=1"}},
		{`"a, \"b" <sip:a,b>, <sip:c>`, []string{`"a, \"b" <sip:a,b>`, "<sip:c>"}},
		{",, ,", nil},
		{"", nil},
		{`"open, <sip:a>`, []string{`"open, <sip:a>`}},
	}
	for _, tt := range tests {
		if got := splitList(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzSplitList: nothing but commas and white space gets lost.
func FuzzSplitList(f *testing.F) {
	f.Add(`"a, \"b" <sip:a,b>, <sip:c>`)
	f.Add(`\,"\`)
	f.Fuzz(func(t *testing.T, text string) {
		bare := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || strings.TrimSpace(string(r)) == "" }), "")
		}
		if got := strings.Join(splitList(text), ","); bare(got) != bare(text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func TestExpiry(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
	}{
		{"0", 0},
		{" 60 ", time.Minute},
		{"4294967295", maxExpiry},
		{"99999999999999999999", maxExpiry},
		{"", notAsked},
		{"-1", notAsked},
		{"+1", notAsked},
		{"1h", notAsked},
	}
	for _, tt := range tests {
		if got := expiry(tt.text); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestShortened(t *testing.T) {
	if got := shortened(strings.Repeat("x", 127) + "ü"); got != strings.Repeat("x", 127) {
		t.Errorf("a letter was cut in half: %q", got)
	}
	if got := shortened("Phone 1.0"); got != "Phone 1.0" {
		t.Errorf("got %q", got)
	}
}
