package main

import (
	"os"
	"strings"
	"testing"
)

const untidy = "dialplan: {}\nextensions:\n   101: {password: kqvt-8mzn-3xwp-r5hc}\n"

const tidyText = "extensions:\n  \"101\": {password: kqvt-8mzn-3xwp-r5hc}\ndialplan: {}\n"

func TestFmtPrints(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "a.yaml", untidy)
	if code, out, errOut := dialtone(t, "fmt", "a.yaml"); code != 0 || out != tidyText || errOut != "" {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

func TestFmtWritesOnlyWhatChanges(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "a.yaml", untidy)
	keep(t, "b.yaml", tidyText)
	keep(t, "broken.yaml", "sip: {\n")
	if err := os.Chmod("a.yaml", 0o640); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := dialtone(t, "fmt", "--check", "a.yaml", "b.yaml")
	if code != 1 || out != "a.yaml\n" || errOut != "" {
		t.Errorf("--check: exit code %d, %s%s", code, out, errOut)
	}
	code, out, errOut = dialtone(t, "fmt", "-w", "broken.yaml", "a.yaml", "b.yaml")
	if code != 1 || out != "" || !strings.HasPrefix(errOut, "broken.yaml:") {
		t.Errorf("-w: exit code %d, %s%s", code, out, errOut)
	}
	data, err := os.ReadFile("a.yaml")
	if err != nil || string(data) != tidyText {
		t.Errorf("%v, wrote\n%s", err, data)
	}
	info, err := os.Stat("a.yaml")
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, rights %v", err, info.Mode())
	}
	if code, out, _ := dialtone(t, "fmt", "--check", "a.yaml", "b.yaml"); code != 0 || out != "" {
		t.Errorf("--check of tidy files: exit code %d, %s", code, out)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 3 {
		t.Errorf("%v, the folder has %v", err, left)
	}
}

func TestFmtShowsTheDifference(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "a.yaml", "log: {}\n"+untidy)
	want := `--- a.yaml
+++ a.yaml (tidy)
@@ -1,4 +1,4 @@
 log: {}
-dialplan: {}
 extensions:
-   101: {password: kqvt-8mzn-3xwp-r5hc}
+  "101": {password: kqvt-8mzn-3xwp-r5hc}
+dialplan: {}
`
	if code, out, errOut := dialtone(t, "fmt", "--diff", "a.yaml"); code != 0 || out != want {
		t.Errorf("exit code %d, printed\n%s%s\nwant\n%s", code, out, errOut, want)
	}
}

func TestLineDiffHasHunks(t *testing.T) {
	var a []string
	for i := range 40 {
		a = append(a, strings.Repeat("x", i))
	}
	b := append([]string{"new"}, a...)
	b[30] = "other"
	got := lineDiff("f", strings.Join(a, "\n")+"\n", strings.Join(b, "\n")+"\n")
	for _, want := range []string{"@@ -1,3 +1,4 @@\n+new\n \n", "@@ -27,7 +28,7 @@\n", "\n+other\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Count(got, "@@ -") != 2 {
		t.Errorf("hunks:\n%s", got)
	}
}
