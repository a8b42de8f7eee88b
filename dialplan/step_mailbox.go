package dialplan

import (
	"context"
	"slices"
	"strings"
)

// Mailbox answers and lets the caller hear the messages of a mailbox, save, delete and
// forward them, call back, and record greetings. From the owner's phone it asks for a
// PIN only if there is one; from others there must be one.
type Mailbox struct {
	Placed
	// Mailbox is whose messages; without it, those of the extension that calls.
	Mailbox Text `yaml:"mailbox" main:"optional"`
	// Ask is true when the caller is to enter the number of the mailbox.
	Ask bool `yaml:"ask"`
}

// Visiting is who wants to hear messages.
type Visiting struct {
	Mailbox  string // "" is asked for
	Own      bool   // the caller is the owner's phone
	Language string
}

// Visited is what came of it.
type Visited struct {
	CallBack string // the number that the caller wants to call now; "" is none
	Why      string // the mailbox was not opened
}

// String implements Step.
func (s *Mailbox) String() string {
	if s.Ask {
		return "mailbox, any"
	}
	return strings.TrimSpace("mailbox " + s.Mailbox.Value)
}

// Run implements Step.
func (s *Mailbox) Run(ctx context.Context, r *Run) error {
	v := Visiting{Mailbox: r.expand(&s.Mailbox), Language: r.addressed()}
	if v.Mailbox == "" && !s.Ask {
		v.Mailbox = r.Facts.Extension
	}
	if v.Mailbox != "" && !slices.Contains(r.plan.mailboxes, v.Mailbox) {
		return r.boxless(v.Mailbox)
	}
	r.failed = nil
	v.Own = v.Mailbox != "" && v.Mailbox == r.Facts.Extension
	out, err := r.Session.Visit(ctx, v)
	if out.Why != "" {
		r.note(out.Why)
	}
	if err == nil && out.CallBack != "" {
		r.note("calls back " + out.CallBack)
		return &jump{context: PhonesContext, to: out.CallBack}
	}
	return r.excused(ctx, err)
}

func (s *Mailbox) check(c *checker) {
	c.text(&s.Mailbox)
	switch {
	case s.Ask && s.Mailbox.Value != "":
		c.fail(s.Mailbox.At, "the mailbox is given and asked for", "remove ask, or the number")
	case s.Mailbox.Value != "" || len(c.spec.Mailboxes) == 0:
		c.mailbox(s.Mailbox)
	}
}

func (*Mailbox) waits() bool { return true }
