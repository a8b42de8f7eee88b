package conference

import (
	"errors"
	"fmt"

	"dialtone/dialplan"
)

// ErrMember says that nobody of that name is in the room.
var ErrMember = errors.New("nobody of that name is in the conference")

// ErrSeveral says that more than one of that number are in the room.
var ErrSeveral = errors.New("several of that number are in the conference")

// Do is what an operator does to a room.
type Do string

// What an operator does; Mute to Undeafen and Kick concern one member, or when none is
// named, Mute and Unmute all but the leaders.
const (
	Mute     Do = "mute"
	Unmute   Do = "unmute"
	Deafen   Do = "deafen"
	Undeafen Do = "undeafen"
	Kick     Do = "kick"
	Lock     Do = "lock"
	Unlock   Do = "unlock"
	End      Do = "end"
)

// UnknownError is an action that there is not, or not for all.
type UnknownError struct{ Do Do }

// Error implements error.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("%q is nothing that can be done here", string(e.Do))
}

// Control does something to all in a room, or to a member by its id or number. The
// errors are ErrUnknown, ErrMember, ErrSeveral and *UnknownError.
func (r *Rooms) Control(name, member string, what Do) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.rooms[name]
	switch {
	case in == nil:
		return ErrUnknown
	case member == "":
		return in.control(what)
	}
	s, err := in.member(member)
	if err != nil {
		return err
	}
	return s.control(what)
}

// control does something to all; mu is held.
func (r *room) control(what Do) error {
	switch what {
	case Mute, Unmute:
		r.muteAll(what == Mute, nil)
	case Lock, Unlock:
		if r.locked != (what == Lock) {
			r.lock(what == Lock)
		}
	case End:
		r.finish(&dialplan.Ended{Cause: dialplan.CauseAdmin, Detail: "conference " + r.name + " was ended by the operator"})
	default:
		return &UnknownError{what}
	}
	return nil
}

// control does something to a member; mu is held.
func (s *Seat) control(what Do) error {
	switch what {
	case Mute, Unmute:
		s.muted = what == Mute
	case Deafen, Undeafen:
		s.deaf = what == Deafen
	case Kick:
		if s.over == nil {
			s.kick(&dialplan.Ended{Cause: dialplan.CauseAdmin, Detail: "removed from conference " + s.room.name + " by the operator"})
		}
	default:
		return &UnknownError{what}
	}
	s.apply()
	return nil
}

// member finds one by the id of its call, or by its number; mu is held.
func (r *room) member(name string) (found *Seat, err error) {
	err = ErrMember
	for _, s := range r.seats {
		switch {
		case s.ID == name:
			return s, nil
		case s.Party == name && found != nil:
			err = ErrSeveral
		case s.Party == name:
			found, err = s, nil
		}
	}
	return found, err
}

// Play lets all in a room hear a prompt. The errors are ErrUnknown and why the prompt
// cannot be played.
func (r *Rooms) Play(name, prompt string) error {
	in, language := r.language(name)
	if in == nil {
		return ErrUnknown
	}
	clip, err := r.o.Open(language, prompt)
	if err != nil {
		return err
	}
	_ = clip.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	in.tell(news{names: []string{prompt}})
	return nil
}

func (r *Rooms) language(name string) (in *room, language string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in = r.rooms[name]; in != nil {
		language = in.language
	}
	return in, language
}
