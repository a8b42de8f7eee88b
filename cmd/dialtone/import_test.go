package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dialtone/config"
)

const phonesTable = "number,name,password\n103,Cem,\n104,\"Dora, boss\",m5yr-h8cq-2nwd-x7zt\n"

func TestImportExtensions(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "phones.csv", phonesTable)
	code, out, errOut := dialtone(t, "import", "extensions", "phones.csv")
	if code != 0 || errOut != "" || !strings.HasPrefix(out, "# Imported from phones.csv.\nextensions:\n  \"103\": {password: ") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	keep(t, "dialtone.yaml", "# Ours.\nsip: {domain: pbx}\nextensions:\n  \"101\": {password: kqvt-8mzn-3xwp-r5hc}\n")
	code, out, errOut = dialtone(t, "import", "extensions", "phones.csv", "-o", "more.yaml", "--include-in", "dialtone.yaml")
	if code != 0 || errOut != "" || out != "Wrote 2 extensions to more.yaml; 1 password was made up.\ndialtone.yaml includes it.\n" {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	cfg, _, err := config.Load("dialtone.yaml")
	if err != nil || len(cfg.Extensions) != 3 || cfg.Extensions["104"].Name != "Dora, boss" {
		t.Errorf("%v, %+v", err, cfg)
	}
	if info, err := os.Stat("more.yaml"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, others can read the passwords", err)
	}
	if code, _, errOut := dialtone(t, "import", "extensions", "phones.csv", "-o", "more.yaml"); code != 1 || !strings.Contains(errOut, "was not touched") {
		t.Errorf("over a file that is there: exit code %d, %s", code, errOut)
	}
}

func TestImportExtensionsWritesAllOrNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	main := "extensions:\n  \"104\": {password: kqvt-8mzn-3xwp-r5hc}\n"
	keep(t, "dialtone.yaml", main)
	keep(t, "phones.csv", phonesTable)
	keep(t, "wrong.csv", "number,dnd\n1,true\n105,maybe\n")
	for _, row := range []struct {
		args []string
		says []string
	}{
		{[]string{"wrong.csv", "-o", "new.yaml"}, []string{"wrong.csv:2:1: number: ", "wrong.csv:3:5: dnd: ", "nothing was written"}},
		{[]string{"phones.csv", "-o", "new.yaml", "--include-in", "dialtone.yaml"}, []string{"new.yaml:4:3: extensions.104: given twice, first at dialtone.yaml:3:3", "nothing was written"}},
		{[]string{"phones.csv", "-o", "new.yaml", "--include-in", "none.yaml"}, []string{"none.yaml"}},
		{[]string{"phones.csv", "--include-in", "dialtone.yaml"}, []string{"--include-in needs --out"}},
	} {
		code, out, errOut := dialtone(t, append([]string{"import", "extensions"}, row.args...)...)
		for _, want := range row.says {
			if code != 1 || out != "" || !strings.Contains(errOut, want) {
				t.Errorf("%v: exit code %d, no %q in %s%s", row.args, code, want, out, errOut)
			}
		}
		left, err := filepath.Glob("*")
		if err != nil || len(left) != 3 {
			t.Errorf("%v: the folder has %v", row.args, left)
		}
		if data, err := os.ReadFile("dialtone.yaml"); err != nil || string(data) != main {
			t.Errorf("%v: the configuration was changed: %s", row.args, data)
		}
	}
}

// What comes out of each example passes check, before and after it is tidied.
func TestImportAsterisk(t *testing.T) {
	examples, err := filepath.Glob("../../asterisk/testdata/*/extensions.conf")
	if err != nil || len(examples) < 6 {
		t.Fatalf("%d examples, %v", len(examples), err)
	}
	for _, example := range examples {
		dir, err := filepath.Abs(filepath.Dir(example))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, out, errOut := dialtone(t, "import", "asterisk", dir, "-o", "dialtone.yaml")
			if code != 0 || !strings.HasPrefix(out, "Made ") || errOut != "" {
				t.Fatalf("exit code %d, %s%s", code, out, errOut)
			}
			if code, out, _ := dialtone(t, "check", "dialtone.yaml"); code != 0 {
				t.Errorf("check refuses it:\n%s", out)
			}
			if code, out, _ := dialtone(t, "fmt", "--check", "dialtone.yaml"); code != 0 {
				t.Errorf("it is not tidy: %s", out)
			}
			code, out, _ = dialtone(t, "import", "asterisk", "--json", dir, "-o", "other.yaml")
			var notes []struct{ Text string }
			if err := json.Unmarshal([]byte(out), &notes); err != nil || code != 0 || len(notes) == 0 {
				t.Errorf("exit code %d, %v, %s", code, err, out)
			}
		})
	}
}
