package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// write makes a file of mode 0600 and gives its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, path string) *Config {
	t.Helper()
	c, _, err := Load(path)
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return c
}

func TestEmptyFilesAreTheDefault(t *testing.T) {
	inExamples(t)
	want := Default()
	for _, name := range []string{"empty.good.yaml", "comments.good.yaml"} {
		if got := mustLoad(t, name); !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %v", name, Diff(&want, got))
		}
	}
	if found := want.Validate(); len(found) > 0 {
		t.Errorf("the default is refused: %v", found)
	}
}

func TestLoadKeepsWhatTheFileSays(t *testing.T) {
	inExamples(t)
	c := mustLoad(t, "office.good.yaml")
	for _, row := range []struct {
		what      string
		got, want any
	}{
		{"data", c.Data, "office-data"},
		{"a text", c.SIP.Domain, "pbx.example.org"},
		{"a duration", c.SIP.SessionExpires.D(), 90 * time.Minute},
		{"a day", c.Registrar.MaxExpires.D(), 24 * time.Hour},
		{"a duration without unit", c.Registrar.Qualify.D(), time.Duration(0)},
		{"an empty list", c.SIP.TLS, []string{}},
		{"a silent key", c.SIP.MaxFailures, 10},
		{"codecs in any case", c.Media.Codecs, []string{"OPUS", "G722", "PCMA", "PCMU"}},
		{"codecs of an extension", c.Extensions["0101"].Codecs, []string{"PCMA"}},
		{"zeros in front", c.Extensions["0101"].MaxCalls, 2},
		{"a name with a dot", c.Extensions["bob.smith"].DND, true},
		{"plus in front", c.Features.Tone, "+4930600"},
		{"a star", c.Features.Echo, "*43"},
		{"an empty text", c.Features.Music, ""},
	} {
		if !reflect.DeepEqual(row.got, row.want) {
			t.Errorf("%s: got %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestEnvironmentIsPutIn(t *testing.T) {
	inExamples(t)
	c := mustLoad(t, "environment.good.yaml")
	got := []any{
		c.SIP.Domain, c.SIP.External, c.SIP.Trace, c.Calls.Max, c.Calls.RingTimeout.String(),
		c.Extensions["100"].Password.Reveal(), c.Extensions["100"].Name,
	}
	want := []any{"pbx.example.org", "", true, 50, "45s", "${DOMAIN}-kept-as-it-is", "costs ${5}"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIncludedSectionsAreMerged(t *testing.T) {
	inExamples(t)
	l, err := Read("include.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config
	if len(c.Extensions) != 3 || !c.SIP.Trace || c.SIP.Domain != "pbx.example.org" || c.Features.Echo != "699" {
		t.Errorf("not merged: %+v", c)
	}
	if got := c.Extensions["102"].Password.Reveal(); got != "qk5w-s8mz-7hce-3xyr" {
		t.Errorf("the secret of a file in the folder above the included one is %q", got)
	}
	files := []string{"include.good.yaml", "parts/features.yaml", "parts/phones.yaml", "secret.txt"}
	if !reflect.DeepEqual(l.Files, files) {
		t.Errorf("files %v, want %v", l.Files, files)
	}
	if !reflect.DeepEqual(l.Patterns, []string{"parts/*.yaml"}) {
		t.Errorf("patterns %v", l.Patterns)
	}
	at, ok := l.Position("features.echo")
	if want := (Position{"parts/features.yaml", 1, 18}); !ok || at != want {
		t.Errorf("features.echo stands at %v, want %v", at, want)
	}
}

func TestReferencesFillIn(t *testing.T) {
	inExamples(t)
	e := mustLoad(t, "references.good.yaml").Extensions["101"]
	if e.Name != "Desk" || len(e.Codecs) != 2 || e.Password.Reveal() != "u7k2-hd9m-2xpe-r4vn" {
		t.Errorf("got %+v", e)
	}
}

func TestFileNamesAreRelativeToTheFileThatNamesThem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/phones/pass", "fbqm-3n7c-wz5k-8pty\r\nsecond line\n")
	write(t, dir+"/phones/a.yaml", `extensions: {100: {password: "file:pass"}}`)
	c := mustLoad(t, write(t, dir+"/dialtone.yaml", "include: [phones/a.yaml]\n"))
	if c.Data != dir+"/dialtone-data" {
		t.Errorf("data is %s", c.Data)
	}
	if got := c.Extensions["100"].Password.Reveal(); got != "fbqm-3n7c-wz5k-8pty" {
		t.Errorf("the secret is %q", got)
	}
	c = mustLoad(t, write(t, dir+"/absolute.yaml", "data: /var/lib/x\n"))
	if c.Data != "/var/lib/x" {
		t.Errorf("data is %s", c.Data)
	}
}

func TestMissingMainFile(t *testing.T) {
	_, files, err := Load("none.yaml")
	matchErrors(t, asErrors(t, err), []string{"none.yaml: there is no such file; check the name, or write one with `dialtone init`"})
	if len(files) != 1 {
		t.Errorf("files %v: a file that appears must be noticed", files)
	}
}

func TestPlainPasswordsInAnOpenFileAreWarnedOf(t *testing.T) {
	name := write(t, t.TempDir()+"/open.yaml", "extensions: {100: {password: fbqm-3n7c-wz5k-8pty}}\n")
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	matchErrors(t, l.Warnings, []string{name + ": warning: every user of this machine can read the passwords in it; chmod 640 " + name})
}

func TestParseTouchesNoFiles(t *testing.T) {
	_, err := Parse("text", []byte("include: [/etc/passwd]\nextensions: {100: {password: 'file:/etc/passwd'}}\n"), nil)
	matchErrors(t, asErrors(t, err), []string{
		"text:1:11: include[0]: include does not work here",
		"text:2:30: extensions.100.password: file: does not work here",
	})
}

func TestWhatIsReadIsBounded(t *testing.T) {
	dir := t.TempDir()
	deep := dir + "/d0.yaml"
	for i := range maxDepth + 2 {
		write(t, fmt.Sprintf("%s/d%d.yaml", dir, i), fmt.Sprintf("include: [d%d.yaml]\n", i+1))
	}
	for i := range maxFiles + 1 {
		write(t, fmt.Sprintf("%s/many/%d.yaml", dir, i), "")
	}
	for _, row := range []struct{ path, text, want string }{
		{deep, "", "includes are more than 8 deep"},
		{dir + "/glob.yaml", "include: [many/*.yaml]", "more than 256 files"},
		{dir + "/big.yaml", strings.Repeat("# 34567\n", maxFileBytes/8) + "#\n", "it is too big"},
		{dir + "/list.yaml", "media: {codecs: [" + strings.Repeat("PCMA,", maxItems+1) + "]}", "more than 1000 values"},
		{dir + "/errors.yaml", strings.Repeat("- [x]\n", 1) + "", "expected keys with values"},
	} {
		if row.text != "" {
			write(t, row.path, row.text)
		}
		_, _, err := Load(row.path)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", filepath.Base(row.path), clip(fmt.Sprint(err)), row.want)
		}
		var es Errors
		if errors.As(err, &es) && len(es) > maxErrors+1 {
			t.Errorf("%s: %d errors", row.path, len(es))
		}
	}
}

// A few references can stand for very much; 10,000 nodes here are the bound.
func TestReferencesAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("extensions:\n  a0: {password: fbqm-3n7c-wz5k-8pty, codecs: &c [" + strings.Repeat("PCMA,", 999) + "]}\n")
	for i := range 4000 {
		fmt.Fprintf(&text, "  a%d: {codecs: *c}\n", i+1)
	}
	l := newLoader("", nil)
	l.nodes = 10_000
	l.text(newSource("f", "", []byte(text.String())), []byte(text.String()), 0)
	_, err := l.finish()
	if es := asErrors(t, err); len(es) != 1 || es[0].Reason != "the configuration is too big" {
		t.Errorf("got %v", err)
	}
}

// Wherever the bound is met, it is an error: nothing is left out in silence.
func TestBoundOfNodesIsNeverSilent(t *testing.T) {
	const text = "data: x\nlog: {level: warn}\nsip: {udp: [\":1\", \":2\"]}\nextensions:\n" +
		"  100: &a {password: fbqm-3n7c-wz5k-8pty, codecs: [PCMA]}\n  101: {<<: *a, name: x}\n"
	full, err := Parse("f", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	enough := 0
	for nodes := 1; nodes < 100; nodes++ {
		l := newLoader("", nil)
		l.nodes = nodes
		l.text(newSource("f", "", []byte(text)), []byte(text), 0)
		got, err := l.finish()
		switch {
		case err == nil && !reflect.DeepEqual(got.Config, full.Config):
			t.Errorf("with %d nodes: %v", nodes, Diff(full.Config, got.Config))
		case err == nil:
			enough++
		}
	}
	if enough == 0 || enough == 99 {
		t.Errorf("enough in %d of 99", enough)
	}
}

func TestDevicesAndFoldersAreNotRead(t *testing.T) {
	for _, name := range []string{"/dev/zero", t.TempDir()} {
		if _, _, err := Load(name); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	_, err := Parse("f", []byte("data: é\nlog: \xff\n"), nil)
	matchErrors(t, asErrors(t, err), []string{"f:2:6: this is not UTF-8 text; save the file as UTF-8"})
}

func TestErrorsAsJSON(t *testing.T) {
	_, err := Parse("f", []byte("sip: {trce: true}\n"), nil)
	got, jsonErr := json.Marshal(asErrors(t, err))
	want := `[{"file":"f","line":1,"column":7,"path":"sip.trce","reason":"unknown key","remedy":"did you mean \"trace\"?","code":"unknown-key","excerpt":"    sip: {trce: true}\n          ^\n"}]`
	if jsonErr != nil || string(got) != want {
		t.Errorf("got %s, %v", got, jsonErr)
	}
}

// Whatever is wrong with a password or near it, it is not repeated.
func TestErrorsNeverShowSecrets(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		"extensions: {100: {password: [hunter2]}}",
		"extensions: {100: {password: {hunter2: 1}}}",
		"extensions: {100: {name: \"a\\tb\", password: hunter2}}",
		"extensions: {100: {pasword: hunter2}}",
		"extensions: {100: {psswrd: hunter2}}",
		"extensions: {100: {passphrase: hunter2}}",
		"extensions: {100: {api_key: hunter2}}",
		"trunks:\n  a:\n    host: h\n    autentication: hunter2\n",
		"extensions: {100: {pwd: {a: hunter2}}}",
		"extensions: {100: {nam: x, password: hunter2}}",
		"extension: {100: {password: hunter2}}",
		"dialplan: {phones: [{do: [{http: 'https://h', auth: {bearr: hunter2}}]}]}",
		"extension:\n  100: {pasword: hunter2}\n",
		"extensions:\n  100:\n    password: hunter2: x\n",
		"extensions:\n  100:\n    password: *hunter2\n",
		"extensions:\n  100:\n    password: !hunter2 x\n",
		"extensions:\n  100:\n    password: \"a\\nhunter2\"\n",
		"extensions:\n  100:\n    password: |\n      hunter2\n    dnd: x\n",
		"extensions:\n  100:\n    password:\n      - hunter2\n",
		"extensions:\n  100: hunter2\n",
		"extensions: {100: {password: hunter2, password: hunter2}}",
		"extensions: {100: {password: 'a${hunter2'}}",
	} {
		_, err := Parse("f", []byte(text), func(string) (string, bool) { return "", false })
		if err == nil {
			continue
		}
		es := asErrors(t, err)
		if got := es.Report(); strings.Contains(got, secret) {
			t.Errorf("%q is reported as\n%s", text, got)
		}
	}
}

func TestExcerptPointsAtThePlace(t *testing.T) {
	_, err := Parse("f", []byte("sip:\n  domain: bad name # é\n"), nil)
	want := "    " + "  domain: bad name # é\n" + "    " + "          ^\n"
	if got := asErrors(t, err)[0].Excerpt(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	long := "log: {level: debug, format: text, " + strings.Repeat(" ", 300) + "x: 1}"
	_, err = Parse("f", []byte(long), nil)
	for line := range strings.Lines(asErrors(t, err)[0].Excerpt()) {
		if len(line) > excerptWidth+5 {
			t.Errorf("a line of %d", len(line))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{examples + "/*.yaml", examples + "/*/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("no seeds like %s: %v", pattern, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add(Sample())
	f.Add([]byte("a: &a [*a]\nextensions: &e {100: *e, <<: *e}"))
	env := func(name string) (string, bool) { return exampleEnv[name], exampleEnv[name] != "" }
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Parse("fuzz", data, env)
		if err != nil {
			var es Errors
			if !errors.As(err, &es) || len(es.Failures()) == 0 || es.Report() == "" {
				t.Fatalf("an error that says nothing: %v", err)
			}
			return
		}
		if d := Diff(l.Config, l.Config); len(d) > 0 {
			t.Fatalf("differs from itself: %v", d)
		}
		l.Config.SIP.Certificate, l.Config.SIP.Key = "", "" // files, which Parse does not read
		for _, again := range l.Config.Validate().Failures() {
			if !strings.Contains(again.Reason, "calendar") && !strings.Contains(again.Reason, "there is no fo") && !strings.Contains(again.Reason, "there is no fi") { // files too
				t.Fatalf("good once, bad twice: %v", again)
			}
		}
	})
}

// An alias within what it names has no end.
func TestStepsWithinThemselves(t *testing.T) {
	_, err := Parse("x", []byte(`dialplan: {phones: [{to: "300", do: &steps [{if: to == from, then: *steps, else: *steps}]}]}`), nil)
	if err == nil || !strings.Contains(err.Error(), "there are steps within steps more than 100 times") {
		t.Errorf("got %.300v", err)
	}
}
