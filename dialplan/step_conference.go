package dialplan

import (
	"context"
	"strconv"
	"strings"
)

// Conference answers and lets the caller talk with all who are in a conference, until
// the caller hangs up. Who leaves by a key (# unless keys of the conference say
// otherwise) goes on with the next step.
//
// Who is asked for a PIN has three tries, and wrong ones count as those of the step pin
// do.
type Conference struct {
	Placed
	// Room is one of conferences, or a number that fits the rooms of one. Without it, the
	// caller is asked for a PIN, which says where to; a number that fits the rooms of a
	// conference is a PIN too.
	Room Text `yaml:"conference" main:"optional"`
	// As is member or leader: then no PIN is asked for.
	As string `yaml:"as" enum:"member,leader"`
	// Muted lets the caller come in muted.
	Muted bool `yaml:"muted"`
	// On are the steps for who does not get in; without them, the call ends.
	On ConferenceOn `yaml:"on"`
}

// ConferenceOn are the branches of a conference.
type ConferenceOn struct {
	// Refused is for a caller who has no right PIN, or when there is no such room, or it
	// is full or locked.
	Refused Steps `yaml:"refused"`
}

// Joining is how a caller comes into a conference.
type Joining struct {
	Conference string // one of the configuration
	Room       string // its name, or a number
	Leader     bool
	Right      string // the extension that leads because it is one of leaders; "" when it is for another reason, or does not
	Muted      bool
	Language   string
}

// String implements Step.
func (s *Conference) String() string {
	text := strings.TrimSpace("conference " + s.Room.Value)
	if s.As != "" {
		text += " as " + s.As
	}
	return text
}

// The prompts of who comes in.
const (
	conferencePIN   = "conference/enter-pin"
	conferenceWrong = "conference/wrong-pin"
)

// conferenceTries is how often a caller is asked for a PIN.
const conferenceTries = 3

// Run implements Step.
func (s *Conference) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	j, err := s.joining(ctx, r)
	if err == nil {
		r.note(j.Room + " as " + role(j.Leader))
		j.Muted, j.Language = s.Muted, r.spoken()
		var refused string
		if refused, err = r.Session.Conference(ctx, j); refused != "" {
			err = &Ended{Cause: CauseBusy, Detail: refused}
			return s.refuse(ctx, r, err, refused)
		}
		return err
	}
	e := asEnded(err)
	if e == nil || ctx.Err() != nil || e.Cause != CauseForbidden && e.Cause != CauseNotFound {
		return err
	}
	return s.refuse(ctx, r, err, e.Detail)
}

// refuse is for who does not get in.
func (s *Conference) refuse(ctx context.Context, r *Run, err error, why string) error {
	r.note(why)
	if len(s.On.Refused) > 0 {
		return r.take(ctx, s.On.Refused)
	}
	return err
}

func role(leader bool) string {
	if leader {
		return asLeader
	}
	return asMember
}

// joining is where the caller goes, and as what.
func (s *Conference) joining(ctx context.Context, r *Run) (Joining, error) {
	all := r.plan.conferences
	room := strings.TrimSpace(r.expand(&s.Room))
	if s.Room.Value == "" {
		found, err := r.askConference(ctx, all.pins(), func(entered string) string {
			if all.find(entered) == "" || all[entered] != nil {
				return ""
			}
			return entered
		})
		if err != nil {
			return Joining{}, err
		}
		name, as, byPIN := strings.Cut(found, "/")
		if byPIN {
			return Joining{Conference: name, Room: name, Leader: as == asLeader || s.As == asLeader}, nil
		}
		room = found
	}
	name := all.find(room)
	if name == "" {
		return Joining{}, &Ended{Cause: CauseNotFound, Detail: "there is no conference " + quote(room)}
	}
	j, e := Joining{Conference: name, Room: room}, all[name]
	switch {
	case s.As != "":
		j.Leader = s.As == asLeader
	case r.Facts.Self() != "" && contains(e.Leaders, r.Facts.Self()):
		j.Leader, j.Right = true, r.Facts.Extension
	case e.asks():
		found, err := r.askConference(ctx, e.roles(), func(entered string) string {
			if entered == "" && e.PIN == "" {
				return asMember
			}
			return ""
		})
		if err != nil {
			return Joining{}, err
		}
		j.Leader = found == asLeader
	}
	return j, nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// askConference asks for one of pins, or what other accepts, and gives its name, or
// what other made of it.
func (r *Run) askConference(ctx context.Context, pins map[string]Secret, other func(entered string) string) (string, error) {
	files := []string{conferencePIN}
	g := Gathering{
		Playing: Playing{Files: files, Language: r.spoken()}, Max: maxConferencePIN, Finish: gatherFinish,
		Timeout: pinTimeout, Between: pinBetween,
	}
	who, why := r.Facts.Guesser(), "no PIN was right"
	for n := 1; n <= conferenceTries; n++ {
		if r.Guesses != nil && r.Guesses.Locked(who) {
			why = "too many wrong PINs"
			break
		}
		got, err := r.Session.Gather(ctx, g)
		if err = r.played(err); err != nil {
			return "", err
		}
		found := match(pins, got.Keys)
		if found == "" {
			found = other(got.Keys)
		} else {
			r.guessed(who, true)
		}
		if found != "" {
			return found, nil
		}
		if got.Keys != "" {
			r.guessed(who, false)
		}
		r.note("wrong, try " + strconv.Itoa(n))
		g.Fresh, g.Files = true, append([]string{conferenceWrong}, files...)
	}
	return "", &Ended{Cause: CauseForbidden, Detail: why}
}

// maxConferencePIN is how long a PIN may be.
const maxConferencePIN = 20

func (s *Conference) check(c *checker) {
	c.text(&s.Room)
	room := s.Room.Value
	c.in("conference")
	switch {
	case len(c.plan.conferences) == 0:
		c.fail(s.Where(), "there are no conferences", `write conferences: {team: {pin: "4711"}}`)
	case room == "" && len(c.plan.conferences.pins()) == 0 && !c.anyRooms():
		c.fail(s.Where(), "no conference has a PIN that could say where the caller goes", "name the conference, or give them PINs")
	case room != "" && s.Room.parts == nil && c.plan.conferences.find(room) == "":
		c.undefined(s.Room.At, "conference", room, c.conferenceNames())
	}
	c.out()
	c.within("on.refused", s.On.Refused)
}

func (c *checker) anyRooms() bool {
	for _, e := range c.plan.conferences {
		if e.Rooms != "" {
			return true
		}
	}
	return false
}

func (s *Conference) branches() []branch { return []branch{{"refused", s.On.Refused}} }
func (*Conference) waits() bool          { return true }
