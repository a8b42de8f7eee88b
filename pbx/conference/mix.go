package conference

import (
	"context"
	"io"

	"dialtone/media"
	"dialtone/media/mixer"
)

// Mix is the audio of a room. Its methods may be called by any goroutine.
type Mix interface {
	// Add lets who is at e be heard and hear; also gets what arrives there too.
	Add(e media.Endpoint, also media.Sink, muted, deaf bool) Voice
	// Remove lets a voice go. When it returns, its endpoint gets no more audio.
	Remove(Voice)
	// Play lets all hear clip, or only those who are named, until it is over or ctx is
	// done.
	Play(ctx context.Context, clip Clip, to ...Voice) error
	// Tap lets t hear what all hear until remove is called.
	Tap(t Tap) (remove func())
	// Close ends it.
	Close()
}

// Voice is one who is heard in a Mix.
type Voice interface {
	Mute(on bool)
	Deafen(on bool)
	SetGain(dB float64)   // of what it says
	SetVolume(dB float64) // of what it hears
	Sound() Sound
}

// Sound is how a voice sounds, in dBov.
type Sound struct {
	Level    float64 // of what it says
	Heard    float64 // of what it hears
	Speaking bool
}

// Tap gets a frame of 20 ms of what all hear, for a recording. It must neither block
// nor keep pcm.
type Tap interface {
	Frame(pcm []int16, rate int)
}

// Clip is audio that is said to members.
type Clip interface {
	media.Clip
	io.Closer
	// Name is what it is called to who only hears what is played.
	Name() string
}

// mixed is a Mix that mixes.
type mixed struct{ *mixer.Mixer }

func newMixed() Mix { return mixed{mixer.New(mixer.Options{})} }

// Add implements Mix.
func (m mixed) Add(e media.Endpoint, also media.Sink, muted, deaf bool) Voice {
	return voice{m.Mixer.Add(e, mixer.MemberOptions{Muted: muted, Deaf: deaf, Also: also})}
}

// Remove implements Mix.
func (m mixed) Remove(v Voice) {
	if own, ok := v.(voice); ok {
		m.Mixer.Remove(own.Member)
	}
}

// Play implements Mix.
func (m mixed) Play(ctx context.Context, clip Clip, to ...Voice) error {
	members := make([]*mixer.Member, 0, len(to))
	for _, v := range to {
		if own, ok := v.(voice); ok {
			members = append(members, own.Member)
		}
	}
	return m.Mixer.Play(ctx, clip, members...)
}

// Tap implements Mix.
func (m mixed) Tap(t Tap) (remove func()) { return m.Mixer.Tap(t) }

// voice is a Voice that is mixed.
type voice struct{ *mixer.Member }

// Sound implements Voice.
func (v voice) Sound() Sound {
	s := v.Stats()
	return Sound{Level: s.Level, Heard: s.Heard, Speaking: s.Speaking}
}
