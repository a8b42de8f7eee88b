package processor

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is one with a Watch, in fake time. Its two processors are half idle, and its host
// takes a quarter of them.
type machine struct {
	*Watch
	log   bytes.Buffer
	began time.Time

	mu    sync.Mutex
	stood time.Duration
	calls int
	slow  time.Duration // to read
	err   error
}

func (m *machine) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// start runs a Watch until the test ends.
func start(t *testing.T) *machine {
	t.Helper()
	m := &machine{began: time.Now(), calls: 3}
	m.Watch = New(Options{
		Calls: m.count, Log: slog.New(slog.NewTextHandler(&m.log, nil)), Read: m.read, Now: m.now,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	m.pass(2 * time.Second)
	return m
}

// now is a clock that goes on while nothing runs.
func (m *machine) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Now().Add(m.stood)
}

func (m *machine) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

func (m *machine) read() (Times, error) {
	m.mu.Lock()
	slow, err := m.slow, m.err
	m.mu.Unlock()
	time.Sleep(slow)
	up := time.Since(m.began) + time.Hour
	return Times{Total: 2 * up, Idle: up, Stolen: up / 2}, err
}

func (m *machine) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// stall lets nothing run for a time, between two beats.
func (m *machine) stall(d time.Duration) {
	m.pass(5 * time.Millisecond)
	m.set(func() { m.stood += d })
	m.pass(beat)
}

// each runs a test of a Watch in fake time.
func each(t *testing.T, name string, test func(t *testing.T, m *machine)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, start(t)) })
	})
}

func (m *machine) wantTold(t *testing.T, times int, texts ...string) {
	t.Helper()
	m.pass(2 * time.Second)
	if n := strings.Count(m.log.String(), "event=stall"); n != times {
		t.Errorf("told %d times, want %d: %s", n, times, m.log.String())
	}
	for _, text := range texts {
		if !strings.Contains(m.log.String(), text) {
			t.Errorf("%s is not in %s", text, m.log.String())
		}
	}
	m.log.Reset()
}

func TestStallsAreTold(t *testing.T) {
	each(t, "with who is to blame", func(t *testing.T, m *machine) {
		m.stall(80 * time.Millisecond)
		m.stall(340 * time.Millisecond)
		m.wantTold(t, 1, "level=WARN", "times=2", "longest=3", "since=", `do="give it processors of its own`,
			`why="the host of this virtual machine gave 25 % of its processors to others just then"`)
		got := m.Stalls()
		if got.Times != 2 || got.Told.IsZero() || got.Last.Sub(got.First) != 320*time.Millisecond+2*beat || got.Why == "" || got.Do == "" {
			t.Errorf("%+v", got)
		}
		if off := got.Total - 420*time.Millisecond; off < -2*beat || off > 0 || got.Longest < 320*time.Millisecond {
			t.Errorf("%v in all, %v at most", got.Total, got.Longest)
		}
	})
	each(t, "when there are many short ones", func(t *testing.T, m *machine) {
		m.stall(85 * time.Millisecond)
		m.wantTold(t, 0)
		m.stall(85 * time.Millisecond)
		m.wantTold(t, 0)
		m.stall(85 * time.Millisecond)
		m.wantTold(t, 1, "times=3")
	})
	each(t, "when what was before them is forgotten", func(t *testing.T, m *machine) {
		m.stall(85 * time.Millisecond)
		m.pass(again + time.Minute)
		m.stall(85 * time.Millisecond)
		m.stall(85 * time.Millisecond)
		m.wantTold(t, 0)
		m.stall(85 * time.Millisecond)
		m.wantTold(t, 1, "times=3")
	})
	each(t, "and forgotten when there are few", func(t *testing.T, m *machine) {
		for range 5 {
			m.stall(85 * time.Millisecond)
			m.pass(again)
		}
		m.wantTold(t, 0)
	})
	each(t, "but not again and again", func(t *testing.T, m *machine) {
		m.stall(300 * time.Millisecond)
		m.wantTold(t, 1, "times=1")
		m.stall(300 * time.Millisecond)
		m.pass(window)
		m.stall(400 * time.Millisecond)
		m.wantTold(t, 0)
		m.pass(again)
		m.wantTold(t, 1, "times=2", "the host")
		m.pass(2 * again)
		m.wantTold(t, 0)
	})
	each(t, "when nobody knows why", func(t *testing.T, m *machine) {
		m.set(func() { m.err = errors.New("another system") })
		m.pass(2 * window)
		m.stall(300 * time.Millisecond)
		m.wantTold(t, 1, "does not tell why")
	})
}

func TestWhatIsNoStall(t *testing.T) {
	for _, c := range []struct {
		name  string
		happy func(m *machine)
	}{
		{"all is well", func(m *machine) { m.pass(time.Minute) }},
		{"nobody hears it", func(m *machine) {
			m.set(func() { m.calls = 0 })
			m.pass(time.Second)
			m.stall(3 * time.Second)
			m.pass(time.Second)
		}},
		{"a call begins after it", func(m *machine) {
			m.set(func() { m.calls = 0 })
			m.pass(time.Second)
			m.set(func() { m.stood, m.calls = m.stood+3*time.Second, 1 })
			m.pass(time.Minute)
		}},
		{"looking takes long", func(m *machine) { m.set(func() { m.slow = 300 * time.Millisecond }); m.pass(time.Minute) }},
		{"too short to be heard", func(m *machine) {
			for range 9 {
				m.stall(40 * time.Millisecond)
			}
		}},
	} {
		each(t, c.name, func(t *testing.T, m *machine) {
			c.happy(m)
			if s := m.Stalls(); s.Times > 0 {
				t.Errorf("%+v", s)
			}
			m.wantTold(t, 0)
		})
	}
}
