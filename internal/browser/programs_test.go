package browser

import (
	"testing"

	"dialtone/internal/callscript"
)

// programs are those of the server, for a test that drives Chromium.
func programs(t *testing.T) callscript.Programs {
	t.Helper()
	needChromium(t)
	if testing.Short() {
		t.Skip("the page talks to the real server: not with -short")
	}
	built, err := house.Programs()
	if err != nil {
		t.Fatalf("the server cannot be built: %v", err)
	}
	return built
}
