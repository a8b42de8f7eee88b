package call

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/conference"
	"dialtone/storage"
)

// State is how far a call has come.
type State string

// The states that a list shows.
const (
	Routing State = "routing"
	Ringing State = "ringing"
	Up      State = "up"
	Held    State = "held" // a party does not let audio flow both ways
)

// Call is one call, from the caller's INVITE to its record. Its goroutine walks
// the dialplan and owns the course of the call; mu guards only what lists read.
type Call struct {
	board  *Switchboard
	id     string
	facts  dialplan.Facts
	caller Inbound
	log    *slog.Logger
	ctx    context.Context //nolint:containedctx // is the life of the call: ends with the caller's leg, or by end
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup // forks that lost, answers that wait for their ACK
	// accepted says that the caller was answered; only the call's goroutine
	// uses it.
	accepted bool
	// early says that the caller hears us before the answer.
	early bool
	// keys are those that the caller pressed, nil until they are listened for;
	// only the call's goroutine uses it.
	keys     *media.Keys
	trailing trailing
	trace    dialplan.Trace
	// version is that of the plan in force when the call began.
	version string
	walker  *dialplan.Run
	unwatch func() bool // lets the call go on when the caller's leg ends
	changes chan *change
	over    chan struct{}    // closed when no change is made any more
	origin  *origin          // not nil when a transfer made the call
	takes   *place           // not nil when the caller takes a place in another call
	sits    *conference.Seat // not nil when it is one of calls that were merged
	// slot is where it is or was parked, and parker the extension that has parked it; only
	// the call's goroutine uses them.
	slot, parker string
	// counts is the extension whose calls it is one of; "" is none.
	counts string

	mu sync.Mutex
	// interruptible stops the verb that runs; nil when it cannot be.
	interruptible context.CancelCauseFunc
	callerID      string // of the leg that is the caller, or was
	left          bool   // the caller goes on in another call
	state         State
	route         string
	start         time.Time
	answer        time.Time
	legs          []*party
	// conferences are the rooms that the caller was in, or is.
	conferences []storage.CDRConference

	// urgent says that it talks with an emergency service; only the call's goroutine
	// uses it.
	urgent bool
	tape   taping
	orders chan order // of operators, to who talks
}

// newCall makes the call of a leg, which o has transferred; nil is nobody.
func newCall(s *Switchboard, leg Inbound, facts dialplan.Facts, o *origin) *Call {
	c := &Call{
		board: s, id: facts.CallID, facts: facts, caller: leg, origin: o, accepted: o != nil,
		log:   s.log.With("call", facts.CallID),
		state: Routing, start: time.Now(), version: s.plan().Version, counts: facts.Extension,
		orders: make(chan order), changes: make(chan *change, 1), over: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancelCause(context.WithoutCancel(leg.Context()))
	c.seat(leg)
	c.party(leg, nil)
	return c
}

// end ends the call for a reason that comes from outside of it.
func (c *Call) end(why *dialplan.Ended) { c.cancel(why) }

func (c *Call) run() {
	defer c.board.forget(c)
	var e *dialplan.Ended
	switch {
	case c.takes != nil:
		e = c.ended(c.takeOver(c.ctx, *c.takes))
	case c.sits != nil:
		e = c.ended(c.sitsIn(c.sits))
	default:
		e = c.walk()
	}
	c.origin.conclude(c, e)
	if !c.left {
		c.caller.Hangup(onBehalf(e))
	}
	c.cancel(e)
	c.stop()
	c.tasks.Wait()
	close(c.over)
	c.record(e)
}

// walk takes the steps of the plan and returns why the call is over.
func (c *Call) walk() *dialplan.Ended {
	run := dialplan.NewRun(c.facts, c.board.plan, c.board)
	c.walker = run
	run.Lists, run.Guesses, run.Menus = c.board.lists, c.board.guesses, c.board.menus
	run.Web, run.Outbox = c.board.web, c.board.outbox
	if c.board.own != nil {
		run.Settings = c.board.own
	}
	if c.board.now != nil {
		run.Now = c.board.now
	}
	run.Session, run.Trace, run.Log, run.Chosen, run.Shuffle = session{c}, &c.trace, c.log, c.chosen, c.board.shuffle
	e := c.ended(run.Do(c.ctx))
	run.Conclude(e)
	return e
}

// chosen notes which route the call takes.
func (c *Call) chosen(d dialplan.Decision) {
	c.mu.Lock()
	first := c.route == ""
	c.route = d.Name()
	c.mu.Unlock()
	if !first {
		name := d.Name()
		if d.Route != nil {
			name = d.Route.Context + "/" + name
		}
		c.log.Info("goes on", "route", name)
		return
	}
	c.log.Info("call", "from", c.facts.From, "to", c.facts.To, "route", d.Name(),
		"source", c.facts.Source, "sip_call_id", c.facts.SIPCallID)
}

// ended is why the call is over, when a step returned err.
func (c *Call) ended(err error) *dialplan.Ended {
	var e *dialplan.Ended
	if c.ctx.Err() != nil && errors.As(context.Cause(c.ctx), &e) {
		return e
	}
	if errors.As(err, &e) {
		return e
	}
	return &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: err.Error()}
}

func (c *Call) setState(s State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = s
}

// answered notes that the conversation has begun, and limits its length.
func (c *Call) answered() {
	c.mu.Lock()
	first := c.answer.IsZero()
	if first {
		c.answer = time.Now()
		if p := c.here(c.callerID); p != nil && p.record.Answer.IsZero() && p.record.End.IsZero() {
			p.record.Answer = c.answer
		}
	}
	c.state = Up
	c.mu.Unlock()
	c.touched()
	if !first {
		return
	}
	c.log.Info("answered", "from", c.facts.From, "to", c.facts.To)
	if limit := c.board.config().Calls.MaxDuration.D(); limit > 0 {
		t := time.AfterFunc(limit, func() {
			c.end(&dialplan.Ended{Cause: dialplan.CauseMaxDuration, Detail: "calls.max_duration is " + limit.String()})
		})
		context.AfterFunc(c.ctx, func() { t.Stop() })
	}
}
