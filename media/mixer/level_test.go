package mixer

import (
	"testing"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// levelled is a phone that is told how loud is what it gets.
type levelled struct {
	*phone
	told media.Loudness // guarded by the mutex of phone
}

func (l *levelled) WriteLevel(f codec.Format, payload []byte, samples int, marker bool, level media.Loudness) {
	l.Write(f, payload, samples, marker)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = level
}

func (l *levelled) last() media.Loudness {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told
}

func TestLevelsAreTold(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		join := func(hz, amplitude float64) *levelled {
			l := &levelled{phone: newPhone(t, codec.PCMU, hz, amplitude, 50)}
			r.phones = append(r.phones, l.phone)
			r.quiet[l.phone] = amplitude == 0
			r.mixer.Add(l, MemberOptions{})
			return l
		}
		speaker, listener := join(500, 3276.8*1.414214), join(0, 0) // -20 dBov
		r.pass(time.Second)
		if got := listener.last(); !got.Known || !got.Voice || got.Below < 19 || got.Below > 21 {
			t.Errorf("who listens is told %+v, want 20", got)
		}
		if got := speaker.last(); !got.Known || got.Voice || got.Below < 90 {
			t.Errorf("who speaks alone is told %+v, want silence", got)
		}
	})
}
