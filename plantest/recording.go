package plantest

import (
	"strconv"

	"dialtone/media"
	"dialtone/pbx/recording"
)

// recordings implements call.Recordings: nothing is recorded, but noted.
type recordings struct{ world *world }

// Begin implements call.Recordings.
func (r recordings) Begin(what recording.Subject, _ media.Endpoint) (recording.CallTake, error) {
	return &take{world: r.world, what: what}, nil
}

// BeginRoom implements call.Recordings.
func (r recordings) BeginRoom(what recording.Subject) (recording.RoomTake, error) {
	t := &take{world: r.world, what: what}
	return t, t.Start(nil)
}

// take implements recording.CallTake and recording.RoomTake.
type take struct {
	world *world
	what  recording.Subject
	id    string
}

// ID implements recording.Take.
func (t *take) ID() string { return t.id }

// Start implements recording.CallTake.
func (t *take) Start(media.Endpoint) error {
	w := t.world
	w.mu.Lock()
	defer w.mu.Unlock()
	t.id = "recording " + strconv.Itoa(len(w.recorded)+1)
	if t.what.Call == callID || t.what.By == recording.ByConference {
		w.recorded = append(w.recorded, "by "+t.what.By+", "+t.what.Consent)
		if t.what.Paused {
			w.recorded = append(w.recorded, "pause")
		}
	}
	return nil
}

// Follow implements recording.CallTake.
func (t *take) Follow(media.Endpoint) error { return nil }

// Pause implements recording.Take.
func (t *take) Pause() bool { return t.note("pause") }

// Resume implements recording.Take.
func (t *take) Resume() bool { return t.note("resume") }

func (t *take) note(what string) bool {
	w := t.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.recorded); t.what.Call == callID && n > 0 && w.recorded[n-1] != what && (what == "pause" || w.recorded[n-1] == "pause") {
		w.recorded = append(w.recorded, what)
		return true
	}
	return false
}

// Frame implements recording.RoomTake.
func (*take) Frame([]int16, int) {}

// Done implements recording.Take: it ends with the call.
func (*take) Done() <-chan struct{} { return nil }

// Joined implements recording.Take.
func (*take) Joined(string) {}

// Stop implements recording.Take.
func (*take) Stop() {}
