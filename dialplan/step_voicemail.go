package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Voicemail answers and takes a message for an extension: its greeting, a tone, what the
// caller says. With # the caller can listen to it, record it again or mark it as urgent.
// What was recorded is kept when the caller hangs up. Then the next step is taken.
type Voicemail struct {
	Placed
	// Mailbox is the extension that gets the message.
	Mailbox Text `yaml:"voicemail" main:"true"`
	// Greeting is which one the caller hears: default, busy, away, dnd or none. Without
	// it, it is the one for why the last dial failed.
	Greeting string `yaml:"greeting" enum:"default,busy,away,dnd,none"`
}

// Depositing is a message that is to be taken.
type Depositing struct {
	Mailbox  string
	Greeting string // default, busy, away, dnd or none
	Language string
	Called   string // the number that was called
	// Who are further names under which there may be greetings for the caller: the groups
	// that it is in, in order.
	Who []string
}

// Deposited is what came of it.
type Deposited struct {
	Kept     bool
	Length   time.Duration
	Operator string // the number to go on with, which the caller wanted; "" is none
	Why      string // no message was kept
}

// String implements Step.
func (s *Voicemail) String() string {
	return strings.TrimSpace("voicemail " + s.Mailbox.Value + " " + s.Greeting)
}

// Run implements Step.
func (s *Voicemail) Run(ctx context.Context, r *Run) error {
	box := r.expand(&s.Mailbox)
	greeting := cmp.Or(s.Greeting, r.situation())
	if !slices.Contains(r.plan.mailboxes, box) {
		return r.boxless(box)
	}
	r.failed = nil
	d, err := r.Session.Deposit(ctx, Depositing{
		Mailbox: box, Greeting: greeting, Language: r.addressed(), Called: cmp.Or(r.did, r.Facts.To), Who: r.plan.groupsOf(r.Facts.Extension),
	})
	switch {
	case d.Kept:
		r.note("a message of " + d.Length.Round(time.Second).String() + " for " + box)
	case d.Why != "":
		r.note(d.Why)
	}
	if err == nil && d.Operator != "" {
		r.note("goes on to " + d.Operator)
		return &jump{context: PhonesContext, to: d.Operator}
	}
	return r.excused(ctx, err)
}

// boxless goes on with the next step; without one, the call ends.
func (r *Run) boxless(box string) error {
	why := said(box) + " has no mailbox"
	r.note(why)
	if r.failed == nil {
		r.failed = &Ended{Cause: CauseNotFound, Detail: why}
	}
	return nil
}

// excused is an error of a service: what is not the end of the call goes on with the
// next step.
func (r *Run) excused(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || asEnded(err).Cause != CauseInternal {
		return err
	}
	r.note(err.Error())
	return nil
}

// situation is the greeting for why the last dial failed.
func (r *Run) situation() string {
	switch r.outcome {
	case CauseBusy.String(), CauseDeclined.String():
		return "busy"
	case CauseDoNotDisturb.String():
		return "dnd"
	case CauseNotRegistered.String():
		return "away"
	}
	return "default"
}

// addressed is the language in which the caller is spoken to: that of its country when
// nobody says another.
func (r *Run) addressed() string {
	if l := r.spoken(); l != "" || r.Facts.Extension != "" {
		return l
	}
	e164 := r.plan.E164(r.Facts.From)
	switch r.plan.numbering.country(r.Facts.From) {
	case "FR", "MC":
		return "fr"
	case "CA":
		if len(e164) > 5 && slices.Contains([]string{"263", "354", "367", "418", "438", "450", "468", "514", "579", "581", "819", "873"}, e164[2:5]) {
			return "fr-CA" // Quebec
		}
	}
	return ""
}

// groupsOf are the groups that an extension is in.
func (p *Plan) groupsOf(extension string) (in []string) {
	if extension == "" {
		return nil
	}
	for _, name := range keys(p.groups) {
		for _, m := range p.groups[name].Members {
			if m.Extension.Value == extension {
				in = append(in, name)
			}
		}
	}
	return in
}

func (s *Voicemail) check(c *checker) {
	c.text(&s.Mailbox)
	c.mailbox(s.Mailbox.At, s.Mailbox)
}

// mailbox checks that there is one.
func (c *checker) mailbox(at Pos, t Text) {
	switch {
	case len(c.spec.Mailboxes) == 0:
		c.fail(at, "no extension has a mailbox", "write voicemail: {enabled: true} at the top of the file")
	case t.parts == nil && slices.Contains(c.spec.Extensions, t.Value) && !slices.Contains(c.spec.Mailboxes, t.Value):
		c.fail(at, "the extension "+said(t.Value)+" has no mailbox", "write voicemail: {enabled: true} there, or name another one")
	case t.parts == nil && !slices.Contains(c.spec.Mailboxes, t.Value):
		c.undefined(at, "mailbox", t.Value, c.spec.Mailboxes)
	}
}

func (*Voicemail) waits() bool { return true }
