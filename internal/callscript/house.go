package callscript

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Programs are dialtone twice: Server has the race detector; Ctl, which asks it, has not, for
// it runs so often and so shortly that the detector's own start and end would be most of it.
type Programs struct{ Server, Ctl string }

// Build makes the programs in dir.
func Build(dir string) (p Programs, err error) {
	p = Programs{Server: filepath.Join(dir, "dialtone"), Ctl: filepath.Join(dir, "ctl")}
	for _, args := range [][]string{{"-race", "-o", p.Server}, {"-o", p.Ctl}} {
		cmd := exec.Command("go", append([]string{"build"}, append(args, "dialtone/cmd/dialtone")...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
		}
	}
	return p, nil
}

// soonGone is the environment of a program with the race detector that ends when it is done,
// not a second later.
func soonGone() []string { return append(os.Environ(), "GORACE=atexit_sleep_ms=50") }

// House is where the programs are built, once, for all tests of a package. The zero value is
// ready.
type House struct {
	once     sync.Once
	dir      string
	programs Programs
	err      error
}

// Programs are those of the house.
func (h *House) Programs() (Programs, error) {
	h.once.Do(func() {
		if h.dir, h.err = os.MkdirTemp("", "house"); h.err == nil {
			h.programs, h.err = Build(h.dir)
		}
	})
	return h.programs, h.err
}

// Close removes what was built.
func (h *House) Close() error {
	if h.dir == "" {
		return nil
	}
	return os.RemoveAll(h.dir)
}
