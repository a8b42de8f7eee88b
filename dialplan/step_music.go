package dialplan

import (
	"context"
	"slices"
	"time"
)

// DefaultMusic is the class of music of who names none.
const DefaultMusic = "default"

// Music answers and plays music.
type Music struct {
	Placed
	// For is how long; without it, until the caller hangs up.
	For time.Duration `yaml:"music" main:"optional" min:"100ms" max:"1d"`
	// Class is one of music.classes. Without it, it is default, which is the built-in
	// music unless it is defined.
	Class Text `yaml:"class"`
}

// String implements Step.
func (s *Music) String() string {
	if s.Class.Value != "" {
		return "music " + s.Class.Value + during(s.For)
	}
	return "music" + during(s.For)
}

// Run implements Step.
func (s *Music) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	return r.Session.Music(ctx, s.Class.Value, s.For)
}

func (s *Music) check(c *checker) { c.music(s.Class) }
func (s *Music) final() bool      { return s.For == 0 }
func (*Music) waits() bool        { return true }

// music checks that a class exists.
func (c *checker) music(class Text) {
	if class.Value != "" && class.Value != DefaultMusic && !slices.Contains(c.spec.Music, class.Value) {
		c.undefined(class.At, "class of music", class.Value, c.spec.Music)
	}
}
