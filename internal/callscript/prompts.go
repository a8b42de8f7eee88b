package callscript

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dialtone/internal/testwav"
)

// prompts makes the files of the parts prompts/NAME.wav, where the server that has
// its configuration in dir looks for them.
func (s *Script) prompts(dir string) error {
	for name, text := range s.Files {
		if !strings.HasPrefix(name, "prompts/") {
			continue
		}
		var hz float64
		var length string
		if _, err := fmt.Sscan(text, &hz, &length); err != nil {
			return fmt.Errorf("%s: want Hertz and a length, as in: 440 2s", name)
		}
		d, err := time.ParseDuration(length)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := testwav.Write(filepath.Join(dir, "data", filepath.FromSlash(name)), hz, d); err != nil {
			return err
		}
	}
	return nil
}
