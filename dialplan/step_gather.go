package dialplan

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"dialtone/dialplan/pattern"
)

// Gather answers, asks for a number, and puts the keys that the caller presses
// into a variable. The first key stops what is played; keys that were pressed
// before count, so that who knows the way need not listen.
type Gather struct {
	Placed
	// Files are played first, as by play; empty plays nothing.
	Files Texts `yaml:"gather" main:"optional"`
	// Digits is how many keys make a number. When numbers differ, write min and max.
	Digits int `yaml:"digits" min:"1" max:"32"`
	// Min is how many keys a number has at least; the default is 1.
	Min int `yaml:"min" min:"1" max:"32"`
	// Max is how many it has at most.
	Max int `yaml:"max" min:"1" max:"32"`
	// Finish are the keys that end a number before it has all of its digits; the
	// default is "#". With none, every key is a part of it.
	Finish Text `yaml:"finish"`
	// Timeout is how long to wait for the first key when all was played; the default
	// is 5s.
	Timeout time.Duration `yaml:"timeout" min:"500ms" max:"5m"`
	// Between is how long to wait for each further key; then the number is taken as
	// it is. Nothing is waited for when the number fits match and none that is longer
	// does. The default is 3s.
	Between time.Duration `yaml:"between" min:"500ms" max:"1m"`
	// Into is the variable that gets the keys; it is empty when there was no number.
	Into Text `yaml:"into"`
	// Match are patterns like those of to, one of which the number must fit.
	Match Texts `yaml:"match"`
	// Tries is how often the caller is asked; the default is 3.
	Tries int `yaml:"tries" min:"1" max:"10"`
	// Invalid are files that are played before the caller is asked again for a number
	// that was wrong.
	Invalid Texts `yaml:"invalid"`
	// On are the steps for when there was no number, by why; without them, the next
	// step is taken.
	On GatherOn `yaml:"on"`

	numbers numbers
}

// GatherOn are the branches of a gather.
type GatherOn struct {
	// Timeout is for a caller that pressed nothing.
	Timeout Steps `yaml:"timeout"`
	// Invalid is for a number that has too few keys or fits nothing of match.
	Invalid Steps `yaml:"invalid"`
}

const (
	gatherTries   = 3
	gatherTimeout = 5 * time.Second
	gatherBetween = 3 * time.Second
	gatherFinish  = "#"
)

// String implements Step.
func (s *Gather) String() string {
	return strings.TrimSpace("gather "+strings.Join(values(s.Files), ", ")) + " into " + s.Into.Value
}

// gathering is how the keys are gathered.
func (s *Gather) gathering(r *Run) Gathering {
	g := Gathering{
		Playing: r.playing(s.Files), Max: cmp.Or(s.Digits, s.Max),
		Timeout: cmp.Or(s.Timeout, gatherTimeout), Between: cmp.Or(s.Between, gatherBetween),
	}
	g.Finish, _ = keySet(cmp.Or(s.Finish.Value, gatherFinish))
	if s.Max > 0 && len(s.numbers.positive) > 0 {
		g.Enough = s.enough
	}
	return g
}

// enough reports whether keys are a number, and none that is longer fits. What fits
// nothing is waited for: the rest of a wrong number is no part of the next.
func (s *Gather) enough(keys string) bool {
	return s.wrong(Gathered{Keys: keys}) == "" && !s.numbers.longer(keys, s.Max)
}

// Run implements Step.
func (s *Gather) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	r.vars[s.Into.Value] = ""
	g := s.gathering(r)
	files := g.Files
	tries := cmp.Or(s.Tries, gatherTries)
	for n := 1; ; n++ {
		got, err := r.Session.Gather(ctx, g)
		if err = r.played(err); err != nil {
			return err
		}
		wrong := s.wrong(got)
		if wrong == "" {
			r.vars[s.Into.Value] = got.Keys
			r.note(s.Into.Value + " = " + got.Keys)
			return nil
		}
		r.note(wrong)
		if n == tries {
			return s.fail(ctx, r, got)
		}
		g.Fresh, g.Files = true, files
		if !got.TimedOut {
			g.Files = append(r.playing(s.Invalid).Files, files...)
		}
	}
}

// wrong says what is wrong with a number, "" when nothing is.
func (s *Gather) wrong(got Gathered) string {
	switch {
	case got.TimedOut:
		return "nothing was pressed"
	case len(got.Keys) < max(s.Digits, s.Min, 1):
		return quote(got.Keys) + " is too short"
	case !s.numbers.fits(got.Keys):
		return quote(got.Keys) + " does not match"
	}
	return ""
}

func (s *Gather) fail(ctx context.Context, r *Run, got Gathered) error {
	key, steps := "invalid", s.On.Invalid
	if got.TimedOut {
		key, steps = "timeout", s.On.Timeout
	}
	if len(steps) > 0 {
		r.note("so on " + key)
	}
	return r.take(ctx, steps)
}

// sets implements setting.
func (s *Gather) sets(*checker) Values { return Values{{Name: s.Into.Value, At: s.Into.At}} }

func (s *Gather) check(c *checker) {
	c.prompts(s.Files)
	c.prompts(s.Invalid)
	c.keys(s.Finish)
	if s.Into.Value == "" {
		c.fail(s.Where(), "it is not said which variable gets the keys", "write into: choice")
	} else {
		c.settable(s.Into.Value, s.Into.At)
	}
	switch {
	case s.Digits == 0 && s.Max == 0:
		c.fail(s.Where(), "it is not said how many keys a number has", "write digits: 4, or max: 20")
	case s.Digits > 0 && (s.Min > 0 || s.Max > 0):
		c.fail(s.Where(), "digits says how many keys a number has, min and max say it again", "keep digits, or min and max")
	case s.Digits == 0 && s.Min > s.Max:
		c.fail(s.Where(), "min is more than max", "exchange them")
	}
	c.matches(s)
	for _, b := range s.branches() {
		c.within("on."+b.key, b.do)
	}
}

// matches compiles what a number must fit.
func (c *checker) matches(s *Gather) {
	c.in("match")
	defer c.out()
	s.numbers = numbers{}
	for _, t := range s.Match {
		text, not := negated(t.Value)
		p, ok := c.number(text, t.At)
		switch {
		case !ok:
		case len(p.GroupNames()) > 0:
			c.fail(t.At, "what is gathered has one name, which into says: a group of the expression cannot have one", "write ( instead of (?P<NAME>")
		case not:
			s.numbers.negative = append(s.numbers.negative, p)
		case s.never(p):
			c.fail(t.At, quote(text)+" fits no number of so many keys", s.lengths())
		default:
			s.numbers.positive = append(s.numbers.positive, p)
		}
	}
}

// lengths is what to do about a pattern that is longer or shorter than every number.
func (s *Gather) lengths() string {
	if s.Digits > 0 {
		return fmt.Sprintf("write max: %d instead of digits: %d when numbers may be shorter, or change the pattern", s.Digits, s.Digits)
	}
	return "change it, or min and max"
}

// never reports whether p is longer or shorter than every number.
func (s *Gather) never(p pattern.Pattern) bool {
	length := len(p.Example())
	return !p.IsRegexp() && (length > max(s.Digits, s.Max) || length < max(s.Digits, s.Min) && !open(p))
}

func (s *Gather) branches() []branch {
	return []branch{{"timeout", s.On.Timeout}, {"invalid", s.On.Invalid}}
}

func (*Gather) waits() bool { return true }
