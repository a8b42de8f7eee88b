package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const examples = "../testdata/config"

// exampleEnv is the environment of testdata/config.
var exampleEnv = map[string]string{
	"DOMAIN": "pbx.example.org", "TRACE": "true", "MAX": "50", "PASS": "${DOMAIN}-kept-as-it-is",
}

func inExamples(t *testing.T) {
	t.Helper()
	t.Chdir(examples)
	for k, v := range exampleEnv {
		t.Setenv(k, v)
	}
}

// headers gives what follows "# KEY: " in the lines of a file.
func headers(t *testing.T, name, key string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "# "+key+": "); ok {
			out = append(out, strings.TrimSpace(rest))
		}
	}
	return out
}

func exampleFiles(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files like %s: %v", pattern, err)
	}
	return names
}

// Every *.bad.yaml is refused with exactly the failures that its lines
// "# want:" begin to say.
func TestBadExamples(t *testing.T) {
	inExamples(t)
	for _, name := range exampleFiles(t, "*.bad.yaml") {
		t.Run(name, func(t *testing.T) {
			c, files, err := Load(name)
			if err == nil || c != nil {
				t.Fatal("was not refused")
			}
			if len(files) == 0 || files[0] != name {
				t.Errorf("files read: %v", files)
			}
			matchErrors(t, asErrors(t, err).Failures(), headers(t, name, "want"))
			if want := headers(t, name, "warn"); len(want) > 0 {
				matchErrors(t, notOfFiles(asErrors(t, err).Warnings()), want)
			}
		})
	}
}

// Every *.good.yaml loads, with exactly the warnings that its lines "# warn:"
// begin to say.
func TestGoodExamples(t *testing.T) {
	inExamples(t)
	for _, name := range exampleFiles(t, "*.good.yaml") {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "secret_file") {
				makeOpen(t, "secret.txt")
			}
			l, err := Read(name)
			if err != nil {
				t.Fatalf("refused:\n%v", err)
			}
			if again := l.Config.Validate().Failures(); len(again) > 0 {
				t.Errorf("Validate disagrees: %v", again)
			}
			want := headers(t, name, "warn")
			var got Errors
			if len(want) > 0 || strings.HasPrefix(name, "dialplan_") {
				got = notOfFiles(l.Warnings)
			}
			matchErrors(t, got, want)
		})
	}
}

// notOfFiles leaves out whether a file is open to all, which is up to git.
func notOfFiles(warnings Errors) Errors {
	var out Errors
	for _, w := range warnings {
		if !strings.Contains(w.Reason, "the passwords in it") {
			out = append(out, w)
		}
	}
	return out
}

// makeOpen lets others read a file, as git does unless umask says otherwise.
func makeOpen(t *testing.T, name string) {
	t.Helper()
	info, err := os.Stat(name)
	if err == nil && !othersRead(info) {
		err = os.Chmod(name, 0o644)
		t.Cleanup(func() { _ = os.Chmod(name, info.Mode()) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

func asErrors(t *testing.T, err error) Errors {
	t.Helper()
	var es Errors
	if !errors.As(err, &es) {
		t.Fatalf("%T is not Errors: %v", err, err)
	}
	return es
}

// matchErrors pairs each error with one of want, which is the start of it.
func matchErrors(t *testing.T, got Errors, want []string) {
	t.Helper()
	left := append([]string{}, want...)
next:
	for _, e := range got {
		for i, w := range left {
			if strings.HasPrefix(e.Error(), w) {
				left = append(left[:i], left[i+1:]...)
				continue next
			}
		}
		t.Errorf("not wanted: %s\n%s", e, e.Excerpt())
	}
	for _, w := range left {
		t.Errorf("missing:    %s", w)
	}
}
