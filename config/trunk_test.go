package config

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

const trunkText = `
site: {country: DE}
trunks:
  sipgate:
    host: sip.example.net
    fingerprint: "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
    transport: tls
    username: "4930123450"
    password: ${PASSWORD}
    codecs: [pcma]
    header: {X-Customer: "7"}
    caller_id: {number: "+4930123450", by_country: {AT: "+4930123451"}}
numbers:
  "+4930123450": "101"
  +4930123451: {to: 101, name: Sales}
permissions: {boss: {allow: [international], limits: {international: {calls: 2}}}}
extensions: {"101": {password: kqvt-8mzn-3xwp-r5hc, permission: boss}}
`

func trunksOf(t *testing.T, text string) *Loaded {
	t.Helper()
	l, err := Parse("trunks.yaml", []byte(text), func(string) (string, bool) { return "wq3n-8kfp-z5tb-m7yd", true })
	must(t, err)
	return l
}

// What is not said of a trunk is its default; a number is its callee alone, or more.
func TestTrunks(t *testing.T) {
	l := trunksOf(t, trunkText)
	want := DefaultTrunk()
	want.Host, want.Transport, want.Username, want.Password = "sip.example.net", "tls", "4930123450", "wq3n-8kfp-z5tb-m7yd"
	want.Fingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	want.Codecs, want.Header = []string{"PCMA"}, map[string]string{"X-Customer": "7"}
	want.CallerID.Number, want.CallerID.ByCountry = "+4930123450", map[string]string{"AT": "+4930123451"}
	if got := l.Config.Trunks["sipgate"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the trunk is %+v\nwant %+v", got, want)
	}
	if want.Context != "outside" || want.Patience.D() != 2*time.Second || want.Dial.Format != "e164" {
		t.Errorf("the default is %+v", want)
	}
	numbers := map[string]Number{"+4930123450": {To: "101"}, "+4930123451": {To: "101", Name: "Sales"}}
	if !reflect.DeepEqual(l.Config.Numbers, numbers) {
		t.Errorf("the numbers are %+v", l.Config.Numbers)
	}
	if at, ok := l.Position(`numbers."+4930123450".to`); !ok || at.Line != 14 || at.Column != 18 {
		t.Errorf("the callee stands at %+v", at)
	}
	if again := l.Config.Validate(); len(again) > 0 {
		t.Errorf("Validate finds %v", again)
	}
}

// A permission that says nothing of limits has some; 0 lifts them.
func TestLimitsOfPermissions(t *testing.T) {
	l, err := Parse("f", []byte("permissions: {a: {allow: [mobile]}, b: {allow: [mobile], calls: 0, per_hour: 7}}\n"), nil)
	must(t, err)
	for name, want := range map[string]Permission{"a": {Calls: 10, PerHour: 100}, "b": {PerHour: 7}} {
		if got := l.Config.Permissions[name]; got.Calls != want.Calls || got.PerHour != want.PerHour {
			t.Errorf("%s has %d calls, %d an hour", name, got.Calls, got.PerHour)
		}
	}
}

func TestDiffOfTrunks(t *testing.T) {
	before := trunksOf(t, trunkText).Config
	after := trunksOf(t, `
site: {country: DE, emergency: [other]}
trunks:
  sipgate:
    host: sip.example.org
    fingerprint: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    transport: tls
    username: "4930123450"
    password: wq3n-8kfp-z5tb-m7yx
    codecs: [PCMA]
    caller_id: {number: "+4930123450", by_country: {AT: "+4930123450", CH: "+4930123451"}}
  other: {host: 203.0.113.9, dial: {format: national}}
numbers:
  "+4930123450": "101"
  "+4930123451": {to: "101", name: Support}
permissions: {boss: {allow: [international], limits: {international: {calls: 3}}}, clerk: {allow: []}}
extensions: {"101": {password: kqvt-8mzn-3xwp-r5hc, permission: clerk}}
`).Config
	var got []string
	for _, c := range Diff(before, after) {
		got = append(got, c.String())
	}
	want := []string{
		"site.emergency: [] -> [other]",
		"trunks.other: added {host: 203.0.113.9, dial: {format: national}}",
		"trunks.sipgate.host: sip.example.net -> sip.example.org",
		"trunks.sipgate.password: *** -> ***",
		"trunks.sipgate.header.X-Customer: removed",
		`trunks.sipgate.caller_id.by_country.AT: "+4930123451" -> "+4930123450"`,
		`trunks.sipgate.caller_id.by_country.CH: added "+4930123451"`,
		`numbers."+4930123451".name: Sales -> Support`,
		"permissions.boss.limits.international.calls: 2 -> 3",
		"permissions.clerk: added {}",
		"extensions.101.permission: boss -> clerk",
	}
	if !slices.Equal(got, want) {
		for _, line := range got {
			t.Errorf("got  %s", line)
		}
		for _, line := range want {
			t.Errorf("want %s", line)
		}
	}
	if again := Diff(after, after); len(again) > 0 {
		t.Errorf("with itself: %v", again)
	}
}

func TestServers(t *testing.T) {
	for text, good := range map[string]bool{
		"sip.example.net": true, "sip.example.net:5070": true, "192.0.2.1": true, "192.0.2.1:5060": true, "2001:db8::1": true,
		"[2001:db8::1]": true, "[2001:db8::1]:5060": true, "localhost": true, "": true,
		"sip:example.net": false, "sip.example.net:": false, "sip.example.net:70000": false, "a b": false, "1.2.3": false,
		"0.0.0.0": false, "224.0.0.1": false, "[::]:5060": false, "example.net;transport=tcp": false, "user@example.net": false,
		"2001:db8::1:5060:": false, "256.1.1.1:5060": false,
	} {
		if _, p := checkServer(text); p.found() == good {
			t.Errorf("%q: %+v", text, p)
		}
	}
}
