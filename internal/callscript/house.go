package callscript

import (
	"os"
	"sync"
)

// House is where the server is built, once, for all tests of a package. The zero value is
// ready.
type House struct {
	once   sync.Once
	dir    string
	binary string
	err    error
}

// Binary is the server's.
func (h *House) Binary() (string, error) {
	h.once.Do(func() {
		if h.dir, h.err = os.MkdirTemp("", "house"); h.err == nil {
			h.binary, h.err = Build(h.dir)
		}
	})
	return h.binary, h.err
}

// Close removes what was built.
func (h *House) Close() error {
	if h.dir == "" {
		return nil
	}
	return os.RemoveAll(h.dir)
}
