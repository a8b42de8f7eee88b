package conference

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tape is a Recording that notes what is done to it.
type tape struct {
	mu   sync.Mutex
	did  []string
	room string
	over chan struct{}
}

func (t *tape) note(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.did, what) || what == "pause" || what == "resume" {
		t.did = append(t.did, what)
	}
}

func (t *tape) Pause() bool           { t.note("pause"); return true }
func (t *tape) Resume() bool          { t.note("resume"); return true }
func (t *tape) Joined(party string)   { t.note(party) }
func (t *tape) Done() <-chan struct{} { return t.over }
func (t *tape) Stop()                 { t.note("stop") }
func (*tape) Frame([]int16, int)      {}

func TestRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, made := newHouse(t, Settings{Record: true}), &tape{}
		h.o.Record = func(room, _ string, parties []string) (Recording, error) {
			made.room = room
			for _, p := range parties {
				made.note(p)
			}
			return made, nil
		}
		ann := h.come("101", false)
		if made.room != "" {
			t.Error("who is alone is recorded")
		}
		ben := h.come("102", false)
		cem, err := h.sits(Joining{Conference: "team", Room: "team", ID: "3", Party: "103", Private: true})
		if err != nil {
			t.Fatal(err)
		}
		cem.leave()
		ben.leave()
		ann.leave()
		h.Wait()
		want := []string{"101", "102", "resume", "pause", "103", "resume", "resume", "resume", "stop"}
		if made.room != "team" || !slices.Equal(made.did, want) {
			t.Errorf("room %q: %q, want %q", made.room, made.did, want)
		}
	})
}

// Who was told that the room is recorded is recorded as soon as that is possible.
func TestWhatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var room atomic.Bool
		h, made := newHouse(t, Settings{Record: true}), make(chan *tape, 10)
		h.o.Log = slog.New(slog.NewTextHandler(&log, nil))
		h.o.Record = func(_, _ string, parties []string) (Recording, error) {
			if !room.Load() {
				return nil, errors.New("the disk is full")
			}
			one := &tape{over: make(chan struct{}), did: slices.Clone(parties)}
			made <- one
			return one, nil
		}
		ann, ben := h.come("101", false), h.come("102", false)
		if ben.voice(h) == nil {
			t.Error("nobody hears the second one")
		}
		after := func(d time.Duration, want int) *tape {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if len(made) != want {
				t.Fatalf("%d recordings began, want %d", len(made), want)
			}
			if want == 0 {
				return nil
			}
			return <-made
		}
		after(5*again, 0)
		room.Store(true)
		first := after(again, 1)
		room.Store(false)
		close(first.over) // the disk is full
		after(5*again, 0)
		room.Store(true)
		second := after(again, 1)
		close(second.over) // it is as long as it can be
		third := after(again, 1)
		ann.leave()
		ben.leave()
		h.Wait()
		for _, one := range []*tape{first, second, third} {
			if want := []string{"101", "102", "resume", "stop"}; !slices.Equal(slices.Compact(one.did), want) {
				t.Errorf("%q, want %q", one.did, want)
			}
		}
		if n := strings.Count(log.String(), "event=recording"); n != 2 {
			t.Errorf("%d alerts:\n%s", n, log.String())
		}
	})
}
