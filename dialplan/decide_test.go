package dialplan_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan"
)

func TestWithoutADialplan(t *testing.T) {
	plan := planOf(t, "features: {music: \"\"}\n")
	for _, test := range []struct {
		name  string
		facts dialplan.Facts
		want  string // the route, or why there is none
	}{
		{"extension to extension", dialplan.Facts{Extension: "101", To: "102"}, "extension 102"},
		{"echo", dialplan.Facts{Extension: "101", To: "600"}, "echo"},
		{"tone", dialplan.Facts{Extension: "101", To: "601"}, "tone"},
		{"music is switched off", dialplan.Facts{Extension: "101", To: "602"}, "not-found: 602 is neither an extension nor a feature"},
		{"nobody has the empty number", dialplan.Facts{Extension: "101"}, "not-found:  is neither an extension nor a feature"},
		{"outside caller", dialplan.Facts{To: "101"}, "forbidden: outside callers have no route"},
		{"outside caller by a context", dialplan.Facts{To: "101", Context: "extensions"}, "extension 101"},
		{"a context that is not there", dialplan.Facts{To: "101", Context: "trunk"}, "not-found: there is no context trunk"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := runOf(plan, &world{}, test.facts).Decide()
			got := d.Name()
			if d.Route == nil {
				got = d.Why.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Each condition on its own: a call that it fits, one that it does not, and what
// is said of that.
func TestConditions(t *testing.T) {
	hour := func(h int) time.Time { return time.Date(2026, 5, 5, h-2, 0, 0, 0, time.UTC) }
	source := netip.MustParseAddrPort("192.168.2.9:5060")
	for _, test := range []struct {
		when    string
		fits    dialplan.Facts
		fitsNot dialplan.Facts
		at      [2]time.Time
		says    string
	}{
		{when: "time: office", at: [2]time.Time{hour(10), hour(20)}, says: "time: office is closed (Tue 20:00 is outside Mon-Fri 08:00-18:00), but it must be office"},
		{when: "time: not office", at: [2]time.Time{hour(20), hour(10)}, says: "time: office is open"},
		{when: `from: ["4930X.", not 49301]`, fits: dialplan.Facts{From: "493022"}, fitsNot: dialplan.Facts{From: "49301"}, says: "from: the caller's number is 49301, but it must be not 49301"},
		{when: "from_name: MILLER", fits: dialplan.Facts{FromName: "Ann Miller"}, fitsNot: dialplan.Facts{FromName: "Ben"}, says: `from_name: the caller's name is "Ben", but it must be MILLER`},
		{when: "anonymous: true", fits: dialplan.Facts{Anonymous: true}, says: "anonymous: the caller does not hide the number"},
		{when: "anonymous: false", fitsNot: dialplan.Facts{Anonymous: true}, says: "anonymous: the caller hides the number"},
		{when: "verified: true", fits: dialplan.Facts{Trunk: "line", Verified: true}, fitsNot: dialplan.Facts{Trunk: "line"}, says: "verified: trunk line does not vouch for the caller's number"},
		{when: "verified: true", fits: dialplan.Facts{Extension: "101"}, fitsNot: dialplan.Facts{Verified: true}, says: "verified: nobody vouches for the caller's number"},
		{when: "verified: false", fits: dialplan.Facts{Trunk: "line"}, fitsNot: dialplan.Facts{Trunk: "line", Verified: true}, says: "verified: trunk line vouches for the caller's number"},
		{when: "verified: false", fitsNot: dialplan.Facts{Extension: "101"}, says: "verified: the caller proved to be extension 101"},
		{when: "var: {verified: false}", fitsNot: dialplan.Facts{Extension: "101"}, says: `var.verified: it is "true", but it must be false`},
		{when: "if: verified and to == \"200\"", fits: dialplan.Facts{Trunk: "line", Verified: true}, says: "is false"},
		{when: "country: [FR, CH]", fits: dialplan.Facts{From: "+33142685300"}, fitsNot: dialplan.Facts{From: "030901820"}, says: "country: the caller is from DE, but it must be FR or CH"},
		{when: "extension: [sales]", fits: dialplan.Facts{Extension: "101"}, fitsNot: dialplan.Facts{Extension: "103"}, says: "extension: the caller is 103, but it must be sales"},
		{when: "network: 192.168.2.0/24", fits: dialplan.Facts{Source: source}, says: "network: the call comes from nowhere known, but it must be 192.168.2.0/24"},
		{when: "header: {X-Priority: [high, urgent]}", fits: dialplan.Facts{Headers: map[string]string{"X-Priority": "Urgent"}}, says: `header.X-Priority: it is "", but it must be high or urgent`},
		{when: "var: {transport: tls}", fits: dialplan.Facts{Transport: "tls"}, fitsNot: dialplan.Facts{Transport: "udp"}, says: `var.transport: it is "udp", but it must be tls`},
		{when: "if: time >= \"09:00\" and weekday in [\"Tue\"] and open(\"office\")", at: [2]time.Time{hour(10), hour(8)}, says: "is false"},
		{when: "if: header[\"X-Priority\"] == \"high\" or from startsWith \"49\"", fits: dialplan.Facts{From: "4930"}, says: "is false"},
		{when: "if: country(from) == \"FR\" and e164(from) == \"+33142685300\"", fits: dialplan.Facts{From: "0033142685300"}, says: "is false"},
	} {
		t.Run(test.when, func(t *testing.T) {
			plan := planOf(t, `
schedules: {office: {open: ["Mon-Fri 08:00-18:00"]}}
groups: {sales: {members: ["101", "102"]}}
dialplan:
  phones: [{name: it, to: 200, when: {`+strings.ReplaceAll(test.when, "if: ", "if: '")+strings.Repeat("'", strings.Count(test.when, "if: "))+`}, do: [echo]}]
`)
			for i, f := range []dialplan.Facts{test.fits, test.fitsNot} {
				f.To, f.Context = "200", "phones"
				r := runOf(plan, &world{clock: test.at[i]}, f)
				d := r.Decide()
				trace := r.Trace.String()
				if i == 0 && d.Name() != "it" || i == 1 && d.Name() != "refuse" {
					t.Fatalf("call %d took %s:\n%s", i+1, d.Name(), trace)
				}
				if i == 1 && !strings.Contains(trace, test.says) {
					t.Errorf("does not say %q:\n%s", test.says, trace)
				}
			}
		})
	}
}

func TestBusyAndRegistered(t *testing.T) {
	plan := planOf(t, `
dialplan:
  phones:
    - {name: busy, to: 200, when: {busy: "101"}, do: [echo]}
    - {name: away, to: 200, when: {registered: not 101}, do: [echo]}
    - {name: there, to: 200, do: [echo]}
`)
	for want, w := range map[string]*world{
		"busy":  {busy: map[string]bool{"101": true}},
		"away":  {gone: map[string]bool{"101": true}},
		"there": {},
	} {
		if got := runOf(plan, w, dialplan.Facts{Extension: "102", To: "200"}).Decide().Name(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFirstMatchWins(t *testing.T) {
	plan := planOf(t, `
dialplan:
  phones:
    - {name: own number, to: "101", when: {extension: "101"}, do: [echo]}
    - {name: short, to: [1XX, not 103], do: [echo]}
    - {name: abroad, to: "00.", do: [echo]}
    - {name: agent, to: '/^7(?P<agent>\d\d)$/', when: {var: {agent: "42"}}, do: [echo]}
    - {name: other agent, to: 7XX, do: [echo]}
`)
	for to, want := range map[string]string{
		"101": "own number", "102": "short", "103": "extension 103", "0049": "abroad", "00": "refuse", "742": "agent", "743": "other agent", "600": "echo",
	} {
		if got := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: to}).Decide().Name(); got != want {
			t.Errorf("%s: got %s, want %s", to, got, want)
		}
	}
}

func TestTraceSaysWhy(t *testing.T) {
	plan := planOf(t, `
dialplan:
  phones:
    - {name: a, to: [300, "301"], do: [echo]}
    - {name: b, to: [2XX, not 200], do: [echo]}
    - {name: c, do: [{hangup: busy}]}
`)
	r := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: "200"})
	r.Do(t.Context())
	want := `extension 101 dials 200, Tue 2026-05-05 10:00:00 CEST
phones: looking for 200
  - a: to: 200 is not 300 or 301  plan.yaml:10
  - b: to: 200 is one of "not 200"  plan.yaml:11
  + c: to: any number  plan.yaml:12
    hangup busy: busy: the dialplan hangs up, route c of phones  (at 0s)  plan.yaml:12
=> User busy (the dialplan hangs up, route c of phones)
`
	if got := r.Trace.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var back dialplan.Trace
	if err := json.Unmarshal(r.Trace.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	back.Start = back.Start.In(plan.Zone())
	if back.String() != want {
		t.Errorf("as JSON and back:\n%s", back.String())
	}
}

func TestTracesStaySmall(t *testing.T) {
	long := strings.Repeat("ü", 400)
	plan := planOf(t, `
dialplan:
  phones: [{name: loop, to: 200, do: [{log: "`+long+`"}, {wait: 1s}, {goto: phones}]}]
`)
	r := runOf(plan, &world{}, dialplan.Facts{Extension: "101", To: "200"})
	if e := r.Do(t.Context()); e.Cause != dialplan.CauseLoop {
		t.Fatalf("ended with %v", e)
	}
	raw := r.Trace.Bytes()
	if len(raw) > 64<<10 || !json.Valid(raw) || r.Trace.Dropped == 0 {
		t.Errorf("%d bytes, valid %v, %d dropped", len(raw), json.Valid(raw), r.Trace.Dropped)
	}
}
