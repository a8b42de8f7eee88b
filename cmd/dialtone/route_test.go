package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every plan of docs/dialplan.md is right, without a warning, unless it says that it
// is wrong, and every command prints what the page says.
func TestDialplanPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/dialplan.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	sounds(t)
	plans, commands := 0, 0
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		text := block[2]
		first, rest, _ := strings.Cut(text, "\n")
		switch block[1] {
		case "yaml":
			plans++
			name, named := strings.CutPrefix(first, "# ")
			if !named {
				name = "part.yaml"
				text += "extensions:\n  \"101\": {password: kqvt-8mzn-3xwp-r5hc}\n  \"102\": {password: b7fd-w2ks-9pte-n4vx}\n  \"103\": {password: m5yr-h8cq-2nwd-x7zt}\n"
			}
			name, wrong := strings.CutSuffix(name, ", which is wrong")
			keep(t, name, text)
			if wrong {
				continue // the page says what it prints
			}
			if code, out, errOut := dialtone(t, "check", name); code != 0 || strings.Contains(out, "warning:") {
				t.Errorf("exit code %d, %s%s", code, out, errOut)
			}
		case "console":
			commands++
			_, out, errOut := dialtone(t, strings.Fields(strings.TrimPrefix(first, "$ dialtone"))...)
			if out+errOut != rest {
				t.Errorf("%s prints\n%s%s\nthe page says\n%s", first, out, errOut, rest)
			}
		}
	}
	if plans < 8 || commands < 3 {
		t.Errorf("only %d plans and %d commands were found", plans, commands)
	}
}

func TestShippedPlansAreRight(t *testing.T) {
	names, err := filepath.Glob("../../testdata/plans/*.yaml")
	if err != nil || len(names) < 3 {
		t.Fatalf("%d plans: %v", len(names), err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.yaml") {
			continue
		}
		code, out, errOut := dialtone(t, "check", name)
		out = strings.ReplaceAll(out, "warning: every user of this machine can read the passwords in it", "")
		if code != 0 || strings.Contains(out, "warning:") {
			t.Errorf("exit code %d, %s%s", code, out, errOut)
		}
	}
}

func TestRoute(t *testing.T) {
	const desk = "--config=../../testdata/plans/callcentre.yaml"
	for _, test := range []struct {
		args string
		code int
		says []string
	}{
		{"--from 300 --to 77202", 0, []string{"+ direct line: to: 77202 fits /^77", "=> direct line of phones:", "if busy(agent)", "else:", "dial ${agent}"}},
		{"--from 300 --to 500 --header X-Priority=HIGH", 0, []string{"+ urgent: to: it is 500; header.X-Priority: it is \"HIGH\""}},
		{"--from 300 --to 500", 0, []string{"- urgent: header.X-Priority: it is \"\"", "+ help desk"}},
		{"--from 300 --to 201", 0, []string{"extensions: looking for 201", "=> extension 201 of extensions:"}},
		{"--from 300 --to 77202", 0, []string{"    dial 202 (${agent}): rings 202 for at most 20s"}},
		{"--from 300 --to 77202 --busy 202,201 --at 2026-05-05T10:00", 0, []string{
			"if busy(agent) or not registered(agent): true", "goto desk", "desk: looking for 77202",
			"dial desk: rings 201, 202 after 12s, 203 after 24s for at most 1m0s  ",
		}},
		{"--from 300 --to 77202 --busy 202,201,203 --at 2026-05-05T10:00", 0, []string{
			"busy: 201 is in a call, 202 is in a call, 203 is in a call, so on failed", "log sorry, ${why}: ${from} wanted ${to}: sorry, nobody is there (busy)",
		}},
		{"--from 300 --to 201 --unregistered 201", 0, []string{" features: to: 201 is none of them\n", "dial 201 (${to}): rings 201 for at most 1m0s; not-registered: 201 has no phone"}},
		{"--from 300 --to *99 --busy 201 --unregistered 202", 0, []string{"dial 201, 202, 203: rings 201, 202, 203 for at most 1m0s  "}},
		{"--from 300 --to *99 --busy 201,203 --unregistered 202", 0, []string{"busy: 201 is in a call, 202 has no phone, 203 is in a call"}},
		{"--from 300 --to 201 --busy 2001", 1, []string{`dialtone: --busy: there is no extension "2001"; did you mean "201"?`}},
		{"--from 300 --to 201 --unregistered 777", 1, []string{`dialtone: --unregistered: there is no extension "777"; there are 201, 202, 203, 300`}},
		{"--from 300 --to 201 --at 2026-03-29T01:30", 1, []string{"dialtone: --at: there is no 2026-03-29T01:30 in Europe/London: the clocks go forward over it"}},
		{"--from 300 --to 2-0(1)", 0, []string{"extension 300 dials 2-0(1), ", "extensions: looking for 201"}},
		{"--from 300 --to 602", 0, []string{"    music\n    ... what comes next depends on when the caller hangs up"}},
		{"--from 300 --to 999", 1, []string{"=> No such number (999 fits no route of phones"}},
		{"--from 07700900123 --to 500", 1, []string{"outside callers have no route"}},
		{"--from 07700900123 --to 1 --context desk --at 2026-05-04T23:00", 0, []string{"+ closed: to: any number; time: desk is closed"}},
		{"--extension 301 --to 500", 1, []string{"there is no extension \"301\"; there are 201, 202, 203, 300"}},
		{"--from 300 --to 500 --header X-Other=1", 1, []string{"site.headers does not name X-Other"}},
		{"--from 300 --to 500 --at whenever", 1, []string{"--at: \"whenever\" is no time"}},
		{"--from 300 --to 500 --source nowhere", 1, []string{"--source: \"nowhere\" is not an IP address"}},
	} {
		code, out, errOut := dialtone(t, append([]string{"route", desk}, strings.Fields(test.args)...)...)
		if code != test.code {
			t.Errorf("%s: exit code %d", test.args, code)
		}
		for _, want := range test.says {
			if !strings.Contains(out+errOut, want) {
				t.Errorf("%s does not say %q:\n%s%s", test.args, want, out, errOut)
			}
		}
	}
}

func TestRouteOfTrunks(t *testing.T) {
	for _, test := range []struct {
		args string
		code int
		says []string
	}{
		{"--trunk sipgate --from +4940998877 --to 030123451", 0, []string{"+4940998877 on trunk sipgate dials 030123451", "=> +4930123451 of numbers:", "dial 101"}},
		{"--trunk sipgate --from 101 --to 102", 1, []string{"=> No such number (102 of trunk sipgate fits none of the 2 routes"}},
		{"--from 101 --to 112", 0, []string{"emergency: looking for 112", "=> 112 of emergency:", "dial 112 via sipgate"}},
		{"--from 101 --to 030123450", 0, []string{"goto numbers", "=> +4930123450 of numbers (by our own number of phones):"}},
		{"--from 103 --to 030999999", 1, []string{
			"    dial 030999999 via sipgate (${to}): ", "; forbidden: +4930999999 is a number of the kind domestic, which permission lobby does not allow",
			"=> Not allowed (+4930999999 is a number of the kind domestic, which permission lobby does not allow)",
		}},
		{"--from 103 --to 08001234567", 0, []string{"rings 08001234567 via sipgate for at most 40s  "}},
		{"--from 101 --to +33140000000", 1, []string{"=> Not allowed (+33140000000 is a number of FR, and permission boss allows abroad only AT, CH)"}},
		{"--from 101 --to +4315880", 0, []string{"rings +4315880 via sipgate"}},
		{"--trunk sipgate --from +4940998877 --to +4930123450 --at 2026-05-05T22:00", 0, []string{"rings +491701234567 via sipgate for at most 25s  "}},
		{"--trunk sipgate --from +4940998877 --verified --to 030123451", 0, []string{"dial 101"}},
		{"--from +4940998877 --verified --to 030123451", 1, []string{"--verified: only a trunk vouches for a number"}},
		{"--trunk sipgate --verified --anonymous --to 030123451", 1, []string{"--verified and --anonymous"}},
		{"--trunk sipgat --to 1", 1, []string{`there is no trunk "sipgat"; there are sipgate`}},
		{"--trunk sipgate --extension 101 --to 1", 1, []string{"a call is either from outside or one of an extension"}},
	} {
		args := strings.Fields(test.args)
		if !strings.Contains(test.args, "--at") {
			args = append(args, "--at=2026-05-05T10:00")
		}
		args = append([]string{"route", "--config=../../testdata/plans/trunk.yaml"}, args...)
		code, out, errOut := dialtone(t, args...)
		if code != test.code {
			t.Errorf("%s: exit code %d", test.args, code)
		}
		for _, want := range test.says {
			if !strings.Contains(out+errOut, want) {
				t.Errorf("%s does not say %q:\n%s%s", test.args, want, out, errOut)
			}
		}
	}
}

func TestRouteOfVerifiedCallers(t *testing.T) {
	for args, want := range map[string]string{
		"--from +4940998877 --verified": "+ who it is: to: it is +4930123459; verified: trunk first vouches for the caller's number; if: ",
		"--from +4940998877":            "- who it is: verified: trunk first does not vouch for the caller's number",
		"--anonymous":                   "+ who it may be: to: it is +4930123459; verified: trunk first does not vouch for the caller's number",
	} {
		_, out, errOut := dialtone(t, append([]string{"route", "--config=../../testdata/corpus/trunks.yaml", "--trunk=first", "--to=+4930123459"}, strings.Fields(args)...)...)
		if !strings.Contains(out, want) {
			t.Errorf("%s does not say %q:\n%s%s", args, want, out, errOut)
		}
	}
}

func TestRouteJSON(t *testing.T) {
	_, out, _ := dialtone(t, "route", "--json", "--config", "../../testdata/plans/callcentre.yaml", "--from", "300", "--to", "*99")
	var result struct {
		Route, File string
		Line        int
		Depends     string `json:"depends_on"`
		Steps       []struct{ Text string }
		Trace       struct{ Events []struct{ Kind, Name string } }
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if result.Route != "emergency drill" || result.Line == 0 || len(result.Steps) != 1 || len(result.Trace.Events) != 3 || result.Depends != "who answers" {
		t.Errorf("got %+v", result)
	}
}

// A number that may not be called is refused, unless the plan has somebody else for
// the caller.
func TestRouteOfForbiddenNumbers(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "plan.yaml", `site: {country: DE}
trunks: {main: {host: 192.0.2.1}}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc}
  "102": {password: b7fd-w2ks-9pte-n4vx, permission: none}
permissions: {none: {allow: [toll-free]}}
dialplan:
  phones:
    - {name: desk, to: "9.", do: [{dial: "${rest}", via: main, on: {failed: [{dial: "101"}]}}]}
    - {name: sorry, to: "8.", do: [{dial: "${rest}", via: main, on: {failed: [{hangup: busy}]}}]}
    - {name: paid, to: "7.", do: [{dial: "${rest}", via: main, as: "101"}]}
`)
	for _, test := range []struct {
		from, to         string
		code             int
		refused, depends string
	}{
		{"102", "90301234567", 0, "", "who answers"},
		{"102", "80301234567", 1, "forbidden: +49301234567 is a number of the kind domestic, which permission none does not allow", ""},
		{"101", "80301234567", 0, "", "who answers"},
		{"101", "809001234567", 1, "forbidden: +499001234567 is a number of the kind premium, which permission default does not allow", ""},
		{"102", "70301234567", 0, "", "who answers"},
		{"102", "7031", 1, "forbidden: +49031 is in no range that is known, ", ""},
	} {
		code, out, errOut := dialtone(t, "route", "--json", "--config=plan.yaml", "--from", test.from, "--to", test.to)
		var result routeResult
		if err := json.Unmarshal([]byte(out), &result); err != nil {
			t.Fatalf("%v: %s%s", err, out, errOut)
		}
		if code != test.code || !strings.HasPrefix(result.Refused, test.refused) || (test.refused == "") != (result.Refused == "") || result.Depends != test.depends {
			t.Errorf("%s calls %s: exit code %d, refused %q, depends on %q", test.from, test.to, code, result.Refused, result.Depends)
		}
	}
}

// The route that is printed is the one that was taken last.
func TestRouteNamesTheWay(t *testing.T) {
	for _, c := range []struct {
		by   []string
		want string
	}{
		{nil, ""},
		{[]string{"outside/Hamburg"}, " (by Hamburg of outside)"},
		{[]string{"a/1", "b/2", "c/3", "d/4"}, " (by 4 of d, by 3 of c, by 2 of b, ...)"},
	} {
		if got := (routeResult{By: c.by}).by(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	const desk = "--config=../../testdata/plans/callcentre.yaml"
	_, out, _ := dialtone(t, "route", desk, "--from=300", "--to=77202", "--busy=202,201", "--at=2026-05-05T10:00")
	if !strings.Contains(out, " of desk (by direct line of phones):\n") {
		t.Errorf("printed\n%s", out)
	}
}
