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
func (m *mix) Add(e media.Endpoint, also media.Sink, _, deaf bool) conference.Voice {
	v := &voice{endpoint: e}
	e.SetSink(also)
	m.mu.Lock()
	m.voices = append(m.voices, v)
	m.mu.Unlock()
	v.Deafen(deaf)
	return v
}

// Remove implements conference.Mix.
func (m *mix) Remove(gone conference.Voice) {
	m.mu.Lock()
	for i, v := range m.voices {
		if v == gone {
			m.voices = append(m.voices[:i:i], m.voices[i+1:]...)
			break
		}
	}
	m.mu.Unlock()
	gone.Deafen(true)
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

// voice implements conference.Voice.
type voice struct {
	endpoint media.Endpoint
	mu       sync.Mutex
	stop     func() // hearing the others; nil when it does not
}

// Mute implements conference.Voice.
func (*voice) Mute(bool) {}

// SetGain implements conference.Voice.
func (*voice) SetGain(float64) {}

// SetVolume implements conference.Voice.
func (*voice) SetVolume(float64) {}

// Sound implements conference.Voice.
func (*voice) Sound() conference.Sound { return conference.Sound{} }

// Deafen implements conference.Voice.
func (v *voice) Deafen(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if h, ok := v.endpoint.(media.Hearer); ok && on == (v.stop != nil) {
		if on {
			v.stop()
			v.stop = nil
			return
		}
		v.stop = h.Hear(inConference)
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
