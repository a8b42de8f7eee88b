package browser

import (
	"testing"

	"go.uber.org/goleak"

	"dialtone/internal/callscript"
)

// house is where the server is built.
var house callscript.House

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(house.Exit)) }
