package callscript

import (
	flags "flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flags.Parse()
	if err := flags.Set("test.parallel", strconv.Itoa(running)); err != nil { // scripts wait more than they work
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

const scripts = "../../testdata/calls"

// running is how many scripts run at once, each with a server of its own.
const running = 4

func TestCalls(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", scripts, err)
	}
	if testing.Short() {
		t.Skip("call scripts run the real server: not with -short")
	}
	programs, err := Build(t.TempDir())
	if err != nil {
		t.Fatalf("the server cannot be built: %v", err)
	}
	t.Run("all", func(t *testing.T) {
		for _, file := range files {
			name := filepath.Base(file)
			t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				script, err := Parse("testdata/calls/"+name, data)
				if err != nil {
					t.Fatal(err)
				}
				Run(t, programs, script)
			})
		}
	})
}
