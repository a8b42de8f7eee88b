package voicemail

import (
	"context"
	"errors"
	"slices"

	"dialtone/dialplan"
)

// pickUp is an owner who wants to talk with who is leaving a message. The goroutine of the
// deposit joins the two, that of the owner waits.
type pickUp struct {
	owner  Line
	ctx    context.Context //nolint:containedctx // is the life of the owner's call
	over   chan struct{}   // closed when the owner's goroutine may go on
	joined bool            // to be read after that
}

// errTaken ends a deposit that was picked up.
var errTaken = errors.New("the caller was picked up")

// begins reports whether both are there, so that they talk. Once they do there is no message.
func (p *pickUp) begins(caller context.Context) bool {
	p.joined = p.joined || caller.Err() == nil && p.ctx.Err() == nil
	return p.joined
}

// pickUp has who leaves a message taken over, the last one when there are several. joined
// is false when there is nobody, or who there was has hung up in that moment.
func (s *Service) pickUp(ctx context.Context, l Line, in dialplan.Visiting) (joined bool, err error) {
	if _, err := l.Say(ctx, in.Language, nil, ""); err != nil {
		return false, err
	}
	p := &pickUp{owner: l, ctx: ctx, over: make(chan struct{})}
	if !s.take(in.Mailbox, p) {
		return false, nil
	}
	<-p.over // which comes soon after the end of ctx, too
	return p.joined, context.Cause(ctx)
}

// take ends the deposit that began last.
func (s *Service) take(mailbox string, p *pickUp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.leaving[mailbox]
	if len(list) == 0 {
		return false
	}
	v := list[len(list)-1]
	s.withdraw(v)
	v.taken = p
	v.end(errTaken)
	return true
}

// withdraw has v not be picked up any more; s.mu is held.
func (s *Service) withdraw(v *deposit) {
	list := slices.DeleteFunc(s.leaving[v.d.Mailbox], func(o *deposit) bool { return o == v })
	if s.leaving[v.d.Mailbox] = list; len(list) == 0 {
		delete(s.leaving, v.d.Mailbox)
	}
}

// stay has the deposit not be picked up from now on, and gives who did before, or nil.
func (v *deposit) stay() *pickUp {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.withdraw(v)
	return v.taken
}

// orTaken takes a message, which the owner may end by picking up.
func (v *deposit) orTaken(ctx context.Context) (dialplan.Deposited, error) {
	held, end := context.WithCancelCause(ctx)
	defer end(nil)
	v.outer, v.end = ctx, end
	v.s.mu.Lock()
	v.s.leaving[v.d.Mailbox] = append(v.s.leaving[v.d.Mailbox], v)
	v.s.mu.Unlock()
	out, err := v.leave(held)
	p := v.stay()
	if p == nil {
		return out, err
	}
	defer close(p.over)
	if !p.begins(ctx) { // a message may have been kept
		return v.out, context.Cause(ctx)
	}
	if !v.out.Kept {
		v.out.Why = "it was picked up"
	}
	v.s.log.Info("who was leaving a message is picked up", "mailbox", v.d.Mailbox, "by", p.owner.Facts().From, "from", v.l.Facts().From, "call", v.l.Facts().CallID)
	return v.out, v.l.Join(ctx, p.owner)
}
