package dialplan

import "context"

// Language is the one in which the caller hears prompts, from here on for the rest of
// the call.
type Language struct {
	Placed
	// Language is it, such as fr or de-AT.
	Language Text `yaml:"language" main:"true"`
}

// String implements Step.
func (s *Language) String() string { return "language " + s.Language.Value }

// Run implements Step.
func (s *Language) Run(_ context.Context, r *Run) error {
	if l := r.expand(&s.Language); languageName.MatchString(l) {
		r.vars[languageVariable] = l
		r.note("language = " + l)
	} else {
		r.note(quote(l) + " is no language: it stays as it was")
	}
	return nil
}

func (s *Language) check(c *checker) {
	c.text(&s.Language)
	if l := s.Language; l.Value != "" && l.parts == nil && !languageName.MatchString(l.Value) {
		c.fail(l.At, quote(l.Value)+" is no language", "write one such as en, fr or fr-CA")
	}
}
