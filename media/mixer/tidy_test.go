package mixer

import (
	"testing"

	"dialtone/media/codec"
)

// An encoder that nobody hears any more is spare, and shared no longer: two streams
// in one encoder spoil each other.
func TestAnOutletIsSharedOrSpare(t *testing.T) {
	m := newMixer(Options{})
	t.Cleanup(m.tick.end)
	kind := kindOfOutlet{name: codec.PCMU.Name, clock: 8000, channels: codec.PCMU.Channels, ptime: Tick, rate: 8000}
	m.tick.number = 1
	if m.tick.shared(kind) == nil {
		t.Fatal("there is no encoder")
	}
	m.tick.number = 2 * lingers
	m.tick.tidy()
	if shared, spare := len(m.tick.outlets), len(m.tick.spare); shared != 0 || spare != 1 {
		t.Errorf("%d are shared and %d spare, want 0 and 1", shared, spare)
	}
}
