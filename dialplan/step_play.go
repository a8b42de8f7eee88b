package dialplan

import (
	"context"
	"strings"
)

// Play answers and plays files, one after the other. They are files
// (WAV, FLAC, Opus, Vorbis, MP3) in the folder that prompts names, and those of the caller's language in a folder of its
// name there come first: welcome is de/welcome.wav or welcome.wav. What is not there is
// one of the prompts that come with Dialtone, in the caller's language or in English;
// `dialtone docs prompts` lists them. A file that is gone is left out.
type Play struct {
	Placed
	// Files are the names, without .wav, .flac, .opus, .ogg, .oga or .mp3: when there are
	// several of one name, the first in this order is played. Variables in them may have letters, digits,
	// - and _ only.
	Files Texts `yaml:"play" main:"true"`
	// Until are the keys that stop it: any, none, or keys such as "1#". The default
	// is none. With any, the key that stopped it counts for a gather behind it.
	Until Text `yaml:"until"`
	// Keys are those that move about in what is played, such as {forward: "6", back: "4",
	// pause: "5"}. What is spoken or live only goes forward.
	Keys PlayKeys `yaml:"keys"`
}

// String implements Step.
func (s *Play) String() string { return "play " + strings.Join(values(s.Files), ", ") }

// Run implements Step.
func (s *Play) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	p := r.playing(s.Files)
	p.Until, _ = keySet(s.Until.Value)
	p.Keep = s.Until.Value == "any"
	p.Skip = s.Keys.skipping()
	key, err := r.Session.Play(ctx, p)
	if err = r.played(err); err == nil && key != "" {
		r.note("stopped by " + key)
	}
	return err
}

func (s *Play) check(c *checker) {
	c.prompts(s.Files)
	c.keys(s.Until)
	s.Keys.check(c, s.Where(), s.Until)
}

func (*Play) waits() bool { return true }
