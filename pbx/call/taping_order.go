package call

import (
	"context"
	"fmt"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/recording"
)

// order is what an operator wants of a recording.
type order struct {
	by   string // who wants it, one of recording.By...
	do   string
	done chan string // gets why it was not done, "" when it was
}

// obey does what an operator wants. An error is why the conversation is over.
func (v *conversation) obey(ctx context.Context, o order) error {
	why, err := v.begin(ctx, starting{by: o.by})
	if err != nil {
		why = err.Error()
	}
	o.done <- why
	return err
}

// OrderError says why an order was not carried out.
type OrderError struct{ Why string }

// Error implements error.
func (e *OrderError) Error() string { return e.Why }

// orderPatience is how long an order waits for a conversation that takes it.
const orderPatience = 2 * time.Second

// Record lets an operator start, stop, pause or resume the recording of a call. The error is
// an *OrderError; found is false when there is no such call.
func (s *Switchboard) Record(ctx context.Context, id, do string) (found bool, err error) {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c == nil {
		return false, nil
	}
	var why string
	switch do {
	case dialplan.RecordStart:
		why = c.order(ctx, recording.ByOperator, do)
	case dialplan.RecordStop, dialplan.RecordPause, dialplan.RecordResume:
		why = c.control(do)
	default:
		why = fmt.Sprintf("%q is none of start, stop, pause and resume", do)
	}
	if why != "" {
		return true, &OrderError{why}
	}
	return true, nil
}

// order asks the call's goroutine.
func (c *Call) order(ctx context.Context, by, do string) (why string) {
	if take, _, _ := c.recording(); take != nil {
		return "it is recorded already"
	}
	o := order{by: by, do: do, done: make(chan string, 1)}
	timer := time.NewTimer(orderPatience)
	defer timer.Stop()
	select {
	case c.orders <- o:
	case <-timer.C:
		return "nobody talks in it"
	case <-c.ctx.Done():
		return "it is over"
	}
	select {
	case why = <-o.done:
		return why
	case <-ctx.Done():
		return context.Cause(ctx).Error()
	}
}
