package callscript

import (
	"fmt"
	"strings"

	"dialtone/internal/testphone"
)

// transfers sends a REFER to a number.
func transfers(s *stage) {
	want := 202
	if s.args["STATUS"] != "" {
		want = s.number("STATUS")
	}
	s.same("the answer to REFER", s.call().Transfer(s.ctx, s.args["NUMBER"]).Status, want)
}

// joins sends a REFER with Replaces.
func joins(s *stage) {
	now, before := s.both()
	s.same("the answer to REFER", before.TransferTo(s.ctx, now).Status, 202)
}

// joinsBack is joins the other way round.
func joinsBack(s *stage) {
	now, before := s.both()
	s.same("the answer to REFER", now.TransferTo(s.ctx, before).Status, 202)
}

// takes dials with Replaces: the call of another phone.
func takes(s *stage) { s.take("") }

// takesEarly is takes for one that must still ring.
func takesEarly(s *stage) { s.take(";early-only") }

func (s *stage) take(suffix string) {
	s.run.mu.Lock()
	other := s.run.phones[s.args["OTHER"]]
	s.run.mu.Unlock()
	if other == nil {
		s.Fatalf("there is no phone %q", s.args["OTHER"])
	}
	s.run.mu.Lock()
	theirs := other.call
	s.run.mu.Unlock()
	if theirs == nil {
		s.Fatalf("%s has no call", other.name)
	}
	p := s.who()
	s.setCall(p, p.phone.DialWith(s.ctx, other.phone.Extension(), testphone.Dialling{Headers: map[string]string{
		"Require": "replaces", "Replaces": theirs.Replaces() + suffix,
	}}))
}

// talksWith waits until the phone is told of a number.
func talksWith(s *stage) {
	c, want := s.call(), "<sip:"+s.args["NUMBER"]+"@"
	s.until(func() (bool, string) {
		var seen []string
		for _, header := range []string{"P-Asserted-Identity", "Remote-Party-ID"} {
			seen = append(seen, c.Got("UPDATE", header), c.Got("INVITE", header), c.AnswerHeader(header))
		}
		all := strings.Join(seen, " ")
		return strings.Contains(all, want), fmt.Sprintf("it was told of %q", all)
	})
}
