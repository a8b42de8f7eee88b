package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"dialtone/prompts/say"
)

// Directory answers and lets the caller find an extension by the name of who has it:
// by the first letters of a part of the name, on the keys 2 to 9. Those that fit are
// said one after the other, and 1 calls the one that was said; * gives up. A name is
// the file names/EXTENSION in the folder prompts, else it is spoken by the engine of
// speech.tts, else it is spelled.
type Directory struct {
	Placed
	// Extensions are those that can be found: patterns such as 1XX, of which "not 19X"
	// are left out. Without any, they are all that have a name.
	Extensions Texts `yaml:"directory" main:"optional"`
	// Prompt are files that ask for the name; the default is directory/enter-name.
	Prompt Texts `yaml:"prompt"`
	// Timeout is how long to wait for the first key when all was played; the default
	// is 5s.
	Timeout time.Duration `yaml:"timeout" min:"500ms" max:"5m"`
	// Between is how long to wait for each further key; # ends it before. The default
	// is 2s.
	Between time.Duration `yaml:"between" min:"500ms" max:"1m"`
	// Tries is how often the caller is asked; the default is 3.
	Tries int `yaml:"tries" min:"1" max:"10"`
	// On are the steps for when nobody was chosen; without them, the next step is taken.
	On DirectoryOn `yaml:"on"`

	people []person
}

// DirectoryOn are the branches of a directory.
type DirectoryOn struct {
	// Failed is for a caller who found nobody, or gave up.
	Failed Steps `yaml:"failed"`
}

const (
	directoryTries   = 3
	directoryTimeout = 5 * time.Second
	directoryBetween = 2 * time.Second
	directorySelect  = 3 * time.Second // to choose who was said
	directoryNames   = 20              // that are said at most
)

// String implements Step.
func (s *Directory) String() string {
	return strings.TrimSpace("directory " + strings.Join(values(s.Extensions), ", "))
}

// Run implements Step.
func (s *Directory) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	g := Gathering{
		Playing: r.playing(orPrompt(s.Prompt, "directory/enter-name")), Max: 32, Finish: gatherFinish,
		Timeout: cmp.Or(s.Timeout, directoryTimeout), Between: cmp.Or(s.Between, directoryBetween),
		Enough: func(pressed string) bool { return strings.HasSuffix(pressed, "*") },
	}
	files := g.Files
	for n := 1; ; n++ {
		got, err := r.Session.Gather(ctx, g)
		if err = r.played(err); err != nil {
			return err
		}
		if strings.Contains(got.Keys, "*") {
			break
		}
		g.Fresh, g.Files = true, files
		if got.Keys != "" {
			p, gaveUp, err := s.choose(ctx, r, s.find(got.Keys))
			switch {
			case err != nil:
				return err
			case p != nil:
				r.note(p.extension + " " + p.name)
				return r.take(ctx, r.plan.reach(p.extension))
			}
			if gaveUp {
				break
			}
		} else {
			r.note("nothing was pressed")
		}
		if n == cmp.Or(s.Tries, directoryTries) {
			break
		}
	}
	r.note("nobody was chosen")
	return r.take(ctx, s.On.Failed)
}

// find are those whose names fit the keys.
func (s *Directory) find(pressed string) (out []person) {
	for i := range s.people {
		if s.people[i].spelledBy(pressed) {
			out = append(out, s.people[i])
		}
	}
	return out
}

// choose says who there is, and gives the one that the caller chose.
func (s *Directory) choose(ctx context.Context, r *Run, found []person) (p *person, gaveUp bool, err error) {
	before := ""
	switch {
	case len(found) == 0:
		r.note("nobody has that name")
		_, err = r.Session.Play(ctx, Playing{Files: []string{"directory/no-match"}, Language: r.spoken(), Until: Keypad, Keep: true})
		return nil, false, r.played(err)
	case len(found) > 1:
		before = "directory/many"
	}
	for i := range found[:min(len(found), directoryNames)] {
		if err := s.announce(ctx, r, before, &found[i]); err != nil {
			return nil, false, err
		}
		before = ""
		got, err := r.Session.Gather(ctx, Gathering{
			Playing: Playing{Files: []string{"directory/select"}, Language: r.spoken()},
			Max:     1, Timeout: directorySelect, Between: directorySelect,
		})
		if err = r.played(err); err != nil {
			return nil, false, err
		}
		switch got.Keys {
		case "1":
			return &found[i], false, nil
		case "*":
			return nil, true, nil
		}
	}
	return nil, false, nil
}

// announce says a name; a key stops it, and counts.
func (s *Directory) announce(ctx context.Context, r *Run, before string, p *person) error {
	var list []Playing
	if before != "" {
		list = append(list, Playing{Files: []string{before}, Language: r.spoken()})
	}
	switch words, err := say.Text(say.For(r.spoken()), say.Spell, p.name, say.Options{}); {
	case p.recorded:
		list = append(list, Playing{Files: []string{recordedNames + p.extension}, Language: r.spoken()})
	case r.plan.speaks:
		list = append(list, Playing{Text: p.name, Language: r.spoken()})
	case err == nil:
		list = append(list, Playing{Files: words, Sentence: true, Language: sayIn(r.spoken())})
	}
	for _, play := range list {
		play.Until, play.Keep = Keypad, true
		key, err := r.Session.Play(ctx, play)
		if err = r.played(err); err != nil || key != "" {
			return err
		}
	}
	return nil
}

func (s *Directory) check(c *checker) {
	c.in("prompt")
	c.prompts(s.Prompt)
	c.out()
	if c.everybody == nil {
		c.everybody = c.people()
	}
	c.in("directory")
	of, ok := c.extensionsOf(s.Extensions)
	c.out()
	s.people = nil
	for _, p := range c.everybody {
		if _, listed := slices.BinarySearch(of, p.extension); listed {
			s.people = append(s.people, p)
		}
	}
	if ok && len(s.people) == 0 {
		c.fail(s.Where(), "nobody can be found: no extension here has a name", `write name: Ann Miller beside its password`)
	}
	c.within("on.failed", s.On.Failed)
}

// extensionsOf are the extensions that fit patterns, sorted; without patterns, or with
// true, all.
func (c *checker) extensionsOf(list Texts) (out []string, ok bool) {
	var fit numbers
	for _, t := range list {
		text, not := negated(t.Value)
		if t.Value == "true" {
			continue
		}
		p, ok := c.number(text, t.At)
		switch {
		case !ok:
			return nil, false
		case not:
			fit.negative = append(fit.negative, p)
		default:
			fit.positive = append(fit.positive, p)
		}
	}
	for _, e := range c.spec.Extensions {
		if fit.fits(e) {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out, true
}

func (s *Directory) branches() []branch { return []branch{{"failed", s.On.Failed}} }
func (*Directory) waits() bool          { return true }
