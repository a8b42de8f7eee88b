package call

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/recording"
)

// endless is a recording that ends when its channel is closed.
type endless struct {
	recording.Take
	done chan struct{}
}

func (endless) ID() string              { return "r1" }
func (endless) Pause() bool             { return true }
func (e endless) Done() <-chan struct{} { return e.done }

func TestARecordingThatEndedByItselfIsNone(t *testing.T) {
	var log bytes.Buffer
	c, e := &Call{board: &Switchboard{}, log: slog.New(slog.NewTextHandler(&log, nil))}, endless{done: make(chan struct{})}
	c.taken(e, starting{}, true)
	if take, _, _ := c.recording(); take == nil || c.control(dialplan.RecordPause) != "" {
		t.Error("it is not recorded")
	}
	close(e.done)
	if why := c.control(dialplan.RecordStop); why != "nothing is recorded" {
		t.Errorf("stopping it again: %q", why)
	}
	if take, _, _ := c.recording(); take != nil || strings.Count(log.String(), "ended by itself") != 1 {
		t.Errorf("it is recorded:\n%s", &log)
	}
}

func TestKeysForRecordings(t *testing.T) {
	for _, tt := range []struct {
		start, pause, pressed string
		does, others          string // in order; a dot is the end of patience
	}{
		{"*1", "*2", "*1", "*1", ""},
		{"*1", "*2", "*2*1", "*2*1", ""},
		{"*1", "*2", "12*3*1", "*1", "12*3"},
		{"*1", "*2", "**1", "*1", "*"},
		{"*1", "*2", "*.1", "", "*1"},
		{"*1", "*2", "*..*2", "*2", "*"},
		{"9", "", "99", "99", ""},
		{"", "###", "##1###", "###", "##1"},
		{"*12", "*2", "*1*2*12", "*2*12", "*1"},
	} {
		m := &commands{timer: time.NewTimer(time.Hour)}
		m.add(tt.start, nil)
		m.add(tt.pause, nil)
		does, others := "", ""
		for _, k := range []byte(tt.pressed) {
			if k == '.' {
				others += digits(m.late())
				continue
			}
			done, more := m.take(media.Key{Digit: k})
			if done != nil {
				does += done.keys
			}
			others += digits(more)
		}
		if does != tt.does || others != tt.others {
			t.Errorf("%q with %q and %q: did %q and passed on %q, want %q and %q", tt.pressed, tt.start, tt.pause, does, others, tt.does, tt.others)
		}
		if !m.any() {
			t.Errorf("%q and %q are none", tt.start, tt.pause)
		}
	}
	if (&commands{}).any() {
		t.Error("nothing is a key")
	}
}
