package dialplan

import (
	"context"
	"errors"
	"strings"
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

// edit changes a list and lets the caller hear whether that worked.
func (r *Run) edit(ctx context.Context, e ListEdit) error {
	r.failed = nil
	e.By, e.Number = r.Facts.Self(), strings.TrimSuffix(e.Number, "#")
	var err error
	number := e.Number
	switch {
	case e.By == "":
		err = errors.New("only an extension may edit the " + e.List + " list")
	case r.Lists == nil:
		err = errors.New("there are no lists here")
	default:
		number, err = r.Lists.Edit(e)
	}
	return r.reply(ctx, number, err)
}
