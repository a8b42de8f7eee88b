package plantest

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Tests see what a trunk is asked for and told: the digits, and the number that the
// callee is to see. Trunks that do not take the call are asked for nothing.
func TestCallsOverTrunks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", `
site: {country: DE, emergency: [gateway]}
trunks:
  gateway: {host: 192.0.2.7, dial: {format: national, prefix: "0"}, caller_id: {number: "+4930555000", format: national}}
  sipgate: {host: sip.example.net, username: account, caller_id: {by_country: {AT: "+43155500000"}}}
  shows: {host: 192.0.2.9, caller_id: {number: "+4930555000", hidden: number}}
  forwards: {host: 192.0.2.8, caller_id: {number: "+4930555000", forwarded: diversion}}
numbers: {"+4930555000": "100", "+4930555101": "101", "+43155500000": "100"}
permissions: {default: {allow: [domestic, international]}}
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx, caller_id: "+4930555101"}
dialplan:
  phones:
    - {name: alarm, to: 9, do: [{dial: "+49301234567", via: sipgate, caller_id: "+4930555000"}]}
    - {name: hidden, to: 8, do: [{dial: "+49301234567", via: sipgate, caller_id: anonymous}]}
    - {name: never hidden, to: 7, do: [{dial: "+49301234567", via: shows, caller_id: anonymous}]}
    - {name: outside, to: "0.", do: [{dial: "${to}", via: [gateway, sipgate]}]}
  outside:
    - {name: on, to: "+4930555000", do: [{dial: "+49301234567", via: forwards, as: "100"}]}
`)
	write(t, dir, "a_test.yaml", `
outside: {"+49301234567": [busy], "+4315551234": [rings], "112": [rings]}
tests:
  - {name: nationally, call: {from: "101", to: "0301234567"}, expect: {outside: [00301234567 via gateway from 030555101]}}
  - {name: the number of the trunk, call: {from: "100", to: "0301234567"}, expect: {outside: [00301234567 via gateway from 030555000]}}
  - {name: the second trunk, trunks: {gateway: fails}, call: {from: "100", to: "004315551234"}, expect: {outside: [+4315551234 via sipgate from +43155500000]}}
  - {name: its account, trunks: {gateway: full}, call: {from: "100", to: "0301234567"}, expect: {outside: [+49301234567 via sipgate from account]}}
  - {name: the step, call: {from: "101", to: "9"}, expect: {outside: [+49301234567 via sipgate from +4930555000]}}
  - {name: anonymous, call: {from: "101", to: "9", anonymous: true}, expect: {outside: [+49301234567 via sipgate from anonymous]}}
  - {name: hidden by the step, call: {from: "101", to: "8"}, expect: {outside: [+49301234567 via sipgate from anonymous]}}
  - {name: not on this trunk, call: {from: "101", to: "7"}, expect: {outside: [+49301234567 via shows from +4930555101]}}
  - {name: on somebody's behalf, call: {trunk: sipgate, from: "+4940998877", to: "+4930555000"}, expect: {outside: [+49301234567 via forwards from +4940998877]}}
  - {name: an emergency, call: {from: "101", to: "112"}, expect: {outside: [0112 via gateway from 030555101]}}
  - {name: as much as matters, call: {from: "100", to: "0301234567"}, expect: {outside: [00301234567 via gateway]}}
  - {name: the number alone, call: {from: "100", to: "0301234567"}, expect: {outside: "00301234567"}}
  - {name: a call before, before: [{from: "100", to: "004315551234"}], call: {from: "100", to: "101"}, expect: {outside: nothing}}
  - {name: "WRONG: number", call: {from: "100", to: "0301234567"}, expect: {outside: [0030123456 via gateway]}}
  - {name: "WRONG: trunk", call: {from: "100", to: "0301234567"}, expect: {outside: [00301234567 via sipgate]}}
  - {name: "WRONG: shown", call: {from: "100", to: "0301234567"}, expect: {outside: [00301234567 via gateway from 030555101]}}
  - {name: "WRONG: nothing", call: {from: "100", to: "0301234567"}, expect: {outside: nothing}}
`)
	s, err := Read(filepath.Join(dir, "a_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, c := range s.Cases {
		r := s.Run(c)
		switch {
		case r.Err != nil:
			t.Errorf("%s: %v", c.Name.Value, r.Err)
		case !r.Failed():
		case len(c.Name.Value) > 6 && c.Name.Value[:6] == "WRONG:" && r.Differences[0].Key == "outside":
			wrong = append(wrong, c.Name.Value[7:])
		default:
			t.Errorf("%s: %+v, was %q", c.Name.Value, r.Differences, r.Observed.Outside)
		}
	}
	if want := []string{"number", "trunk", "shown", "nothing"}; !slices.Equal(wrong, want) {
		t.Errorf("differences in %q, want %q", wrong, want)
	}
}

// A number outside that nothing calls is noted, unless a test dials it to see that
// nobody does.
func TestNumbersThatNobodyCallsAreNoted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", `
site: {country: DE}
trunks: {line: {host: 192.0.2.7}}
extensions: {"101": {password: kqvt-8mzn-3xwp-r5hc}}
dialplan:
  phones:
    - {name: fixed, to: "9", do: [{dial: "+491701234567", via: line}]}
    - {name: any, to: "0.", do: [{dial: "${to}", via: line}]}
`)
	write(t, dir, "a_test.yaml", `outside:
  "030111222": [rings]
  "+491701234567": [rings]
  "030111223": [rings]
tests:
  - {name: a, call: {from: "101", to: "9"}, expect: {rang: "+491701234567"}}
  - {name: b, before: [{from: "101", to: "030111222"}], call: {from: "101", to: "9"}, expect: {end: call-limit}}
  - name: dear
    outside: {"09001234567": [rings], "030999": [rings]}
    call: {from: "101", to: "09001234567"}
    expect: {rang: nobody}
`)
	name := filepath.Join(dir, "a_test.yaml")
	o := outcome(t, name)
	var out bytes.Buffer
	o.Write(&out, false)
	var notes []string
	for line := range strings.Lines(out.String()) {
		if note, is := strings.CutPrefix(line, "note  "+name); is {
			notes = append(notes, strings.TrimSpace(note))
		}
	}
	want := []string{
		":4: no test calls 030111223 of outside; correct the number, or remove it",
		":9: no test calls 030999 of outside; correct the number, or remove it",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("noted %q, want %q in\n%s", notes, want, out.String())
	}
	o.Results = o.Results[:1]
	out.Reset()
	if o.Write(&out, false); strings.Contains(out.String(), "note") {
		t.Errorf("of some of the tests:\n%s", out.String())
	}
}
