package browser

import (
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"dialtone/internal/callscript"
)

// house is the folder that the server is built in.
var house string

func TestMain(m *testing.M) {
	var err error
	if house, err = os.MkdirTemp("", "browser"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(house)
		os.Exit(code)
	}))
}

// binary is the server's, built once for all tests.
var binary = sync.OnceValues(func() (string, error) { return callscript.Build(house) })
