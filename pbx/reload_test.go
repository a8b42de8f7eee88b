package pbx

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/pbx/api"
)

// Who asks for a reload and the watcher of files find the same mistake: the log is
// told once, and again when it is still there much later, or another one.
func TestRefusalIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := &Server{Options: Options{Log: slog.New(slog.NewTextHandler(&out, nil))}}
		said := func(why string, want int) {
			t.Helper()
			out.Reset()
			for range 2 {
				s.logReload(api.ReloadResult{}, errors.New(why))
			}
			if got := strings.Count(out.String(), "configuration refused"); got != want {
				t.Errorf("%s: said %d times, want %d", why, got, want)
			}
		}
		said("a mistake", 1)
		said("a mistake", 0)
		said("another mistake", 1)
		time.Sleep(repeated)
		said("another mistake", 1)
	})
}
