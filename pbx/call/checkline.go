package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// CheckLine is where phones of ours hear what they send, to find out how their line is. It
// is there whatever the dialplan says; no plan can lead to it, nobody has it on a keypad,
// and calls to it are in no list, record or limit.
const CheckLine = "~echo"

// CheckCaller is who calls CheckLine from the command line. It is no extension, and can
// call nothing else.
const CheckCaller = "~check"

const (
	longestCheck = time.Minute
	checksAtOnce = 32
	checksEach   = 2 // of one extension
)

// checks are the calls to CheckLine. The zero value is ready.
type checks struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
	ends   map[*context.CancelCauseFunc]struct{}
	closed bool
}

// enter counts one more, and has it started; false when there are too many.
func (k *checks) enter(extension string, end *context.CancelCauseFunc, start func()) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.total >= checksAtOnce || k.counts[extension] >= checksEach {
		return false
	}
	if k.counts == nil {
		k.counts, k.ends = map[string]int{}, map[*context.CancelCauseFunc]struct{}{}
	}
	k.total++
	k.counts[extension]++
	k.ends[end] = struct{}{}
	start()
	return true
}

func (k *checks) leave(extension string, end *context.CancelCauseFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.total--
	if k.counts[extension]--; k.counts[extension] <= 0 {
		delete(k.counts, extension)
	}
	delete(k.ends, end)
}

func (k *checks) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for end := range k.ends {
		(*end)(&dialplan.Ended{Cause: dialplan.CauseShutdown})
	}
}

// checked answers a call to CheckLine; it is not one of the calls of the exchange.
func (s *Switchboard) checked(leg Inbound, facts dialplan.Facts) *dialplan.Ended {
	if facts.To != CheckLine {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "who checks the line may call nobody else"}
	}
	ctx, end := context.WithCancelCause(context.WithoutCancel(leg.Context()))
	run := func() {
		defer s.checks.leave(facts.Extension, &end)
		stop := context.AfterFunc(leg.Context(), func() { end(context.Cause(leg.Context())) })
		defer stop()
		late := time.AfterFunc(longestCheck, func() { end(&dialplan.Ended{Cause: dialplan.CauseMaxDuration}) })
		defer late.Stop()
		leg.Hangup(mirror(ctx, leg))
		end(nil)
	}
	if !s.checks.enter(facts.Extension, &end, func() { s.running.Go(run) }) {
		end(nil)
		return &dialplan.Ended{Cause: dialplan.CauseCallLimit, Detail: "too many check their lines at once"}
	}
	s.log.Debug("line is checked", "extension", facts.Extension, "source", facts.Source)
	return nil
}

// mirror sends back what comes, until ctx ends, and says why it is over.
func mirror(ctx context.Context, leg Inbound) *dialplan.Ended {
	formats := leg.Far().Formats
	if err := leg.Answer(ctx, Want{Formats: formats, Made: made(formats), Direction: media.SendRecv}); err != nil {
		return whyEnded(err)
	}
	stop := media.Echo(leg.Media())
	defer stop()
	<-ctx.Done()
	return whyEnded(context.Cause(ctx))
}

func whyEnded(err error) *dialplan.Ended {
	var e *dialplan.Ended
	if errors.As(err, &e) {
		return e
	}
	return &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: err.Error()}
}
