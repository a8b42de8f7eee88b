package browser

import (
	"os"
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
