package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dialtone/config"
	"dialtone/pbx/api"
)

const officeText = `sip: {udp: [":5060"]}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "102": {password: b7fd-w2ks-9pte-n4vx}
dialplan:
  phones:
    - {name: drill, to: 99, do: [echo]}
    - {name: sales, to: 200, do: [{dial: "101", timeout: 20s}]}
`

func TestDiffOfFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "old.yaml", officeText)
	keep(t, "new.yaml", `# moved about
sip: {udp: [":5070"]}
extensions:
  "101": {password: zzzz-8mzn-3xwp-r5hc, name: Anna}
  "103": {password: m5yr-h8cq-2nwd-x7zt}
dialplan:
  phones:
    - {name: sales, to: 200, do: [{dial: "101", timeout: 30s}]}
    - {name: drill, to: 99, do: [echo]}
`)
	want := `settings
  ~ sip.udp: [":5060"] -> [":5070"] (needs a restart)  new.yaml:2
extensions
  ~ 101  new.yaml:4
      password changed
      name: Ann -> Anna
  - 102  old.yaml:4
  + 103: password: ***  new.yaml:5
routes
  ~ sales of phones: do[0].timeout: 20s -> 30s  new.yaml:8
  > sales of phones moved: was after drill, is first  new.yaml:8

1 added, 1 removed, 3 changed, 1 moved
1 change needs a restart; a reload would be refused.
`
	if code, out, errOut := dialtone(t, "diff", "old.yaml", "new.yaml"); code != 1 || out != want {
		t.Errorf("exit code %d, printed\n%s%s\nwant\n%s", code, out, errOut, want)
	}
	if code, out, _ := dialtone(t, "diff", "old.yaml", "old.yaml"); code != 0 || out != "Nothing would change.\n" {
		t.Errorf("of the same file: exit code %d, %s", code, out)
	}
	code, out, _ := dialtone(t, "diff", "--json", "old.yaml", "new.yaml")
	var result api.Comparison
	if err := json.Unmarshal([]byte(out), &result); err != nil || code != 1 || len(result.Differences) != 6 || result.Running == result.Version {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
	if strings.Contains(out, "8mzn") {
		t.Errorf("a password is shown: %s", out)
	}
	keep(t, "bad.yaml", "sipp: 1\n")
	for _, args := range [][]string{{"bad.yaml", "new.yaml"}, {"old.yaml", "none.yaml"}, {"a", "b", "c"}} {
		if code, out, errOut := dialtone(t, append([]string{"diff"}, args...)...); code != 2 || out != "" || errOut == "" {
			t.Errorf("%v: exit code %d, %s%s", args, code, out, errOut)
		}
	}
}

func TestDiffAsksTheServer(t *testing.T) {
	data := start(t, &fakeServer{differences: []config.Difference{{Kind: "trunk", Name: "sipgate", What: config.Added}}})
	file, err := filepath.Abs("new.yaml")
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := dialtone(t, "diff", "--json", "--data", data, "new.yaml")
	if code != 1 || !strings.Contains(out, file) || errOut != "" {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	if code, out, _ := dialtone(t, "diff", "--data", data); code != 1 || out != "trunks\n  + sipgate\n\n1 added\n" {
		t.Errorf("exit code %d, %s", code, out)
	}
	bad := start(t, &fakeServer{reloadErr: config.Errors{{File: "x.yaml", Line: 1, Column: 2, Reason: "unknown key"}}})
	if code, out, errOut := dialtone(t, "diff", "--data", bad); code != 2 || out != "" || !strings.Contains(errOut, "x.yaml:1:2: unknown key") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	if code, _, errOut := dialtone(t, "diff", "--data", t.TempDir()); code != 2 || !strings.Contains(errOut, "no Dialtone is running") {
		t.Errorf("without a server: exit code %d, %s", code, errOut)
	}
}

// A server says what its changed file would change, before it is told to reload.
func TestDiffWithARunningServer(t *testing.T) {
	file, data := writeConfig(t, "127.0.0.1:0")
	server := serveReal(t.Context(), t, "--config", file)
	server.out.await(t, "is ready for phones.")
	if code, out, errOut := dialtone(t, "diff", "--data", data); code != 0 {
		t.Errorf("unchanged: exit code %d, %s%s", code, out, errOut)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(filepath.Dir(file), "other.yaml")
	keep(t, other, string(text)+"  \"104\": {password: m5yr-h8cq-2nwd-x7zt, name: Dora}\n")
	code, out, errOut := dialtone(t, "diff", "--data", data, other)
	if code != 1 || !strings.HasPrefix(out, "extensions\n  + 104: password: ***, name: Dora  ") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	code, out, _ = dialtone(t, "ctl", "status", "--data", data)
	loaded, err := config.Read(file)
	if err != nil || !strings.Contains(out, "version "+loaded.Version+"\n") {
		t.Errorf("exit code %d, %v, status is\n%s", code, err, out)
	}
	if !strings.Contains(server.out.String(), "(version "+loaded.Version+")") {
		t.Errorf("the banner does not say the version:\n%s", server.out)
	}
	sendSignal(t, syscall.SIGTERM)
	if code := server.exitCode(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, server.log)
	}
}

func TestTroubleIsTwo(t *testing.T) {
	if err := error(troubled{errFailed}); !errors.Is(err, errFailed) {
		t.Error("what troubles is hidden")
	}
}
