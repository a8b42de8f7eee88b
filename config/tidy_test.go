package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTidy(t *testing.T) {
	for _, row := range []struct{ what, in, want string }{
		{"levels of two spaces", "sip:\n    domain: x\n    udp:\n    - \":1\"\n    -   \":2\"\n", "sip:\n  domain: x\n  udp:\n    - \":1\"\n    - \":2\"\n"},
		{
			"items with keys",
			"dialplan:\n phones:\n -  name: a\n    to: 200\n    do:\n    - answer\n    -\n      wait: 1s\n",
			"dialplan:\n  phones:\n    - name: a\n      to: 200\n      do:\n        - answer\n        -\n          wait: 1s\n",
		},
		{
			"lists in lists", "dialplan:\n  phones:\n      - do:\n            - dial: a\n              on:\n                  busy: [{wait: 1s}]\n",
			"dialplan:\n  phones:\n    - do:\n        - dial: a\n          on:\n            busy: [{wait: 1s}]\n",
		},
		{"flow style stays", "a: {b:   [c,d], e: {f: 1}}   \n", "a: {b:   [c,d], e: {f: 1}}\n"},
		{"flow over lines", "sip:\n    udp: [\":1\",\n          \":2\"]\n    domain: x\n", "sip:\n  udp: [\":1\",\n        \":2\"]\n  domain: x\n"},
		{
			"sections in order, with their comments",
			"# Office.\n\ndialplan: {}\n\n# Who.\nextensions: {}\nsite: {country: DE}\n# the end\n",
			"# Office.\n\nsite: {country: DE}\n\n# Who.\nextensions: {}\n\ndialplan: {}\n# the end\n",
		},
		{"a comment about the file", "# Office.\ndialplan: {}\nsite: {}\n", "# Office.\n\nsite: {}\n\ndialplan: {}\n"},
		{"unknown sections last", "tests: []\nconfig: x\nsite: {}\n", "site: {}\ntests: []\nconfig: x\n"},
		{"no order with references", "site: &s {}\nlog: {}\n", "site: &s {}\nlog: {}\n"},
		{
			"comments go with what they are about",
			"sip:\n     # above\n     domain: x  # behind\n     # below\n# left\nmedia: {}\n",
			"sip:\n  # above\n  domain: x  # behind\n  # below\n# left\nmedia: {}\n",
		},
		{"blank lines", "\n\nsip:\n\n\n  domain: x\n\n\n\nmedia: {}\n\n", "sip:\n\n  domain: x\n\nmedia: {}\n"},
		{
			"texts over lines", "dialplan:\n    a:\n        - if: |\n            to == \"1\"\n              and true\n\n          then: [answer]\n",
			"dialplan:\n  a:\n    - if: |\n        to == \"1\"\n          and true\n\n      then: [answer]\n",
		},
		{"folded plain text", "a:\n    b: one\n       two\n\n       three\n    c: 1\n", "a:\n  b: one\n     two\n\n     three\n  c: 1\n"},
		{"quotes over lines", "a:\n    b: \"one:\n      # two\"\n    c: 1\n", "a:\n  b: \"one:\n    # two\"\n  c: 1\n"},
		{"keys that are numbers", "extensions:\n  101: {password: x}\n  0102: {}\n  a1: {}\n", "extensions:\n  \"101\": {password: x}\n  \"0102\": {}\n  a1: {}\n"},
		{"words that are truth values", "countries: [AT, NO, SE]\nsrtp: off\ndnd: true\n", "countries: [AT, \"NO\", SE]\nsrtp: \"off\"\ndnd: true\n"},
		{"on of a dial", "- dial: a\n  on: {busy: []}\n", "- dial: a\n  on: {busy: []}\n"},
		{"numbers that are none", "a: [0049, +49, 200, 1.5, 1e3, 0x1F, 12:30, 2026-12-24]\n", "a: [\"0049\", \"+49\", 200, 1.5, \"1e3\", \"0x1F\", \"12:30\", \"2026-12-24\"]\n"},
		{"feature codes", "features:\n  echo: *43\n  tone: *44 # tone\n  music: [*45, *4X.]\n", "features:\n  echo: \"*43\"\n  tone: \"*44\" # tone\n  music: [\"*45\", \"*4X.\"]\n"},
		{"line ends", "\ufeffa: 1\r\nb:\r\n    c: 2\r\n", "a: 1\nb:\n  c: 2\n"},
		{"nothing", "", ""},
		{"only comments", "\n# one\n\n\n# two\n", "# one\n\n# two\n"},
	} {
		got, err := Tidy("x.yaml", []byte(row.in))
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", row.what, err, got, row.want)
		}
	}
}

func TestTidyRefusesWhatIsNotYAML(t *testing.T) {
	_, err := Tidy("x.yaml", []byte("sip: {\n"))
	es := asErrors(t, err)
	if len(es) != 1 || es[0].File != "x.yaml" || es[0].Line < 1 {
		t.Errorf("%v", err)
	}
}

// corpus are all YAML files of the repository.
func corpus(tb testing.TB) []string {
	tb.Helper()
	var out []string
	for _, pattern := range []string{"../testdata/config/*.yaml", "../testdata/config/*/*.yaml", "../testdata/plans/*.yaml", "../docs/*.yaml", "../docs/*/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, names...)
	}
	if len(out) < 60 {
		tb.Fatalf("only %d files", len(out))
	}
	return out
}

// Every file of the repository that is YAML can be tidied, comes out unchanged the
// second time, keeps its comments, and gives the same configuration.
func TestTidyKeepsTheConfiguration(t *testing.T) {
	for _, name := range corpus(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, wrong := newSource(name, "", data).parse(data); wrong != nil {
			continue
		}
		out, err := Tidy(name, data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		again, err := Tidy(name, out)
		if err != nil || string(again) != string(out) {
			t.Errorf("%s: changed again: %v", name, err)
		}
		if got, want := commentsOf(out), commentsOf(data); !slices.Equal(got, want) {
			t.Errorf("%s: comments\n%q\nwant\n%q", name, got, want)
		}
		sameConfig(t, name, data, out)
	}
}

func sameConfig(t *testing.T, name string, before, after []byte) {
	t.Helper()
	env := func(key string) (string, bool) { v, ok := exampleEnv[key]; return v, ok }
	a, errA := Parse("x", before, env)
	b, errB := Parse("x", after, env)
	if (errA == nil) != (errB == nil) {
		t.Errorf("%s: %v before, %v after", name, errA, errB)
	}
	if errA == nil && errB == nil && len(Diff(a.Config, b.Config)) > 0 {
		t.Errorf("%s: %v", name, Diff(a.Config, b.Config))
	}
}

func commentsOf(data []byte) []string {
	var out []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// What init writes is tidy, so that the order of the reference is that of fmt.
func TestSampleIsTidy(t *testing.T) {
	got, err := Tidy("sample", Sample())
	if err != nil || string(got) != string(Sample()) {
		t.Errorf("%v: make generate, or\n%s", err, got)
	}
}

func FuzzTidy(f *testing.F) {
	for _, name := range corpus(f) {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte("a:\n- b\n-  - c\n   - |+\n    d\n\n\n- e: >-\n   f\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 20_000 {
			return
		}
		once, err := Tidy("x", data)
		if err != nil {
			return
		}
		twice, err := Tidy("x", once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("changed again: %v\n%q\n%q", err, once, twice)
		}
		if starless := quoteStars("x", data); string(starless) == string(data) {
			sameConfig(t, "x", data, once)
		}
	})
}
