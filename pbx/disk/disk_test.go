package disk

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestRoom(t *testing.T) {
	var log strings.Builder
	var least, free uint64
	var fault error
	w := New(Options{
		Folder: "/calls", MinFree: func() uint64 { return least }, Stops: "nothing is recorded", Event: "recording",
		Log: slog.New(slog.NewTextHandler(&log, nil)), Free: func(string) (uint64, error) { return free, fault },
	})
	for _, step := range []struct {
		name    string
		free    uint64
		minFree uint64
		fault   error
		want    error
		says    string // "" is nothing new
	}{
		{"there is enough", 500e6, 500e6, nil, nil, ""},
		{"there is too little", 499e6, 500e6, nil, ErrFull, "level=ERROR msg=\"the disk is nearly full\" consequence=\"nothing is recorded\" event=recording folder=/calls free=\"499 MB\" min_free=\"500 MB\""},
		{"that is said once", 498e6, 500e6, nil, ErrFull, ""},
		{"less is wanted", 498e6, 100e6, nil, nil, "the disk has room again"},
		{"it is full again", 1, 100e6, nil, ErrFull, "level=ERROR"},
		{"nobody looks", 1, 0, nil, nil, ""},
		{"nobody knows", 1, 100e6, errors.New("no such disk"), nil, "no such disk"},
	} {
		log.Reset()
		least, free, fault = step.minFree, step.free, step.fault
		if err := w.Room(); !errors.Is(err, step.want) {
			t.Errorf("%s: %v", step.name, err)
		}
		if got := log.String(); !strings.Contains(got, step.says) || step.says == "" && got != "" {
			t.Errorf("%s: the log says %q", step.name, got)
		}
	}
}

func TestRoomForWhatIsToBeWritten(t *testing.T) {
	w := New(Options{
		MinFree: func() uint64 { return 500e6 }, Log: slog.New(slog.DiscardHandler),
		Free: func(string) (uint64, error) { return 510e6, nil },
	})
	for n, want := range map[uint64]error{0: nil, 10e6: nil, 10e6 + 1: ErrFull} {
		if err := w.RoomFor(n); !errors.Is(err, want) {
			t.Errorf("room for %d: %v", n, err)
		}
	}
}

func TestTheSystemKnows(t *testing.T) {
	if free, err := freeBytes(t.TempDir()); err != nil || free == 0 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
}
