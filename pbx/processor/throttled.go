package processor

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// throttled is how long limits held our control group up, or those around it.
// What is not told is 0.
func throttled(root fs.FS) (sum time.Duration) {
	group, mount, found := controlGroup(root)
	for ; found; group = path.Dir(group) {
		sum += throttledOf(root, path.Join(mount, group, "cpu.stat"))
		if group == "/" || group == "." {
			break
		}
	}
	return sum
}

// controlGroup is ours, and where those of its kind are mounted (cgroups(7)). Who is in a
// container may be told of groups that are not there, and finds its own at the mount.
func controlGroup(root fs.FS) (group, mount string, found bool) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return "", "", false
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		if len(parts) < 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			switch {
			case controller == "cpu": // version 1
				return path.Clean("/" + parts[2]), "sys/fs/cgroup/cpu", true
			case controller == "" && parts[0] == "0":
				group, mount, found = path.Clean("/"+parts[2]), "sys/fs/cgroup", true
			}
		}
	}
	return group, mount, found
}

// throttledOf is what a file cpu.stat says.
func throttledOf(root fs.FS, name string) time.Duration {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
		case key == "throttled_usec":
			return time.Duration(n) * time.Microsecond
		case key == "throttled_time":
			return time.Duration(n)
		}
	}
	return 0
}
