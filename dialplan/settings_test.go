package dialplan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// own are settings that note what they are asked for.
type own struct {
	did    []string
	hides  bool
	caller string // who called last
}

func (o *own) Set(extension, name, value string) (string, error) {
	o.did = append(o.did, extension+" "+name+" "+value)
	if value == "bad" {
		return "", errors.New("that cannot be set")
	}
	return name + " " + value, nil
}

func (o *own) Last(_ string, caller bool) (string, error) {
	if caller && o.caller == "" {
		return "", errors.New("nobody called")
	}
	if caller {
		return o.caller, nil
	}
	return "102", nil
}

func (o *own) RingBack(extension string, off bool) (string, error) {
	o.did = append(o.did, extension+" waits "+map[bool]string{true: "no more"}[off])
	return "102", nil
}

func (o *own) HidesNumber(string) bool { return o.hides }

const (
	done   = "tone 523 250ms, tone 784 250ms"
	failed = "tone 262 800ms"
)

func TestSettingSteps(t *testing.T) {
	plan := planOf(t, `
dialplan:
  phones:
    - {name: own, to: "7.", do: [{setting: forward, value: "${rest}"}]}
    - {name: bad, to: "8", do: [{setting: dnd, value: bad}]}
`)
	for name, tt := range map[string]struct {
		facts dialplan.Facts
		set   string // what the settings were asked for
		hears string // what the caller was played, or whom it reached
		note  string // a part of the trace
	}{
		"by a code":            {dialplan.Facts{Extension: "101", To: "*78"}, "101 dnd on", done, "dnd on is done"},
		"with a number behind": {dialplan.Facts{Extension: "101", To: "*72102"}, "101 forward 102", done, "forward 102 is done"},
		"with a # at the end":  {dialplan.Facts{Extension: "101", To: "*72102#"}, "101 forward 102", done, ""},
		"without a number":     {dialplan.Facts{Extension: "101", To: "*72"}, "101 forward on", done, ""},
		"by a route":           {dialplan.Facts{Extension: "101", To: "7102"}, "101 forward 102", done, ""},
		"refused":              {dialplan.Facts{Extension: "101", To: "8"}, "101 dnd bad", failed, "not done: that cannot be set"},
		"for who is transferred there": {
			dialplan.Facts{Extension: "101", TransferredBy: "101", From: "+4917012345", To: "*72102"}, "", failed, "only an extension has settings",
		},
		"for a caller from outside": {dialplan.Facts{Context: "phones", From: "+4917012345", To: "*72102"}, "", failed, "only an extension has settings"},
		"redial":                    {dialplan.Facts{Extension: "101", To: "*65"}, "", "dial 102", "it is 102"},
		"call back":                 {dialplan.Facts{Extension: "101", To: "*69"}, "", failed, "nobody called"},
		"ring back":                 {dialplan.Facts{Extension: "101", To: "*66"}, "101 waits ", done, ""},
		"ring back no more":         {dialplan.Facts{Extension: "101", To: "*64"}, "101 waits no more", done, ""},
		"hidden":                    {dialplan.Facts{Extension: "101", To: "*67102"}, "", "dial 102", ""},
	} {
		w, o := &world{}, &own{}
		r := runOf(plan, w, tt.facts)
		r.Settings = o
		r.Do(t.Context())
		if got := strings.Join(o.did, ", "); got != tt.set {
			t.Errorf("%s: the settings were asked for %q, want %q", name, got, tt.set)
		}
		if got := strings.Join(w.did, ", "); !strings.HasPrefix(got, tt.hears) {
			t.Errorf("%s: %q, want %q", name, got, tt.hears)
		}
		if text := r.Trace.String(); !strings.Contains(text, tt.note) {
			t.Errorf("%s: no %q in\n%s", name, tt.note, text)
		}
		if strings.HasPrefix(tt.facts.To, "*67") != w.rung.Hidden {
			t.Errorf("%s: hidden %v", name, w.rung.Hidden)
		}
	}
}

func TestWay(t *testing.T) {
	plan := planOf(t, `
trunks: {line: {host: provider.example}}
groups: {sales: {members: ["101", "102"]}}
dialplan:
  phones:
    - {name: out, to: "0.", do: [{play: welcome}, {dial: "${to}", via: line, as: "102"}]}
    - {name: night, to: 20, do: [{goto: phones, to: "102"}]}
    - {name: sales, to: 21, do: [{if: 'from == "101"', then: [{dial: sales}], else: [{dial: "101"}]}]}
    - {name: pin, to: 22, do: [{gather: , into: x, digits: 1}, {dial: "102"}]}
    - {name: quiet, to: 24, do: [{hangup: busy}]}
    - {name: none, to: 25, do: [{log: nothing}]}
`)
	for to, want := range map[string]string{
		"102": "102", "20": "102", "21": "102", "030123456": "030123456",
		"22": "forbidden", "24": "busy", "25": "not-found", "999": "not-found", "600": "forbidden",
	} {
		w := &world{}
		r := runOf(plan, w, dialplan.Facts{Extension: "101", To: to})
		ring, e := r.Way()
		var got []string
		for _, target := range ring.Targets {
			got = append(got, target.Name())
		}
		if e != nil {
			got = append(got, e.Cause.String())
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s reaches %v (%v), want %s", to, got, e, want)
		}
		if len(w.did) > 0 {
			t.Errorf("%s: the caller noticed: %v", to, w.did)
		}
	}
}

// What a caller writes as its number chooses nothing for who calls back.
func TestCallBackDialsCallersOnly(t *testing.T) {
	plan := planOf(t, `
trunks: {line: {host: provider.example}}
features: {echo: "600", block: "1160"}
parking: {dial: "700", slots: 701-702}
dialplan:
  phones:
    - {name: own, to: "7.", do: [{if: "true", then: [{setting: forward, value: "${rest}"}]}]}
    - {name: out, to: "+.", do: [{dial: "${to}", via: line}]}
    - {name: out too, to: "0.", do: [{dial: "${to}", via: line}]}
`)
	for caller, want := range map[string]string{
		"+4930123456": "dial +4930123456", "030-123 456": "dial 030123456", "102": "dial 102",
		"*72+4990012345": failed, "*721": failed, "*78": failed, "#1": failed, "+49*1": failed, "sip:a@b": failed, "+": failed, "102#": failed,
		"112": failed, "1 1 2": failed, "110": failed, "600": failed, "1160": failed, "116030123": failed, "700": failed, "7102": failed,
		"012345678901234567890123456789012": failed,
	} {
		w, o := &world{}, &own{caller: caller}
		r := runOf(plan, w, dialplan.Facts{Extension: "101", To: "*69"})
		r.Settings = o
		r.Do(t.Context())
		if got := strings.Join(w.did, ", "); !strings.HasPrefix(got, want) || len(o.did) > 0 {
			t.Errorf("%q: %q %q, want %q\n%s", caller, got, o.did, want, r.Trace)
		}
	}
	// What the extension dialled itself is dialled again, whatever it is.
	w := &world{}
	r := runOf(plan, w, dialplan.Facts{Extension: "101", To: "*65"})
	r.Settings = &own{caller: "*78"}
	r.Do(t.Context())
	if got := strings.Join(w.did, ", "); !strings.HasPrefix(got, "dial 102") {
		t.Errorf("redial: %q", got)
	}
}
