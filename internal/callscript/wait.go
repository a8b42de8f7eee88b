package callscript

import (
	"context"
	"strings"
	"time"
)

// asking is from one question of dialtone ctl to the next: each is a process.
const asking = 100 * time.Millisecond

// Until asks ready again and again until it says true; false when ctx ends first.
func Until(ctx context.Context, ready func() bool) bool {
	tick := time.NewTicker(asking)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// Tail is the end of a log: so many lines, none of them very long.
func Tail(log string, most int) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	lines = lines[max(0, len(lines)-most):]
	for i, l := range lines {
		lines[i] = l[:min(len(l), 600)]
	}
	return strings.Join(lines, "\n")
}
