package dialplan_test

import (
	"reflect"
	"strings"
	"testing"

	"dialtone/dialplan"
)

const twoTrunks = `
trunks:
  sipgate: {host: sip.example.net}
  vienna: {host: 203.0.113.9, country: AT}
  office: {host: 203.0.113.17, context: office}
numbers:
  "+4930123450": all
  "+4930123451": {to: "101", name: Sales, language: en}
  "+431234567": "103"
groups: {all: {members: ["101", "102"]}}
schedules: {day: {open: ["daily 08:00-18:00"]}}
dialplan:
  outside:
    - {name: night, to: "+4930123450", when: {time: not day}, do: [{dial: "+491701234567", via: sipgate, as: "101"}]}
    - {name: vienna, to: "+431234568", when: {trunk: vienna}, do: [{set: {language: de-AT}}, {log: "${language} ${trunk} ${did} ${from}"}, {dial: "102"}]}
    - {name: switch, to: "+4930123455", do: [{goto: phones, to: "7"}]}
  office:
    - {name: inside, to: 1XX, do: [{dial: "${to}"}]}
  phones:
    - {name: ours, to: 7, do: [{goto: numbers, to: "030123451"}]}
    - {name: of a trunk, to: 8, when: {trunk: any}, do: [echo]}
    - {name: of an extension, to: 8, when: {trunk: not any}, do: [echo]}
    - {name: out, to: "0.", when: {trunk: not any}, do: [{dial: "${to}", via: [sipgate, vienna], as: "102", caller_id: "+4930123451", timeout: 20s}]}
    - {name: out as who is dialled, to: "9.", when: {trunk: not any}, do: [{dial: "+4930111", via: sipgate, as: "${rest}"}]}
    - {name: own, to: "8.", when: {trunk: not any}, do: [{dial: "${rest}", via: sipgate}]}
`

// A call of a trunk goes by the routes of its context, then by the numbers.
func TestCallsOfTrunks(t *testing.T) {
	plan := planOf(t, twoTrunks)
	for _, c := range []struct {
		trunk, to string
		context   string // of the facts
		route     string // or why there is none
		dials     string
	}{
		{"sipgate", "+4930123450", "", "numbers/+4930123450", "101, 102 for at most 1m0s"},
		{"sipgate", "030123450", "", "numbers/+4930123450", "101, 102 for at most 1m0s"},
		{"sipgate", "4930123451", "outside", "numbers/+4930123451", "101 for at most 1m0s"},
		{"sipgate", "004930123451", "", "numbers/+4930123451", "101 for at most 1m0s"},
		{"vienna", "01234567", "", "numbers/+431234567", "103 for at most 1m0s"},
		{"vienna", "01234568", "", "outside/vienna", "102 for at most 1m0s"},
		{"sipgate", "+4930123455", "", "numbers/+4930123451", "101 for at most 1m0s"},
		{"office", "102", "", "office/inside", "102 for at most 1m0s"},
		{"office", "+4930123450", "", "numbers/+4930123450", "101, 102 for at most 1m0s"},
		{"sipgate", "8", "phones", "phones/of a trunk", ""},
		{
			"sipgate", "+431234568", "",
			"not-found: +431234568 of trunk sipgate fits none of the 3 routes of context outside (night: +4930123450, vienna: +431234568, switch: +4930123455); " +
				"vienna: trunk: the call comes on trunk sipgate, but it must be vienna, and none of the numbers +431234567, +4930123450, +4930123451", "",
		},
		{
			"office", "030999", "",
			"not-found: +4930999 of trunk office (dialled 030999) does not fit the one route of context office (inside: 1XX), " +
				"and none of the numbers +431234567, +4930123450, +4930123451", "",
		},
		{
			"sipgate", "101", "",
			"not-found: 101 of trunk sipgate fits none of the 3 routes of context outside (night: +4930123450, vienna: +431234568, switch: +4930123455), " +
				"and none of the numbers +431234567, +4930123450, +4930123451", "",
		},
	} {
		w := &world{answers: map[string]string{"101": "answers", "102": "answers", "103": "answers"}}
		r := runOf(plan, w, dialplan.Facts{Trunk: c.trunk, To: c.to, From: "+4940998877", Context: c.context})
		last := ""
		r.Chosen = func(d dialplan.Decision) {
			if d.Route != nil {
				last = d.Route.Context + "/" + d.Route.Name
			} else {
				last = d.Why.Error()
			}
		}
		r.Do(t.Context())
		if last != c.route {
			t.Errorf("%s to %s: %s\nwant %s", c.trunk, c.to, last, c.route)
		}
		if c.dials != "" && w.rung.String() != c.dials {
			t.Errorf("%s to %s dials %s, want %s", c.trunk, c.to, w.rung, c.dials)
		}
	}
}

// A number's name stands before the caller's, and its language is spoken.
func TestNumbersHaveNamesAndLanguages(t *testing.T) {
	plan := planOf(t, twoTrunks)
	for _, c := range []struct{ name, shown string }{{"Eve", "Sales: Eve"}, {"", "Sales"}, {"${to}", "Sales: ${to}"}} {
		w := &world{}
		runOf(plan, w, dialplan.Facts{Trunk: "sipgate", To: "+4930123451", FromName: c.name}).Do(t.Context())
		if w.rung.FromName != c.shown {
			t.Errorf("a call of %q shows %q", c.name, w.rung.FromName)
		}
	}
	w := &world{}
	r := runOf(plan, w, dialplan.Facts{Trunk: "vienna", To: "+431234568", From: "01998877"})
	r.Do(t.Context())
	if text := r.Trace.String(); !strings.Contains(text, "de-AT vienna +431234568 +431998877") {
		t.Errorf("the trace is\n%s", text)
	}
}

// Phones show which number was called also where a route rings them, unless it says
// something else; who is called outside is not told.
func TestRoutesShowTheNameOfTheNumber(t *testing.T) {
	plan := planOf(t, `
trunks: {sipgate: {host: sip.example.net}}
numbers: {"+4930123450": {to: "101", name: Shop}, "+4930123451": "101"}
dialplan:
  outside:
    - {name: customers, to: "+4930123450", when: {from: "+4940."}, do: [{dial: "102", from_name: Customer}]}
    - {name: on, to: "+4930123450", when: {from: "+4941."}, do: [{dial: "+491701234567", via: sipgate, as: "101"}]}
    - {name: ours, to: "+4930123450", when: {from: "+4942."}, do: [{goto: extensions, to: "103"}]}
    - {name: all, to: "+493012345X", do: [{dial: "102"}]}
`)
	for _, c := range []struct{ from, to, shown string }{
		{"+4930998877", "+4930123450", "Shop: Eve"},
		{"+4940998877", "+4930123450", "Customer"},
		{"+4941998877", "+4930123450", ""},
		{"+4942998877", "+4930123450", "Shop: Eve"},
		{"+4930998877", "+4930123451", ""},
	} {
		w := &world{answers: map[string]string{"102": "answers", "103": "answers"}}
		runOf(plan, w, dialplan.Facts{Trunk: "sipgate", From: c.from, To: c.to, FromName: "Eve"}).Do(t.Context())
		if len(w.rung.Targets) != 1 || w.rung.FromName != c.shown {
			t.Errorf("%s calls %s: %s shows %q, want %q", c.from, c.to, w.rung, w.rung.FromName, c.shown)
		}
	}
}

// What a dial over trunks asks for.
func TestDialOutside(t *testing.T) {
	plan := planOf(t, twoTrunks)
	for _, c := range []struct {
		facts dialplan.Facts
		want  *dialplan.Outside
		ends  string
	}{
		{
			dialplan.Facts{Extension: "101", To: "030 111222"},
			&dialplan.Outside{Number: "030111222", Via: []string{"sipgate", "vienna"}, As: "102", CallerID: "+4930123451"}, "",
		},
		{dialplan.Facts{Extension: "101", To: "8030111222"}, &dialplan.Outside{Number: "030111222", Via: []string{"sipgate"}}, ""},
		{dialplan.Facts{Extension: "101", To: "9103"}, &dialplan.Outside{Number: "+4930111", Via: []string{"sipgate"}, As: "103"}, ""},
		{dialplan.Facts{Extension: "101", To: "9199"}, nil, `forbidden: as names "199", which is no extension, so nobody pays for +4930111`},
		{dialplan.Facts{Extension: "101", To: "8\x00"}, nil, "not-found"},
		{dialplan.Facts{Extension: "101", To: "8" + strings.Repeat("1", 41)}, nil, "not-found"},
		{dialplan.Facts{From: "x", Context: "phones", To: "8030111222"}, nil, "forbidden: a caller from outside may call 030111222 only where the step says as"},
		{dialplan.Facts{Extension: "101", To: "8112"}, &dialplan.Outside{Number: "112", Via: []string{"office", "sipgate", "vienna"}, Emergency: true}, ""},
		{dialplan.Facts{Extension: "101", To: "0112"}, &dialplan.Outside{Number: "0112", Via: []string{"sipgate", "vienna"}, As: "102", CallerID: "+4930123451"}, ""},
	} {
		w := &world{}
		e := runOf(plan, w, c.facts).Do(t.Context())
		if c.ends != "" {
			if !strings.HasPrefix(e.Error(), c.ends) || w.rung.Targets != nil {
				t.Errorf("%q: %v, and it rings %v", c.facts.To, e, w.rung)
			}
			continue
		}
		if len(w.rung.Targets) != 1 || !reflect.DeepEqual(w.rung.Targets[0].Outside, c.want) {
			t.Errorf("%q: rings %s, %v", c.facts.To, w.rung, e)
		}
	}
}

// Who answers is asked for the key, but nobody who answers an emergency call.
func TestDialWithConfirm(t *testing.T) {
	plan := planOf(t, strings.ReplaceAll(twoTrunks, "via: sipgate}", "via: sipgate, confirm: tones}"))
	for to, want := range map[string]*dialplan.Playing{"8030111222": {}, "8112": nil} {
		w := &world{}
		e := runOf(plan, w, dialplan.Facts{Extension: "101", To: to}).Do(t.Context())
		if len(w.rung.Targets) != 1 || !reflect.DeepEqual(w.rung.Confirm, want) {
			t.Errorf("%s: rings %s and plays %v, want %v; %v", to, w.rung, w.rung.Confirm, want, e)
		}
	}
}

// Emergency numbers go before every route of an extension, over all trunks but those
// that lead elsewhere.
func TestEmergencyNumbers(t *testing.T) {
	const lines = "trunks: {a: {host: 192.0.2.1}, b: {host: 192.0.2.2}, c: {host: 192.0.2.3}}\n"
	const routes = "dialplan: {phones: [{name: all, do: [{hangup: busy}]}], other: [{name: all, do: [{hangup: busy}]}]}\n"
	site := strings.Replace(extensions, "country: DE", "country: DE, emergency: [c, a]", 1)
	with, without := parsed(t, site+lines+routes), parsed(t, extensions+routes)
	const far = "trunks: {a: {host: 192.0.2.1, internal: true}, b: {host: 192.0.2.2}, c: {host: 192.0.2.3, internal: true}}\n"
	elsewhere, named := parsed(t, extensions+far+routes), parsed(t, strings.Replace(extensions, "country: DE", "country: DE, emergency: [c]", 1)+far+routes)
	alone := parsed(t, extensions+"trunks: {a: {host: 192.0.2.1, internal: true}}\n"+routes)
	for _, c := range []struct {
		plan  *dialplan.Plan
		facts dialplan.Facts
		route string
		dials string
	}{
		{with, dialplan.Facts{Extension: "101", To: "110"}, "emergency/110", "110 via c, a, b for at most 10m0s"},
		{with, dialplan.Facts{Extension: "101", To: "112", Context: "other"}, "emergency/112", "112 via c, a, b for at most 10m0s"},
		{elsewhere, dialplan.Facts{Extension: "101", To: "110"}, "emergency/110", "110 via b for at most 10m0s"},
		{named, dialplan.Facts{Extension: "101", To: "110"}, "emergency/110", "110 via c, b for at most 10m0s"},
		{alone, dialplan.Facts{Extension: "101", To: "110"}, "emergency/110", "110 via a for at most 10m0s"},
		{with, dialplan.Facts{Extension: "101", To: "1101"}, "phones/all", ""},
		{with, dialplan.Facts{Trunk: "a", From: "+4940998877", To: "110"}, "", ""},
		{with, dialplan.Facts{From: "+4940998877", To: "110"}, "", ""},
		{with, dialplan.Facts{From: "+4940998877", To: "110", Context: "phones"}, "phones/all", ""},
		{without, dialplan.Facts{Extension: "101", To: "110"}, "phones/all", ""},
	} {
		w := &world{}
		r := runOf(c.plan, w, c.facts)
		route := ""
		r.Chosen = func(d dialplan.Decision) {
			if d.Route != nil {
				route = d.Route.Context + "/" + d.Route.Name
			}
		}
		e := r.Do(t.Context())
		if dials := strings.Join(w.did, "; "); route != c.route || strings.TrimPrefix(dials, "dial ") != c.dials {
			t.Errorf("%+v: %q %q, %v", c.facts, route, dials, e)
		}
	}
}
