package dialplan_test

import (
	"strings"
	"testing"
	"time"

	"dialtone/dialplan"
)

const mailboxes = `
site: {country: DE, timezone: Europe/Berlin}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc}
  "102": {password: b7fd-w2ks-9pte-n4vx}
  "103": {password: m5yr-h8cq-2nwd-x7zt, voicemail: false}
voicemail: {enabled: true, delay: 12s}
groups:
  sales: {members: ["101", "102"]}
dialplan:
  phones:
    - {name: explicit, to: 200, do: [{voicemail: "101"}]}
    - {name: busy, to: 201, do: [{dial: "103"}, {voicemail: "102"}]}
    - {name: none, to: 202, do: [{voicemail: "${extension}"}]}
    - name: operator
      to: 0
      do: [answer]
`

func TestVoicemail(t *testing.T) {
	plan := parsed(t, mailboxes)
	for _, test := range []struct {
		name, from, to, answers string
		wants                   string // of the caller, a number to go on with
		did                     []string
		end                     string
	}{
		{name: "nobody answers an extension", from: "103", to: "101", answers: "no-answer", did: []string{"dial 101 for at most 12s", "voicemail 101 default"}, end: "normal"},
		{name: "it is busy", from: "103", to: "101", answers: "busy", did: []string{"dial 101 for at most 12s", "voicemail 101 busy"}, end: "normal"},
		{name: "it does not want to be disturbed", from: "103", to: "101", answers: "do-not-disturb", did: []string{"dial 101 for at most 12s", "voicemail 101 dnd"}, end: "normal"},
		{name: "it is away", from: "103", to: "101", answers: "not-registered", did: []string{"dial 101 for at most 12s", "voicemail 101 away"}, end: "normal"},
		{name: "what failed otherwise is no message", from: "103", to: "101", answers: "unreachable", did: []string{"dial 101 for at most 12s"}, end: "unreachable"},
		{name: "an extension without a mailbox", from: "102", to: "103", answers: "no-answer", did: []string{"dial 103 for at most 1m0s"}, end: "no-answer"},
		{name: "the greeting says why the dial failed", from: "101", to: "201", answers: "busy", did: []string{"dial 103 for at most 1m0s", "voicemail 102 busy"}, end: "normal"},
		{name: "a message for oneself, without a mailbox", from: "103", to: "202", end: "not-found"},
		{name: "the caller wants the operator", from: "103", to: "200", wants: "0", did: []string{"voicemail 101 default", "answer"}, end: "normal"},
		{name: "one's own messages", from: "101", to: "*97", did: []string{"mailbox 101"}, end: "normal"},
		{name: "those of who has none", from: "103", to: "*97", end: "not-found"},
		{name: "those of any", from: "103", to: "*98", did: []string{"mailbox "}, end: "normal"},
		{name: "the owner calls back", from: "101", to: "*97", wants: "0", did: []string{"mailbox 101", "answer"}, end: "normal"},
		{name: "it calls back no feature", from: "101", to: "*97", wants: "*98", did: []string{"mailbox 101", "tone 262 800ms"}, end: "normal"},
		{name: "without ringing", from: "103", to: "*99102", did: []string{"voicemail 102 default"}, end: "normal"},
		{name: "for nobody", from: "103", to: "*99109", end: "not-found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &world{clock: time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC), answers: map[string]string{"101": test.answers, "103": test.answers}, wants: test.wants}
			r := dialplan.NewRun(dialplan.Facts{Extension: test.from, From: test.from, To: test.to}, func() *dialplan.Plan { return plan }, w)
			r.Session = w
			e := r.Do(t.Context())
			if got := strings.Join(w.did, "; "); got != strings.Join(test.did, "; ") || e.Cause.String() != test.end {
				t.Errorf("did %q, ended %v", w.did, e)
			}
		})
	}
}

// What callers hear is in their language, and greetings may be for the groups they are in.
func TestVoicemailKnowsTheCaller(t *testing.T) {
	plan := parsed(t, mailboxes)
	for _, test := range []struct {
		facts          dialplan.Facts
		language, whos string
	}{
		{dialplan.Facts{Extension: "101", From: "101", Language: "de"}, "de", "sales"},
		{dialplan.Facts{Context: "phones", From: "+33123456789"}, "fr", ""},
		{dialplan.Facts{Context: "phones", From: "+15145550123"}, "fr-CA", ""},
		{dialplan.Facts{Context: "phones", From: "+14165550123"}, "", ""},
	} {
		w := &world{clock: time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)}
		test.facts.To = "200"
		r := dialplan.NewRun(test.facts, func() *dialplan.Plan { return plan }, w)
		r.Session = w
		r.Do(t.Context())
		if d := w.deposited; d.Language != test.language || strings.Join(d.Who, " ") != test.whos || d.Called != "200" {
			t.Errorf("%+v: %+v", test.facts, d)
		}
	}
}
