package plantest

import (
	"path/filepath"
	"slices"
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
  forwards: {host: 192.0.2.8, caller_id: {number: "+4930555000", forwarded: diversion}}
numbers: {"+4930555000": "100", "+4930555101": "101", "+43155500000": "100"}
permissions: {default: {allow: [domestic, international]}}
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx, caller_id: "+4930555101"}
dialplan:
  phones:
    - {name: alarm, to: 9, do: [{dial: "+49301234567", via: sipgate, caller_id: "+4930555000"}]}
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
