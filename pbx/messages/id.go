package messages

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// newID is higher than all before, also when the clock was set back; mu is held.
func (s *Service) newID(now time.Time) string {
	s.last = max(now.UnixMicro(), s.last+1)
	return fmt.Sprintf("%013x-%s", s.last, strings.ToLower(rand.Text()[:8]))
}

// microseconds is the time in an id, 0 when there is none.
func microseconds(id string) int64 {
	text, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseInt(text, 16, 64)
	if err != nil {
		return 0
	}
	return n
}
