package peers

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"dialtone/internal/callscript"
)

// house is where the server is built.
var house callscript.House

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = house.Close()
		os.Exit(code)
	}))
}

// need fails the test when a program is missing.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not installed, and nothing is tested without it: make install-test-tools", program)
	}
}

// serve starts a server that ends with the test.
func serve(t *testing.T, over string) *callscript.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("the peers talk to the real server: not with -short")
	}
	built, err := house.Programs()
	if err != nil {
		t.Fatalf("the server cannot be built: %v", err)
	}
	return callscript.Serve(t, built, over)
}

// records waits until there are n call records with that cause.
func records(ctx context.Context, t *testing.T, server *callscript.Server, cause string, n int) {
	t.Helper()
	var seen []string
	ok := callscript.Until(ctx, func() bool {
		var cdrs []struct{ From, To, Cause string }
		if err := server.Ctl(ctx, &cdrs, "cdr"); err != nil {
			return false
		}
		seen = seen[:0]
		count := 0
		for _, c := range cdrs {
			seen = append(seen, c.From+" to "+c.To+": "+c.Cause)
			if c.Cause == cause {
				count++
			}
		}
		return count == n
	})
	if !ok {
		t.Errorf("expected %d records with cause %s, there are %q", n, cause, seen)
	}
}
