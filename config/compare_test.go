package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const compared = `sip: {domain: pbx}
site: {country: DE}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "102": {password: b7fd-w2ks-9pte-n4vx}
groups:
  sales: {members: ["101", "102"]}
schedules:
  office: {open: ["Mon-Fri 08:00-18:00"]}
dialplan:
  phones:
    - {name: one, to: "1", do: [answer]}
    - name: two
      to: "2"
      when: {time: office}
      do:
        - dial: sales
          timeout: 20s
          on: {busy: [{hangup: busy}]}
    - {name: three, to: "3", do: [echo]}
    - {to: "4", do: [{tone: 440}]}
`

func parsed(t *testing.T, name, text string) *Loaded {
	t.Helper()
	l, err := Parse(name, []byte(text), nil)
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return l
}

// lines writes differences in short.
func (d Difference) line() string {
	restart := ""
	if d.Restart {
		restart = " (restart)"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s%s: %s", d.Kind, d.Name, d.What, restart, strings.Join(d.Details, "; "))) + fmt.Sprintf(" @%s:%d", d.File, d.Line)
}

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		what     string
		old, new string // what is replaced, by what
		want     []string
	}{
		{"nothing", "", "", nil},
		{"a comment and a line", "sip:", "# hello\n\nsip:", nil},
		{"a setting", "domain: pbx", "domain: tel", []string{"setting sip.domain changed: pbx -> tel @new:1"}},
		{"a setting that goes", "sip: {domain: pbx}\n", "", []string{"setting sip.domain changed: pbx -> dialtone @old:1"}},
		{"a setting that needs a restart", "domain: pbx", `udp: [":5070"], domain: pbx`, []string{`setting sip.udp changed (restart): [":5060"] -> [":5070"] @new:1`}},
		{"a password", "kqvt-8mzn-3xwp-r5hc", "zzzz-8mzn-3xwp-r5hc", []string{"extension 101 changed: password changed @new:4"}},
		{"a name", "name: Ann", "name: Ben, dnd: true", []string{"extension 101 changed: name: Ann -> Ben; dnd: false -> true @new:4"}},
		{
			"an extension more", "groups:", "  \"103\": {password: m5yr-h8cq-2nwd-x7zt, name: Cem}\ngroups:",
			[]string{"extension 103 added: password: ***, name: Cem @new:6"},
		},
		{
			"an extension less", "  \"102\": {password: b7fd-w2ks-9pte-n4vx}\ngroups:\n  sales: {members: [\"101\", \"102\"]}", "groups:\n  sales: {members: [\"101\"]}",
			[]string{"group sales changed: members: 101, 102 -> 101 @new:6", "extension 102 removed: @old:5"},
		},
		{"a schedule", "08:00-18:00", "08:00-17:00", []string{"schedule office changed: open: Mon-Fri 08:00-18:00 -> Mon-Fri 08:00-17:00 @new:9"}},
		{"a number of a route", `to: "1"`, `to: ["1", "11"]`, []string{"route phones/one changed: to: 1 -> 1, 11 @new:12"}},
		{"a condition", "time: office", "time: not office", []string{"route phones/two changed: when.time: office -> not office @new:13"}},
		{"a step", "timeout: 20s", "timeout: 30s", []string{"route phones/two changed: do[0].timeout: 20s -> 30s @new:13"}},
		{"a step in a branch", "{hangup: busy}", "{hangup: declined}", []string{"route phones/two changed: do[0].on.busy[0].hangup: busy -> declined @new:13"}},
		{"other steps", "do: [echo]", "do: [answer, echo]", []string{"route phones/three changed: do: [echo] -> [answer; echo] @new:20"}},
		{"a new name", "name: three", "name: drei", []string{"route phones/drei changed: name: three -> drei @new:20"}},
		{
			"a route that moves", "    - {name: one, to: \"1\", do: [answer]}\n" + compared[strings.Index(compared, "    - name: two"):],
			compared[strings.Index(compared, "    - name: two"):] + "    - {name: one, to: \"1\", do: [answer]}\n",
			[]string{"route phones/one moved: was first, is after 4 @new:21"},
		},
		{
			"a route more and one less", `    - {name: three, to: "3", do: [echo]}`, `    - {name: new, to: "5", do: [music]}`,
			[]string{"route phones/new added: [music] @new:20", "route phones/three removed: @old:20"},
		},
		{"a context", `    - {to: "4", do: [{tone: 440}]}` + "\n", `    - {to: "4", do: [{goto: more}]}` + "\n  more:\n    - {do: [{tone: 440}]}\n", []string{
			"route more/route 1 added: [tone 440 Hz] @new:23", "route phones/4 changed: do: [tone 440 Hz] -> [goto more] @new:21",
		}},
	} {
		t.Run(row.what, func(t *testing.T) {
			next := strings.Replace(compared, row.old, row.new, 1)
			if row.old != "" && next == compared {
				t.Fatal("nothing was replaced")
			}
			var got []string
			for _, d := range Compare(parsed(t, "old", compared), parsed(t, "new", next)) {
				got = append(got, d.line())
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
			if strings.Contains(strings.Join(got, ""), "8mzn") {
				t.Error("a password is shown")
			}
		})
	}
}

// What is in a script or calendar is a part of the plan.
func TestCompareFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	read := func(script, calendar string) *Loaded {
		t.Helper()
		for name, text := range map[string]string{
			"a.star": script, "a.ics": "BEGIN:VCALENDAR\n" + calendar + "END:VCALENDAR\n",
			"a.yaml": "schedules: {o: {ical: a.ics}}\ndialplan: {phones: [{to: \"300\", when: {time: o}, do: [{script: file:a.star}]}]}\n",
		} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := Read("a.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	event := "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260501\nEND:VEVENT\n"
	a, same, b := read("print(1)", event), read("print(1)", event), read("print(2)", strings.ReplaceAll(event, "0501", "0502"))
	if got := Compare(a, same); len(got) > 0 {
		t.Errorf("the same: %v", got)
	}
	var got []string
	for _, d := range Compare(a, b) {
		got = append(got, d.line())
	}
	if want := []string{"file a.ics changed: @a.ics:1", "file a.star changed: @a.star:1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Where two configurations stand makes no difference, what they read does.
func TestCompareFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	read := func(folder, script, calendar string) *Loaded {
		t.Helper()
		if err := os.MkdirAll(folder+"/rules", 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"rules/a.star": script, "rules/a.ics": "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "rules/b.ics": "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
			"a.yaml": "data: store\nschedules: {o: {ical: rules/" + calendar + "}}\ndialplan: {phones: [{to: \"300\", when: {time: o}, do: [{script: file:rules/a.star}]}]}\n",
		} {
			if err := os.WriteFile(folder+"/"+name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := Read(folder + "/a.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	old := read("old", "print(1)", "a.ics")
	if got := Compare(old, read("same", "print(1)", "a.ics")); len(got) > 0 {
		t.Errorf("the same: %v", got)
	}
	var got []string
	for _, d := range Compare(old, read("new", "print(2)", "b.ics")) {
		got = append(got, d.line())
	}
	if want := []string{
		"schedule o changed: ical: rules/a.ics -> rules/b.ics @new/a.yaml:2", "file new/rules/a.star changed: @new/rules/a.star:1",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if old.Config.Data != "old/store" || old.Config.Schedules["o"].Ical.Value != "old/rules/a.ics" {
		t.Errorf("the configuration itself was changed: %s, %s", old.Config.Data, old.Config.Schedules["o"].Ical.Value)
	}
}

// Keys are written into web addresses, behind the question mark.
func TestQueriesAreNotShown(t *testing.T) {
	plan := func(address, hook string) string {
		return "webhooks: {crm: {url: \"" + hook + "\"}}\ndialplan: {phones: [{name: ask, to: \"300\", do: [{http: \"" + address + "\"}]}]}\n"
	}
	old := parsed(t, "old", plan("https://a.example/x?token=hush1&n=${from}", "https://h.example/?key=hush1"))
	next := parsed(t, "new", plan("https://a.example/x?token=hush2&n=${from}", "https://h.example/v2?key=hush2"))
	other := parsed(t, "new", plan("http://b.example/", "https://h.example/?key=hush1"))
	for _, row := range []struct {
		l    *Loaded
		want []string
	}{
		{next, []string{
			"webhook crm changed: url: https://h.example/?... -> https://h.example/v2?... @new:1",
			"route phones/ask changed: do[0].http: https://a.example/x?... changed @new:2",
		}},
		{other, []string{"route phones/ask changed: do[0].http: https://a.example/x?... -> http://b.example/ @new:2"}},
	} {
		var got []string
		for _, d := range Compare(old, row.l) {
			got = append(got, d.line())
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
		if text := fmt.Sprint(Diff(old.Config, row.l.Config)); strings.Contains(text, "hush") {
			t.Errorf("a key is shown: %s", text)
		}
	}
}
