package dialplan

import "context"

// Log writes a line into the log of the server.
type Log struct {
	Placed
	// Text is what it says.
	Text Text `yaml:"log" main:"true"`
}

// String implements Step.
func (s *Log) String() string { return "log " + s.Text.Value }

// Run implements Step.
func (s *Log) Run(_ context.Context, r *Run) error {
	text := r.expand(&s.Text)
	r.note(text)
	if r.Log != nil {
		r.Log.Info("dialplan", "says", text, "at", s.Where().String())
	}
	return nil
}

func (s *Log) check(c *checker) { c.text(&s.Text) }
