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
	// PickUp first looks for who is leaving a message in the mailbox right now, and lets the
	// caller talk with the one who came last. Then there is no message. No PIN is asked for.
	PickUp bool `yaml:"pick_up"`
}

// Visiting is who wants to hear messages.
type Visiting struct {
	Mailbox  string // "" is asked for
	Language string
	PickUp   bool // talk with who is leaving a message, if there is one
}

// Visited is what came of it.
type Visited struct {
	Talked   bool   // with who was leaving a message
	CallBack string // the number that the caller wants to call now; "" is none
	Why      string // the mailbox was not opened
}

// String implements Step.
func (s *Mailbox) String() string {
	if s.Ask {
		return "mailbox, any"
	}
	name := strings.TrimSpace("mailbox " + s.Mailbox.Value)
	if s.PickUp {
		name += ", pick up"
	}
	return name
}

// Run implements Step.
func (s *Mailbox) Run(ctx context.Context, r *Run) error {
	v := Visiting{Mailbox: r.expand(&s.Mailbox), Language: r.addressed(), PickUp: s.PickUp}
	if v.Mailbox == "" && !s.Ask {
		v.Mailbox = r.Facts.Self()
	}
	if v.Mailbox != "" && !slices.Contains(r.plan.mailboxes, v.Mailbox) {
		return r.boxless(v.Mailbox)
	}
	r.failed = nil
	out, err := r.Session.Visit(ctx, v)
	if out.Talked {
		r.note("talked with who was leaving a message")
	}
	if out.Why != "" {
		r.note(out.Why)
	}
	if err == nil && out.CallBack != "" {
		number, err := r.plan.callsBack(out.CallBack)
		if err != nil {
			return r.reply(ctx, "", err)
		}
		r.note("calls back " + number)
		return &jump{context: PhonesContext, to: number}
	}
	return r.excused(ctx, err)
}

func (s *Mailbox) check(c *checker) {
	c.text(&s.Mailbox)
	switch {
	case s.Ask && s.Mailbox.Value != "":
		c.fail(s.Mailbox.At, "the mailbox is given and asked for", "remove ask, or the number")
	case s.Ask && s.PickUp:
		c.fail(s.at, "the mailbox to pick up from is asked for", "remove ask")
	case s.Mailbox.Value != "":
		c.mailbox(s.Mailbox.At, s.Mailbox)
	case len(c.spec.Mailboxes) == 0:
		c.mailbox(s.at, s.Mailbox)
	}
}

func (*Mailbox) waits() bool { return true }
