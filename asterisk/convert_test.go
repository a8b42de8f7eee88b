package asterisk

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Golden files are written again by go test ./asterisk -update.
var update = flag.Bool("update", false, "write the golden files again")

// Every folder of testdata gives exactly its want.yaml and want.report.
func TestExamples(t *testing.T) {
	t.Chdir("testdata")
	names, err := filepath.Glob("*/extensions.conf")
	if err != nil || len(names) < 6 {
		t.Fatalf("%d examples, %v", len(names), err)
	}
	for _, name := range names {
		dir := filepath.Dir(name)
		t.Run(dir, func(t *testing.T) {
			result, err := Converter{Password: func() string { return "made-up-for-tests" }}.Convert([]string{dir})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "want.yaml"), string(result.YAML))
			golden(t, filepath.Join(dir, "want.report"), result.Report())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil || string(want) != got {
		t.Errorf("%v, %s is not what comes out:\n%s", err, name, got)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := Convert([]string{dir}); err == nil || !strings.Contains(err.Error(), "there is no extensions.conf") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Convert([]string{filepath.Join(dir, "none.conf")}); err == nil {
		t.Error("a file that is not there is read")
	}
	circle := filepath.Join(dir, "extensions.conf")
	if err := os.WriteFile(circle, []byte("#include extensions.conf\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Convert([]string{circle}); err == nil || !strings.Contains(err.Error(), "include each other") {
		t.Errorf("a circle: %v", err)
	}
}

func TestSpecificNumbersComeFirst(t *testing.T) {
	order := []string{"101", "_1[0-2]X", "_1NX", "_1ZX", "_1XX", "_1X.", "_1.", "_X."}
	for i := 1; i < len(order); i++ {
		a, b := &exten{name: order[i-1]}, &exten{name: order[i]}
		if specific(a) >= specific(b) {
			t.Errorf("%s does not come before %s", a.name, b.name)
		}
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"9:00-17:00,mon-fri,*,*": "Mon-Fri 09:00-17:00", "*,sat-sun,*,*": "Sat-Sun", "22:00-06:00|*|*|*": "daily 22:00-06:00",
		"*,*,24-26,dec": "12-24 to 12-26", "*,*,1,jan": "01-01", "*,*,*,*": "", "18:00-23:59,fri,*,*": "Fri 18:00-24:00",
	} {
		parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '|' })
		if got, ok := openTimes(parts[0], parts[1], parts[2], parts[3]); !ok || got != want {
			t.Errorf("%s is %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, bad := range [][4]string{{"25:00-26:00", "*", "*", "*"}, {"x", "*", "*", "*"}, {"*", "noday", "*", "*"}, {"*", "*", "*", "may"}, {"*", "mon", "1", "may"}} {
		if got, ok := openTimes(bad[0], bad[1], bad[2], bad[3]); ok {
			t.Errorf("%v is taken for %q", bad, got)
		}
	}
}

func FuzzConvert(f *testing.F) {
	names, _ := filepath.Glob("testdata/*/*.conf")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "#") || len(text) > 5000 {
			return
		}
		dir := t.TempDir()
		for _, name := range []string{"extensions.conf", "pjsip.conf", "sip.conf", "queues.conf"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = Convert([]string{dir}) // comes back, whatever it says
	})
}

// Every line of the report says what it is about, whatever was written.
func TestReportsHaveSubjects(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("extensions.conf", "[from-internal]\nexten => 1,1,Dial(,20)\nexten => 2,1,\nexten => 3,1,(x)\n = 4\nexten => 5,1,Goto()\nexten => 6,1,GotoIf(?a)\nexten => 7,1,Dial()\nexten => 8,1,Dial(PJSIP/1&,20)\n")
	write("pjsip.conf", "[t]\ntype=transport\n[101]\ntype=endpoint\nauth=a\naors=101\ncontext=from-internal\n= x\n[a]\ntype=auth\nusername=101\npassword=b7fd-w2ks-9pte-n4vx\n")
	result, err := Convert([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(result.Report(), "Made 1 extension, 0 trunks and ") {
		t.Errorf("the report begins with %.40q", result.Report())
	}
	for _, n := range result.Notes {
		if strings.HasPrefix(n.Text, " ") || strings.Contains(n.Text, "  ") || strings.HasPrefix(n.Text, "(") {
			t.Errorf("line %d of %s says %q", n.Line, n.File, n.Text)
		}
	}
}
