package call

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"dialtone/dialplan"
)

// change is what somebody outside of a call asks of it. The goroutine of the call
// makes it, or says why not.
type change struct {
	leg string    // whose place is taken, or who wants to transfer; "" is whoever rings or waits
	by  Leg       // takes the place; nil for a transfer
	to  *Transfer // nil when a place is taken
	// merge brings both, or one of them, into a room; nil for other changes.
	merge *merging
	// completes says that it is the transfer after a consultation.
	completes bool
	story     story // of by
	resumes   bool  // by is of the phone whose place it takes
	state     atomic.Int32
	done      chan error // capacity 1
}

// The states of a change.
const (
	asked int32 = iota
	taken
	withdrawn
)

// busyFor is for how long a call may be busy with another change.
const busyFor = 5 * time.Second

// errTaken interrupts a verb because another leg takes the caller's place.
var errTaken = errors.New("another leg takes the caller's place")

func errChanging() *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseRejected, Status: 491, Detail: "the call is being changed already"}
}

func errNoPlace() *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: "there is no such party any more"}
}

func errAlone() *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Status: 488, Detail: "there is nobody to transfer"}
}

// request has ch made. When it returns nil, the leg that ch brings belongs to c.
func (c *Call) request(ctx context.Context, ch *change) error {
	if c.origin.awaited() && !ch.completes && (ch.to != nil || ch.leg == c.origin.by) {
		return errChanging() // somebody waits for it as it is
	}
	ch.done = make(chan error, 1)
	if err := c.put(ch); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, busyFor)
	defer stop()
	var err error = errNoPlace()
	select {
	case err := <-ch.done:
		return err
	case <-c.over:
	case <-ctx.Done():
		err = errChanging()
	}
	if ch.state.CompareAndSwap(asked, withdrawn) {
		c.withdraw(ch)
		return err
	}
	return <-ch.done
}

// take makes ch one that is made, unless it was withdrawn.
func (ch *change) take() bool { return ch.state.CompareAndSwap(asked, taken) }

// refuse answers ch.
func (ch *change) refuse(e *dialplan.Ended) {
	if ch.take() {
		ch.done <- e
	}
}

// put lets the call know of ch. A verb that only the caller takes part in is stopped when
// the caller's place is to be taken; nobody would take another change while it runs.
func (c *Call) put(ch *change) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interruptible != nil {
		switch {
		case ch.by == nil:
			return errAlone()
		case ch.leg != c.callerID:
			return errNoPlace()
		}
	}
	select {
	case c.changes <- ch:
	default:
		return errChanging()
	}
	if c.interruptible != nil {
		c.interruptible(errTaken)
	}
	return nil
}

// withdraw takes ch out of the way of others, if it is still there.
func (c *Call) withdraw(ch *change) {
	c.mu.Lock() // so that nobody puts another one there
	defer c.mu.Unlock()
	select {
	case other := <-c.changes:
		if other == ch {
			return
		}
		c.changes <- other // only put fills it, and that waits
		if c.interruptible != nil && other.by != nil && other.leg == c.callerID {
			c.interruptible(errTaken)
		}
	default:
	}
}

// interrupted sets what stops when the caller's place is taken; nil is nothing.
func (c *Call) interrupted(stop context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interruptible = stop
}

// again runs a verb that only the caller takes part in, and runs it from its beginning
// for another leg that takes the caller's place meanwhile.
func (c *Call) again(ctx context.Context, verb func(context.Context) error) error {
	for {
		inner, stop := context.WithCancelCause(ctx)
		c.interrupted(stop)
		if len(c.changes) > 0 {
			stop(errTaken)
		}
		err := c.welcomeAlone(inner)
		if err == nil {
			err = verb(inner)
		}
		c.interrupted(nil)
		repeat := errors.Is(context.Cause(inner), errTaken) && ctx.Err() == nil
		stop(nil)
		select {
		case ch := <-c.changes:
			c.changeAlone(ch)
		default:
		}
		if !repeat {
			return err
		}
	}
}

// changeAlone makes a change while only the caller is there.
func (c *Call) changeAlone(ch *change) {
	switch {
	case ch.by == nil:
		ch.refuse(errAlone())
	case ch.leg != c.caller.ID():
		ch.refuse(errNoPlace())
	case c.sits != nil && !ch.resumes: // its seat is not for another one
		ch.refuse(errChanging())
	case ch.take():
		c.succeed(ch)
		ch.done <- nil
	}
}
