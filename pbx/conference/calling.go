package conference

import (
	"errors"
	"slices"
	"time"

	"dialtone/dialplan"
)

// Calling is somebody whom a room calls.
type Calling struct {
	Conference, Room string
	Number           string
	// As is the extension as which it calls, with what that may do; "" calls none but
	// extensions.
	As          string
	Party, Name string // who wants it, as it is shown to the one who is called
	Language    string
	// Over is told once why the one who was called does not come, nil when he does.
	Over func(*dialplan.Ended)
}

// Why nobody is called.
var (
	ErrDeaf      = errors.New("conferences cannot call anybody here")
	ErrCalling   = errors.New("too many are being called already")
	ErrStrangers = errors.New("nobody who may pay for it is in the conference")
)

// maxCalling is how many a room calls at once.
const maxCalling = 5

// Call calls somebody into a room. The errors are ErrUnknown, ErrEnded, ErrFull,
// ErrCalling, ErrDeaf, and why the call is refused at once.
func (r *Rooms) Call(room string, c Calling) error {
	r.mu.Lock()
	in := r.rooms[room]
	err := r.mayCall(in)
	if err == nil {
		in.calling++
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	c.Conference, c.Room = in.conference, room
	if c.Language == "" {
		c.Language = in.language
	}
	over := c.Over
	c.Over = func(why *dialplan.Ended) {
		r.mu.Lock()
		in.calling--
		r.mu.Unlock()
		if over != nil {
			over(why)
		}
	}
	in.log.Info("calls somebody", "number", c.Number, "by", c.Party, "as", c.As)
	if err := r.o.Call(in.ctx, c); err != nil {
		over = nil
		c.Over(nil)
		return err
	}
	return nil
}

// mayCall says why a room may call nobody now; mu is held.
func (r *Rooms) mayCall(in *room) error {
	switch {
	case r.o.Call == nil:
		return ErrDeaf
	case in == nil:
		return ErrUnknown
	case in.over:
		return ErrEnded
	case in.set.MaxMembers > 0 && len(in.seats)+in.calling >= in.set.MaxMembers:
		return ErrFull
	case in.calling >= maxCalling:
		return ErrCalling
	}
	return nil
}

const (
	firstDigit = 10 * time.Second // to wait for, of a number to call
	nextDigit  = 5 * time.Second
	maxNumber  = 32
)

// patience is how long to wait for the next key.
func (s *Seat) patience() time.Duration {
	switch {
	case s.number == nil:
		return sequence
	case len(s.number) == 0:
		return firstDigit
	}
	return nextDigit
}

// dialKey takes a key of a number to call: # ends it, * gives up.
func (s *Seat) dialKey(digit byte, p *player) {
	switch {
	case digit == '#':
		s.dial(p)
	case digit == '*' || len(s.number) == maxNumber:
		s.number = nil
		p.hush()
	default:
		s.number = append(s.number, digit)
		p.hush()
	}
}

// dial calls the number that was entered.
func (s *Seat) dial(p *player) {
	number := string(s.number)
	if s.number = nil; number == "" {
		return
	}
	err := s.room.rooms.Call(s.room.name, Calling{
		Number: number, As: s.Extension, Party: s.Party, Name: s.Name, Language: s.Language,
		Over: func(why *dialplan.Ended) {
			if why != nil {
				s.tell(failed(why))
			}
		},
	})
	var e *dialplan.Ended
	switch {
	case err == nil:
		p.play(promptOneMoment)
	case errors.Is(err, ErrFull):
		p.play(promptFull)
	case errors.As(err, &e):
		p.play(failed(e))
	default:
		p.play(promptCallFailed)
	}
}

// failed is what a leader is told of why nobody comes.
func failed(e *dialplan.Ended) string {
	switch e.Cause {
	case dialplan.CauseBusy:
		return promptBusy
	case dialplan.CauseNoAnswer:
		return promptNoAnswer
	case dialplan.CauseForbidden:
		return promptNotPermitted
	case dialplan.CauseNotFound:
		return promptNotInUse
	case dialplan.CauseDoNotDisturb:
		return promptNotDisturbed
	}
	return promptUnavailable
}

// tell lets him hear a prompt soon.
func (s *Seat) tell(prompt string) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.told = prompt
	s.wake()
}

// takeTold is what he is to be told, "" for nothing.
func (s *Seat) takeTold() string {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	told := s.told
	s.told = ""
	return told
}

// ours reports whether somebody of ours is in the room; mu is held.
func (r *room) ours() bool { return slices.ContainsFunc(r.seats, func(s *Seat) bool { return s.Ours }) }

// AtOurCost says that he is none of ours where he is reached, and that we pay for it.
func (s *Seat) AtOurCost() {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.Ours, s.Paid = false, true
	s.room.unpaid()
	s.room.wake()
}

// unpaid lets those go who were called at our cost, when nobody of ours is left who
// talks with them; mu is held.
func (r *room) unpaid() {
	if r.ours() {
		return
	}
	for _, s := range r.seats {
		if s.Paid && s.over == nil {
			s.over = &ending{&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "nobody of ours is in conference " + r.name + " any more"}, promptEnded}
		}
	}
}
