package dialplan_test

import (
	"slices"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// Who is transferred calls at the cost of the extension that did it, and is not taken for it.
func TestWhoIsTransferredIsNotTheExtension(t *testing.T) {
	plan := parsed(t, `
site: {country: DE}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, voicemail: true}
  "102": {password: b7fd-w2ks-9pte-n4vx}
features: {block: "*60", unblock: "*61"}
pins: {ann: "483917"}
conferences: {team: {dial: "850", pin: "48391", leaders: ["101"]}}
dialplan: {phones: [{name: pin, to: 200, do: [{pin: ann, tries: 1}]}]}
`)
	for _, tt := range []struct {
		to               string
		itself, stranger string // what happens
		guessed          string // by the stranger
	}{
		{"*60030123456", done, failed, ""},
		{"*61030123456", done, failed, ""},
		{"850", "conference team of team as leader", "gather conference/enter-pin", "wrong +4930666 transferred by 101"},
		{"200", "gather ", "gather ", "wrong +4930666 transferred by 101"},
		{"*97", "mailbox 101", "mailbox ", ""},
	} {
		do := func(f dialplan.Facts) (string, []string, []dialplan.ListEdit) {
			w, g, lists := &world{keys: []string{"1"}}, &guesses{}, &book{}
			r := runOf(plan, w, f)
			r.Guesses, r.Lists = g, lists
			r.Do(t.Context())
			return strings.Join(w.did, ", "), g.said, lists.edits
		}
		if got, _, _ := do(dialplan.Facts{Extension: "101", To: tt.to}); !strings.HasPrefix(got, tt.itself) {
			t.Errorf("%s: 101 got %q, want %q", tt.to, got, tt.itself)
		}
		got, said, edits := do(dialplan.Facts{Extension: "101", TransferredBy: "101", From: "+4930666", To: tt.to})
		if !strings.HasPrefix(got, tt.stranger) || tt.stranger == "mailbox " && got != tt.stranger || len(edits) > 0 {
			t.Errorf("%s: the stranger got %q %v, want %q", tt.to, got, edits, tt.stranger)
		}
		if tt.guessed != "" && !slices.Contains(said, tt.guessed) || strings.Contains(strings.Join(said, " "), "extension 101") {
			t.Errorf("%s: counted for %q, want %q", tt.to, said, tt.guessed)
		}
	}
}
