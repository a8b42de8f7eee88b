package callscript

import (
	"fmt"
	"strings"

	"dialtone/internal/testphone"
)

// watching are the verbs of lamps.
var watching = []verb{
	{form: "PHONE watches NUMBER", doc: "SUBSCRIBE for the dialogs of that number (RFC 4235) is accepted; again, it is refreshed", run: func(s *stage) { watch(s, 3600, 200) }},
	{form: "PHONE watches NUMBER and gets STATUS", doc: "SUBSCRIBE is answered with that status", run: func(s *stage) { watch(s, 3600, s.number("STATUS")) }},
	{form: "PHONE watches NUMBER no more", doc: "SUBSCRIBE with Expires: 0 is accepted, and the last NOTIFY arrives", run: watchNoMore},
	{form: "PHONE sees NUMBER STATE", doc: "the lamp for that number is: idle, calling, ringing, talking or held (it lets the other party wait)", run: seesLamp},
	{form: "PHONE sees NUMBER STATE with WHO...", doc: "and it shows the other party: a number, a name, or both", run: seesLamp},
	{form: "PHONE takes the call of NUMBER by its lamp", doc: "INVITE with Replaces of what the lamp shows", run: takeByLamp},
}

// takeByLamp calls a number in the way of a lamp that is pressed.
func takeByLamp(s *stage) {
	l := s.who().phone.Lamp(s.args["NUMBER"])
	if l.Pickup == "" {
		s.Fatalf("the lamp for %s is %s: there is nothing to take", s.args["NUMBER"], l.State)
	}
	s.dial(testphone.Dialling{Headers: map[string]string{"Replaces": l.Pickup}})
}

func watch(s *stage, expires, want int) {
	s.same("the answer to SUBSCRIBE", s.who().phone.Watch(s.ctx, s.args["NUMBER"], expires).Status, want)
}

func watchNoMore(s *stage) {
	watch(s, 0, 200)
	s.until(func() (bool, string) {
		l := s.who().phone.Lamp(s.args["NUMBER"])
		return l.Ended != "", "no NOTIFY said that the subscription is over"
	})
}

// seesLamp waits until a lamp is as it should be.
func seesLamp(s *stage) {
	number, state, who := s.args["NUMBER"], s.args["STATE"], s.args["WHO"]
	p := s.who().phone
	s.until(func() (bool, string) {
		l := p.Lamp(number)
		shown := strings.TrimSpace(l.Caller + " " + l.Name)
		return l.State == state && strings.Contains(shown, who), fmt.Sprintf("the lamp for %s is %s with %q, of version %d", number, l.State, shown, l.Version)
	})
}
