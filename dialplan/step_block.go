package dialplan

import (
	"context"
	"strings"
	"time"
)

// Block puts a number on the block list: calls from it are refused before any
// route sees them. Two rising tones say that it is done, a low one that it is not.
// Only an extension can do it.
type Block struct {
	Placed
	// Number is what to block; without it, or when it is empty, the number of who
	// last called this extension from outside, within a day.
	Number Text `yaml:"block" main:"optional"`
}

// String implements Step.
func (s *Block) String() string { return strings.TrimSpace("block " + s.Number.Value) }

// Run implements Step.
func (s *Block) Run(ctx context.Context, r *Run) error {
	return r.edit(ctx, ListEdit{List: BlockList, Number: r.expand(&s.Number)})
}

func (s *Block) check(c *checker) { c.text(&s.Number) }
func (*Block) waits() bool        { return true }

// Unblock takes a number off the block list. Two rising tones say that it is done,
// a low one that it is not. Only an extension can do it.
type Unblock struct {
	Placed
	// Number is what to let in again; without it, or when it is empty, the number
	// of who last called this extension from outside, within a day.
	Number Text `yaml:"unblock" main:"optional"`
}

// String implements Step.
func (s *Unblock) String() string { return strings.TrimSpace("unblock " + s.Number.Value) }

// Run implements Step.
func (s *Unblock) Run(ctx context.Context, r *Run) error {
	return r.edit(ctx, ListEdit{List: BlockList, Number: r.expand(&s.Number), Remove: true})
}

func (s *Unblock) check(c *checker) { c.text(&s.Number) }
func (*Unblock) waits() bool        { return true }

// What an edit sounds like: a fifth upwards when it is done.
const (
	doneLow, doneHigh, failedHz = 523, 784, 262 // Hertz
	doneFor, failedFor          = 250 * time.Millisecond, 800 * time.Millisecond
)

// edit changes a list and lets the caller hear whether that worked.
func (r *Run) edit(ctx context.Context, e ListEdit) error {
	r.failed = nil
	e.By, e.Number = r.Facts.Extension, strings.TrimSuffix(e.Number, "#")
	var why string
	switch {
	case e.By == "":
		why = "only an extension may edit the " + e.List + " list"
	case r.Lists == nil:
		why = "there are no lists here"
	default:
		number, err := r.Lists.Edit(e)
		if err != nil {
			why = err.Error()
			break
		}
		r.note(number + " is done")
		if err := r.Session.Tone(ctx, doneLow, doneFor); err != nil {
			return err
		}
		return r.Session.Tone(ctx, doneHigh, doneFor)
	}
	r.note("not done: " + why)
	return r.Session.Tone(ctx, failedHz, failedFor)
}
