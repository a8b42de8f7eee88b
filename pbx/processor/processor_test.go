package processor

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestReadOfAMachine(t *testing.T) {
	const stat = "cpu  3310487 168886 759205 4543940 39685 7 27588 704683 55 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"
	usual := Times{Total: 95544810 * time.Millisecond, Idle: 45836250 * time.Millisecond, Stolen: 7046830 * time.Millisecond}
	limited := func(d time.Duration) Times { t := usual; t.Throttled = d; return t }
	const years = 10_000_000_000 * 10 * time.Millisecond
	for _, c := range []struct {
		name  string
		files map[string]string
		want  Times
		err   string
	}{
		{"virtual", map[string]string{"proc/stat": stat}, usual, ""},
		{"large, and up for years", map[string]string{"proc/stat": "cpu 0 0 0 10000000000 0 0 0 0\n"}, Times{Total: years, Idle: years}, ""},
		{"container of version 2", map[string]string{
			"proc/stat": stat, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/cpu.stat": "usage_usec 5\nnr_throttled 3\nthrottled_usec 1500000\n",
		}, limited(1500 * time.Millisecond), ""},
		{"service of version 2, with a limit around it", map[string]string{
			"proc/stat": stat, "proc/self/cgroup": "0::/system.slice/dialtone.service\n",
			"sys/fs/cgroup/cpu.stat":                               "usage_usec 5\n",
			"sys/fs/cgroup/system.slice/cpu.stat":                  "throttled_usec 30000\n",
			"sys/fs/cgroup/system.slice/dialtone.service/cpu.stat": "throttled_usec 20000\n",
		}, limited(50 * time.Millisecond), ""},
		{"container of version 1, told of the group outside", map[string]string{
			"proc/stat": stat, "proc/self/cgroup": "9:memory:/docker/1\n4:cpuacct,cpu:/docker/1\n0::/\n",
			"sys/fs/cgroup/cpu/cpu.stat": "nr_periods 9\nnr_throttled 3\nthrottled_time 7000000\n",
		}, limited(7 * time.Millisecond), ""},
		{"another system", nil, Times{}, "proc/stat"},
		{"an old kernel", map[string]string{"proc/stat": "cpu 1 2 3\n"}, Times{}, `"cpu 1 2 3"`},
		{"not a number", map[string]string{"proc/stat": "cpu 1 2 3 x 5 6 7 8\n"}, Times{}, `"x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range c.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := read(root)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestWhy(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	before := Times{Total: 100 * s, Idle: 50 * s, Stolen: 10 * s, Throttled: 3 * s}
	for _, c := range []struct {
		name                           string
		idle, stolen, throttled, total time.Duration
		waited                         time.Duration
		why, do                        string
	}{
		{"the host", 1400 * ms, 300 * ms, 0, 2 * s, 340 * ms, "gave 15 % of its processors to others", "processors of its own"},
		{"the host, not enough of it", 1900 * ms, 20 * ms, 0, 2 * s, 340 * ms, "only 5 % busy", "snapshots"},
		{"a limit", 1400 * ms, 100 * ms, 300 * ms, 2 * s, 340 * ms, "limit of its container or service", "CPUQuota"},
		{"the host, with a limit", 1400 * ms, 300 * ms, ms, 2 * s, 340 * ms, "the host", "processors of its own"},
		{"too much to do", 100 * ms, 0, 0, 2 * s, 340 * ms, "95 % busy", "top"},
		{"a little of many", 15 * s, 100 * ms, 0, 16 * s, 150 * ms, "only 6 % busy", "snapshots"},
		{"too much to do, and a little of many taken", 300 * ms, 300 * ms, 0, 16 * s, 340 * ms, "98 % busy", "top"},
		{"not known", 0, 0, 0, 0, 340 * ms, "does not tell", "what else"},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := Times{Total: before.Total + c.total, Idle: before.Idle + c.idle, Stolen: before.Stolen + c.stolen, Throttled: before.Throttled + c.throttled}
			why, do := after.Since(before).Why(c.waited)
			if !strings.Contains(why, c.why) || !strings.Contains(do, c.do) {
				t.Errorf("%q, %q", why, do)
			}
		})
	}
	if (Times{Total: time.Hour}).Since(Times{}).Known() || (Times{}).Since(before).Known() {
		t.Error("something is known of a reading that failed")
	}
}

// The service hides what it does not need, but must see what takes its time.
func TestTheServiceSeesTheProcessors(t *testing.T) {
	unit, err := os.ReadFile("../../contrib/dialtone.service")
	if err != nil || strings.Contains(string(unit), "\nProcSubset=pid") {
		t.Errorf("%v: /proc/stat is hidden from it", err)
	}
}
