package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadAccounts(t *testing.T) {
	for _, row := range []struct{ what, text string }{
		{"commas", "number,name,password,codecs,max_calls,dnd\n101,\"Ann, \"\"the\"\" {boss}\",kqvt-8mzn-3xwp-r5hc,\"PCMA opus\",2,yes\n\n102,,,,,\n"},
		{"semicolons", "\ufeffPassword;Number;Name;Max calls;DND;Codecs\r\nkqvt-8mzn-3xwp-r5hc;101;\"Ann, \"\"the\"\" {boss}\";2;true;PCMA,OPUS\r\n;102;;;;\r\n"},
		{"tabs", "number\tpassword\tname\tmax_calls\tdnd\tcodecs\n101\tkqvt-8mzn-3xwp-r5hc\t\"Ann, \"\"the\"\" {boss}\"\t2\t1\tPCMA OPUS\n102\t\t\t\t\t\n"},
	} {
		accounts, errs := ReadAccounts("x.csv", []byte(row.text))
		if len(errs) > 0 || len(accounts) != 2 {
			t.Errorf("%s: %v, %d accounts", row.what, errs, len(accounts))
			continue
		}
		want := Account{Number: "101", Extension: Extension{Password: "kqvt-8mzn-3xwp-r5hc", Name: `Ann, "the" {boss}`, DND: true, MaxCalls: 2, Codecs: []string{"PCMA", "OPUS"}}}
		if !reflect.DeepEqual(accounts[0], want) {
			t.Errorf("%s: %+v", row.what, accounts[0])
		}
		if a := accounts[1]; a.Number != "102" || !a.Generated || len(a.Extension.Password.Reveal()) < 16 {
			t.Errorf("%s: %+v", row.what, a)
		}
	}
}

func TestAccountsAreWrittenAsTheyWere(t *testing.T) {
	for _, name := range []string{"Ann", "Ann: boss", "a, b", "#1", "${HOME}", "no", "0049", "ü & {ö}", `"q" 'r' \s`, "- x", "*", "!a", "%b", "@c", "true", "~", "it's", "x #y"} {
		in := []Account{{Number: "101", Extension: Extension{Password: Secret("kqvt-8mzn-" + Secret(name).Reveal()), Name: name, Codecs: []string{"PCMA"}, MaxCalls: 3}}}
		l, err := Parse("x", WriteAccounts("From a table.", in), nil)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := l.Config.Extensions["101"]; !reflect.DeepEqual(got, in[0].Extension) {
			t.Errorf("%q became %+v", name, got)
		}
	}
}

func TestWrongTables(t *testing.T) {
	for _, row := range []struct {
		text string
		want []string
	}{
		{"", []string{"x.csv:1:1: the table is empty"}},
		{"number,name\n", []string{"x.csv:1:1: the table has no extensions"}},
		{"numbr,name,name\n", []string{
			`x.csv:1:1: there is no key "numbr" of extensions; did you mean "number"?`, `x.csv:1:12: the heading "name" is given twice`,
			"x.csv:1:1: there is no column number",
		}},
		{"number,dnd,max_calls,codecs,password\n1,maybe,many,PCMX,kqvt-8mzn-3xwp-r5hc\n102,true,5000,PCMA,file:x\n102,,,,\n103,x\n104,,,,12345\n", []string{
			"x.csv:2:1: number: a number has 2 to 15 digits", `x.csv:2:3: dnd: expected true or false, found "maybe"`,
			`x.csv:2:9: max_calls: expected a number, found "many"`, `x.csv:2:14: codecs: "PCMX" is not a codec`,
			"x.csv:3:10: max_calls: 5000 is more than 1000", `x.csv:3:20: password: a password that begins with "file:"`,
			"x.csv:4:1: number: 102 is given twice, first in line 3", "x.csv:5:1: there are 2 values, but 5 headings",
			"x.csv:6:8: warning: password: the password is easy to guess",
		}},
		{"number,name\n101,\"Ann\n102,Ü\"x\n", []string{"x.csv:3:6: this is not CSV"}},
		{"number,name\n101,Ü \"x\"\n10 2,Ö\n", []string{"x.csv:2:7: this is not CSV", `x.csv:3:1: number: "10 2" cannot be the name of an extension`}},
		{"number,name\n101,\xff\n", []string{"x.csv:2:5: this is not UTF-8 text"}},
	} {
		_, errs := ReadAccounts("x.csv", []byte(row.text))
		matchErrors(t, errs, row.want)
		if report := errs.Report(); strings.Contains(report, "8mzn") || strings.Contains(report, "12345") {
			t.Errorf("a password is shown:\n%s", report)
		}
	}
}

// Warnings, however many, are no reason to leave rows out.
func TestWeakPasswordsLoseNoRows(t *testing.T) {
	var b strings.Builder
	b.WriteString("password,number\n")
	for i := range 3 * maxErrors {
		fmt.Fprintf(&b, "%d0000000000000,%d\n", 1000+i, 1000+i)
	}
	accounts, errs := ReadAccounts("x.csv", []byte(b.String()))
	if len(accounts) != 3*maxErrors || errs.Err() != nil || len(errs) > maxErrors {
		t.Errorf("%d accounts, %d findings, %v", len(accounts), len(errs), errs.Err())
	}
	b.WriteString("x,y z\n")
	if _, errs = ReadAccounts("x.csv", []byte(b.String())); len(errs.Failures()) != 1 {
		t.Errorf("behind many warnings: %v", errs.Failures())
	}
	_, errs = ReadAccounts("x.csv", []byte("password,number\n100100100100,100100100100\n"))
	matchErrors(t, errs, []string{"x.csv:2:1: warning: password: the password is easy to guess"})
}

func FuzzReadAccounts(f *testing.F) {
	f.Add([]byte("number,name,password\n101,Ann,\n"))
	f.Add([]byte("number;dnd\n101;x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		accounts, errs := ReadAccounts("x", data)
		if len(errs) > 0 {
			return
		}
		l, err := Parse("x", WriteAccounts("x", accounts), func(string) (string, bool) { return "", false })
		if err != nil {
			for _, e := range asErrors(t, err).Failures() {
				if e.Path != "" && !strings.HasPrefix(e.Path, "features") && !strings.HasPrefix(e.Path, "extensions.6") && !strings.Contains(e.Reason, "permission") && !strings.Contains(e.Reason, "site") {
					t.Fatalf("%v\n%s", e, WriteAccounts("x", accounts))
				}
			}
			return
		}
		for _, a := range accounts {
			if !reflect.DeepEqual(l.Config.Extensions[a.Number], a.Extension) {
				t.Fatalf("%+v became %+v", a, l.Config.Extensions[a.Number])
			}
		}
	})
}

func TestAddInclude(t *testing.T) {
	for _, row := range []struct{ what, in, want string }{
		{"none yet", "# Office.\n\nsip: {}\n", "# Office.\n\ninclude: [\"x.yaml\"]\nsip: {}\n"},
		{"an empty file", "", "include: [\"x.yaml\"]\n"},
		{"only comments", "# one\n", "# one\ninclude: [\"x.yaml\"]\n"},
		{"in one line", "include: [a.yaml, b.yaml] # both\nsip: {}\n", "include: [a.yaml, b.yaml, \"x.yaml\"] # both\nsip: {}\n"},
		{"in lines", "include:\n  - a.yaml # one\n  - b.yaml\nsip: {}\n", "include:\n  - a.yaml # one\n  - b.yaml\n  - \"x.yaml\"\nsip: {}\n"},
		{"empty", "include: []\n", "include: [\"x.yaml\"]\n"},
		{"there already", "include: [x.yaml]\n", "include: [x.yaml]\n"},
	} {
		got, err := AddInclude("c.yaml", []byte(row.in), "x.yaml")
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", row.what, err, got, row.want)
		}
	}
	if _, err := AddInclude("c.yaml", []byte("include: [a.yaml,\n  b.yaml\n]\n"), "x.yaml"); err == nil || !strings.Contains(err.Error(), `add "x.yaml" to it yourself`) {
		t.Errorf("brackets over lines: %v", err)
	}
}
