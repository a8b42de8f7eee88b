// Package processor tells whether the processors of this machine have time for audio,
// which wants a little of it every 20 ms. The host of a virtual machine gives it to others,
// a container has a limit, or another program takes it.
package processor

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// Times are what the processors did since the machine started, all of them together.
type Times struct {
	Total     time.Duration
	Idle      time.Duration
	Stolen    time.Duration // there was something to do, and the host of this virtual machine ran others
	Throttled time.Duration // the limit of our container or service held something of it up
}

// Read gives those of this machine. Only Linux tells them.
func Read() (Times, error) { return read(os.DirFS("/")) }

// tick is the unit of /proc/stat: 1 s / USER_HZ of proc(5).
const tick = time.Second / 100

// read gives the times that a file system tells.
func read(root fs.FS) (t Times, err error) {
	text, err := fs.ReadFile(root, "proc/stat")
	if err != nil {
		return t, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return t, fmt.Errorf("proc/stat begins with %.80q", line)
	}
	for i, field := range fields[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return t, fmt.Errorf("proc/stat: %w", err)
		}
		d := time.Duration(n) * tick
		t.Total += d
		switch i {
		case 3, 4:
			t.Idle += d
		case 7:
			t.Stolen = d
		}
	}
	t.Throttled = throttled(root)
	return t, nil
}

// Use is what was done between two readings. The zero value is what is not known.
type Use struct{ Times }

// Since is the use between before and t. Of a reading that failed nothing is known.
func (t Times) Since(before Times) Use {
	if t.Total <= before.Total || before.Total == 0 {
		return Use{}
	}
	return Use{Times{
		Total: t.Total - before.Total, Idle: t.Idle - before.Idle,
		Stolen: t.Stolen - before.Stolen, Throttled: max(0, t.Throttled-before.Throttled),
	}}
}

// Known reports whether anything is.
func (u Use) Known() bool { return u.Total > 0 }

// StolenShare is the part of all time, 0 to 1, that went to others of the host.
func (t Times) StolenShare() float64 { return share(t.Stolen, t.Total) }

func share(part, of time.Duration) float64 {
	if of <= 0 {
		return 0
	}
	return float64(part) / float64(of)
}

const (
	muchBusy    = 0.9  // leaves nothing for what has to be done at once
	littleTaken = 0.01 // by the host: on many processors that adds up, and is no harm
	someTaken   = 0.1  // by the host of a machine that is busy itself
)

// What is to be done about each reason.
const (
	DoStolen    = "give it processors of its own, or move it to a host that has less to do"
	doThrottled = "raise that limit: cpus of a container, CPUQuota of a service"
	doBusy      = "see with what (top), and move that elsewhere, or give the machine more processors"
	doUnknown   = "see what else takes its processors, now and then: backups, snapshots and moves of a virtual machine, power saving"
)

// Why says in plain words what kept us waiting for so long, and what to do about it. Who
// did not take at least half of that time, of all processors together, is not to blame.
func (u Use) Why(waited time.Duration) (why, do string) {
	busy, stolen := 1-share(u.Idle, u.Total), u.StolenShare()
	switch {
	case !u.Known():
		return "this system does not tell why", doUnknown
	case u.Throttled >= waited/2 && u.Throttled >= u.Stolen:
		return "the limit of its container or service did not let it run", doThrottled
	case u.Stolen >= waited/2 && stolen >= littleTaken && (busy < muchBusy || stolen >= someTaken):
		return fmt.Sprintf("the host of this virtual machine gave %.0f %% of its processors to others just then", 100*stolen), DoStolen
	case busy >= muchBusy:
		return fmt.Sprintf("the processors were %.0f %% busy just then", 100*busy), doBusy
	}
	return fmt.Sprintf("the processors were only %.0f %% busy just then: it was too short to see who took them, or everything stood still", 100*busy), doUnknown
}
