package plantest

import (
	"context"
	"sync"

	"dialtone/media"
	"dialtone/pbx/conference"
	"dialtone/storage"
)

// mix implements conference.Mix: no audio is mixed, phones are told what they hear.
type mix struct {
	mu     sync.Mutex
	voices []*voice
}

func newMix() conference.Mix { return &mix{} }

// inConference is what is heard in a room.
const inConference = "conference"

// Add implements conference.Mix.
func (m *mix) Add(e media.Endpoint, also media.Sink, muted, deaf bool) conference.Voice {
	e.SetSink(also)
	v := &voice{mix: m, endpoint: e, muted: muted, deaf: deaf}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.voices = append(m.voices, v)
	m.settle()
	return v
}

// Remove implements conference.Mix.
func (m *mix) Remove(gone conference.Voice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, v := range m.voices {
		if v == gone {
			m.voices = append(m.voices[:i:i], m.voices[i+1:]...)
			v.hear(false)
			break
		}
	}
	m.settle()
}

// settle finds out who hears somebody now; mu is held.
func (m *mix) settle() {
	talking := 0
	for _, v := range m.voices {
		if !v.muted {
			talking++
		}
	}
	for _, v := range m.voices {
		others := talking
		if !v.muted {
			others--
		}
		v.hear(!v.deaf && others > 0)
	}
}

// Play implements conference.Mix.
func (m *mix) Play(ctx context.Context, clip conference.Clip, to ...conference.Voice) error {
	ctx, stop := context.WithTimeout(ctx, clip.Length())
	defer stop()
	m.mu.Lock()
	all := m.voices
	m.mu.Unlock()
	for _, v := range all {
		if h, ok := v.endpoint.(media.Hearer); ok && (len(to) == 0 || to[0] == v) {
			defer h.Hear(clip.Name())()
		}
	}
	<-ctx.Done()
	return nil
}

// Tap implements conference.Mix.
func (*mix) Tap(conference.Tap) (remove func()) { return func() {} }

// Close implements conference.Mix.
func (*mix) Close() {}

// voice implements conference.Voice; the mutex of its mix guards it.
type voice struct {
	mix         *mix
	endpoint    media.Endpoint
	muted, deaf bool
	stop        func() // hearing the others; nil when it does not
}

// Mute implements conference.Voice.
func (v *voice) Mute(on bool) {
	v.mix.mu.Lock()
	defer v.mix.mu.Unlock()
	v.muted = on
	v.mix.settle()
}

// SetGain implements conference.Voice.
func (*voice) SetGain(float64) {}

// SetVolume implements conference.Voice.
func (*voice) SetVolume(float64) {}

// Sound implements conference.Voice.
func (*voice) Sound() conference.Sound { return conference.Sound{} }

// Deafen implements conference.Voice.
func (v *voice) Deafen(on bool) {
	v.mix.mu.Lock()
	defer v.mix.mu.Unlock()
	v.deaf = on
	v.mix.settle()
}

// hear lets it hear the others, or not.
func (v *voice) hear(on bool) {
	h, hears := v.endpoint.(media.Hearer)
	switch {
	case !hears || on == (v.stop != nil):
	case on:
		v.stop = h.Hear(inConference)
	default:
		v.stop()
		v.stop = nil
	}
}

// conferenceOf is the last room of a call, and as what the caller was there; none
// when it was in no room.
func conferenceOf(r storage.CDR) string {
	if len(r.Conferences) == 0 {
		return "none"
	}
	last := r.Conferences[len(r.Conferences)-1]
	if last.Leader {
		return last.Room + " as leader"
	}
	return last.Room
}
