package callscript

import (
	"os"
	"path/filepath"
	"time"
)

func reload(s *stage) {
	over, ok := s.run.script.Files[s.args["FILE"]]
	if !ok {
		s.Fatalf("the script has no part -- %s --", s.args["FILE"])
	}
	s.must(s.run.server.configure(over))
	s.must(s.run.server.Ctl(s.ctx, nil, "reload"))
}

// hasWritten waits until the database has not changed for longer than anything may be put off.
func hasWritten(s *stage) {
	const longest = 1500 * time.Millisecond
	last := time.Now()
	s.until(func() (bool, string) {
		info, err := os.Stat(filepath.Join(s.run.server.Data(), "dialtone.db"))
		if err != nil {
			return false, err.Error()
		}
		if at := info.ModTime(); at.After(last) {
			last = at
		}
		return time.Since(last) > longest, "it writes on and on"
	})
}
