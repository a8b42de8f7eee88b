package callscript

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScriptsThatAreNotUnderstood(t *testing.T) {
	const phone = "phone alice 100\n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "# only a remark\n", "s: there is nothing to do in it"},
		{"verb", phone + "alice sings 440\n", `s:2: "alice sings 440" is not understood; there is:`},
		{"verb, with the valid ones", phone + "alice sings\n", "PHONE dials NUMBER"},
		{"form of a verb", phone + "alice hears\n", "PHONE hears HZ"},
		{"phone", "bob dials 101\n", `s:1: there is no phone "bob"`},
		{"trait", "phone alice 100 carrier-pigeon\n", `s:1: a phone cannot be "carrier-pigeon"; it can be udp, tcp, tls`},
		{"value of a trait", "phone alice 100 dtmf=x\n", "s:1: dtmf=x:"},
		{"repeat", phone + "repeat often\nalice holds\nend\n", "s:2: repeat wants a number of times"},
		{"end", phone + "end\n", "s:2: end without repeat"},
		{"no end", phone + "repeat 3\nalice holds\n", "repeat without end"},
		{"time", phone + "within long alice hears 440\n", "s:2: within wants a time"},
		{"quote", phone + "alice sends info a/b \"x\n", "s:2: a quote is open"},
		{"second part of a line", phone + "alice dials 101 / alice sings\n", "s:2:"},
		{"all at once", "bob dials 101\nalice sings\n", "s:2:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("s", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant one with %q", err, c.want)
			}
		})
	}
}

func TestScriptIsTakenApart(t *testing.T) {
	s, err := Parse("s", []byte(`# Two lines, one of them twice.
phone alice 100 tcp
phone bob 101
repeat 2
  within 2s alice holds & bob holds / alice resumes
end
alice sends info text/plain "a  b"
-- dialtone.yaml --
calls:
  max: 1
-- other.yaml --
x: y
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range s.lines {
		line := []string{l.at}
		for _, one := range l.statements {
			line = append(line, one.verb.form, one.within.String())
		}
		got = append(got, strings.Join(line, " "))
	}
	want := []string{
		"s:2 phone NAME NUMBER TRAITS... 10s",
		"s:3 phone NAME NUMBER TRAITS... 10s",
		"s:5 PHONE holds 2s PHONE holds 10s", "s:5 PHONE resumes 10s",
		"s:5 PHONE holds 2s PHONE holds 10s", "s:5 PHONE resumes 10s",
		"s:7 PHONE sends info TYPE BODY... 10s",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("lines:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if body := s.lines[6].statements[0].args["BODY"]; body != "a  b" {
		t.Errorf("body %q", body)
	}
	if s.Config != "calls:\n  max: 1\n" || s.Files["other.yaml"] != "x: y\n" {
		t.Errorf("parts: %q, %q", s.Config, s.Files)
	}
}

func TestConfigurationIsMerged(t *testing.T) {
	got := merge(defaults("/d", ports{udp: 1, tcp: 2, tls: 3, udp6: 4, media: 10000}), `calls:
  ring_timeout: 1s
  max: 1
extensions:
  "101": {password: x, dnd: true}
  "200":
    password: y
features:
  echo: "*600"
`)
	for _, want := range []string{
		"calls:\n  max: 1\n  ring_timeout: 1s\n  drain_timeout: 1s\n",
		`  "100": {password: phone-100-key}` + "\n" + `  "101": {password: x, dnd: true}` + "\n" + `  "102"`,
		"  \"109\": {password: phone-109-key}\n  \"200\":\n    password: y\n",
		"features:\n  echo: \"*600\"\n",
		"media:\n  ports: 10000-10479\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the merged configuration lacks\n%s\nit is\n%s", want, got)
		}
	}
}

func TestREADMEHasEveryVerbAndTrait(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(scripts, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	for _, v := range verbs {
		if line := "| `" + v.form + "` | " + v.doc + " |"; !strings.Contains(readme, line) {
			t.Errorf("testdata/calls/README.md lacks the line\n%s", line)
		}
	}
	for _, tr := range traits {
		if line := "| `" + tr.form + "` | " + tr.doc + " |"; !strings.Contains(readme, line) {
			t.Errorf("testdata/calls/README.md lacks the line\n%s", line)
		}
	}
}
