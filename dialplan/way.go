package dialplan

import (
	"context"
	"errors"
)

// way is the error that ends a search for the way to a number.
type way struct{ ring Ringing }

func (*way) Error() string { return "found" }

// Way finds whom to ring for a number that an extension would dial, without a call: of
// the route that fits, the first dial. What plays, waits or tells on the way there is
// left out; what asks for keys or for a place in a service leads nowhere.
func (r *Run) Way() (Ringing, *Ended) {
	r.finds = true
	var found *way
	d := r.Decide()
	for {
		if d.Route == nil {
			return Ringing{}, d.Why
		}
		err := r.take(context.Background(), d.Route.steps)
		var j *jump
		switch {
		case errors.As(err, &found):
			return found.ring, nil
		case errors.As(err, &j):
			r.To, r.depth = j.to, 0
			d = r.enter(j.context, j.route)
		case err != nil:
			return Ringing{}, asEnded(err)
		default:
			return Ringing{}, &Ended{Cause: CauseNotFound, Detail: "the route " + d.Route.Name + " rings nobody"}
		}
	}
}

// seek takes the step of a search, and reports whether that was all there is to it.
func (r *Run) seek(s Step) (done bool, err error) {
	switch s := s.(type) {
	case *If, *Switch, *Set, *Goto, *CallSubplan, *Hangup, *Header, *Language:
		return false, nil
	case *Dial:
		ring, err := s.ringing(r)
		if err != nil {
			return true, err
		}
		return true, &way{ring}
	case *Answer, *Ring, *Progress, *Play, *Say, *Wait, *Record, *Webhook, *Email, *Log:
		return true, nil
	}
	return true, &Ended{Cause: CauseForbidden, Detail: "its route has the step " + s.String() + ", which only who dials it can take"}
}
