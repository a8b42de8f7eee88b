package dialplan

import (
	"context"
	"net/mail"
	"strings"
)

// Email sends a mail about the call through the server of mail:, and goes on at
// once.
type Email struct {
	Placed
	// To are the addresses that get it.
	To Texts `yaml:"email" main:"true"`
	// Subject is that of the mail. The default says who called whom.
	Subject Text `yaml:"subject"`
	// Text is what it says; the default is who called whom, and when.
	Text Text `yaml:"text"`
}

// maxRecipients of one mail.
const maxRecipients = 20

// String implements Step.
func (s *Email) String() string { return "email " + strings.Join(values(s.To), ", ") }

// Run implements Step.
func (s *Email) Run(_ context.Context, r *Run) error {
	m := Mail{CallID: r.Facts.CallID}
	for i := range s.To {
		to := r.expand(&s.To[i])
		if !isAddress(to) {
			r.note(quote(to) + " is no address")
			continue
		}
		m.To = append(m.To, to)
	}
	if len(m.To) == 0 {
		return nil
	}
	who := r.Facts.From
	if r.Facts.FromName != "" {
		who = r.Facts.FromName + " (" + who + ")"
	}
	if m.Subject = oneLine(r.expand(&s.Subject)); m.Subject == "" {
		m.Subject = oneLine("Call from " + who + " to " + r.Facts.To)
	}
	if m.Text = r.expand(&s.Text); m.Text == "" {
		m.Text = who + " called " + r.Facts.To + " on " + r.start.Format("Monday, 2 January 2006 at 15:04") + "."
	}
	return r.post(func(o Outbox) error { return o.Email(m) })
}

// isAddress reports whether s is the address of a mailbox, and nothing else.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func (s *Email) check(c *checker) {
	if !c.spec.Mail {
		c.fail(s.Where(), "nothing says how mail is sent", "write mail: {server: smtp.example.net, from: pbx@example.net}")
	}
	if len(s.To) > maxRecipients {
		c.fail(s.Where(), "a mail to more than 20 addresses", "use the address of a mailing list")
	}
	for i := range s.To {
		c.text(&s.To[i])
		if t := s.To[i]; t.parts == nil && !isAddress(t.Value) {
			c.fail(t.At, quote(t.Value)+" is not an email address", "write one like reception@example.net")
		}
	}
	c.text(&s.Subject)
	c.text(&s.Text)
}
