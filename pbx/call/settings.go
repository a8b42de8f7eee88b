package call

import (
	"slices"
	"time"

	"dialtone/dialplan"
	"dialtone/storage"
)

// Settings are what extensions have set for themselves.
type Settings interface {
	dialplan.Settings
	// Of are those of an extension, with what its configuration says. What they share
	// with others must not be changed.
	Of(extension string) storage.Settings
}

// Diversion is one step on the way of a call that was forwarded.
type Diversion struct {
	From   string // the extension that forwarded it
	Reason string // of RFC 5806: unconditional, user-busy, no-answer, unavailable, do-not-disturb, follow-me
}

// maxDiversions is how often one call is forwarded, here and before it came here.
const maxDiversions = 5

// How long phones ring that the settings name.
const (
	usualAfter  = 20 * time.Second // before a call is forwarded that nobody answers
	forwardRing = 25 * time.Second // at least, where it is forwarded to
)

// settings are those of an extension.
func (s *Switchboard) settings(extension string) storage.Settings {
	if s.own == nil || extension == "" {
		return storage.Settings{}
	}
	return s.own.Of(extension)
}

// consult asks what the extension of t has set, before it rings. done says that it does
// not ring: it is forwarded, or refuses.
func (f *forking) consult(t *rung) (done bool) {
	t.own = f.call.board.settings(t.Extension)
	own := &t.own
	switch {
	case own.DND:
		f.fails(t, &dialplan.Ended{Cause: dialplan.CauseDoNotDisturb, Detail: t.Extension + " does not want to be disturbed"})
		return true
	case own.Forward.On:
		f.forward(t, own.Forward, "unconditional", nil)
		return true
	}
	if !f.single {
		return false
	}
	if own.NoAnswer.On {
		after := own.NoAnswer.After
		if after == 0 {
			after = usualAfter
		}
		if t.For == 0 || after < t.For {
			t.For = after
		}
	}
	if own.FollowMe {
		f.follow(t)
	}
	return false
}

// fails notes that a whole rung has failed with e: its calls go on where its extension
// forwards them.
func (f *forking) fails(t *rung, e *dialplan.Ended) {
	if t.own.Extension != "" && f.single {
		switch e.Cause {
		case dialplan.CauseBusy, dialplan.CauseDeclined, dialplan.CauseDoNotDisturb:
			if t.own.Busy.On {
				f.forward(t, t.own.Busy, reasonOf(e), e)
				return
			}
		case dialplan.CauseNoAnswer:
			if t.own.NoAnswer.On {
				f.forward(t, t.own.NoAnswer, reasonOf(e), e)
				return
			}
		case dialplan.CauseNotRegistered, dialplan.CauseUnreachable:
			if t.own.NotRegistered.On {
				f.forward(t, t.own.NotRegistered, reasonOf(e), e)
				return
			}
		}
	}
	f.refused(e)
}

func reasonOf(e *dialplan.Ended) string {
	switch e.Cause {
	case dialplan.CauseNoAnswer:
		return "no-answer"
	case dialplan.CauseDoNotDisturb:
		return "do-not-disturb"
	case dialplan.CauseNotRegistered, dialplan.CauseUnreachable:
		return "unavailable"
	}
	return "user-busy"
}

// forward rings another one instead of t. why is how t failed, nil when it did not ring.
func (f *forking) forward(t *rung, to storage.Forward, reason string, why *dialplan.Ended) {
	if to.To == storage.ForwardVoicemail {
		if !f.single {
			f.refused(&dialplan.Ended{Cause: dialplan.CauseDoNotDisturb, Detail: t.Extension + " forwards to its mailbox"})
			return
		}
		if why == nil {
			why = &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: t.Extension + " forwards to its mailbox"}
		}
		f.note(t.Extension+" forwards to its mailbox", reason)
		f.mailbox = &dialplan.ForwardedError{Mailbox: t.Extension, Why: why}
		return
	}
	f.note(t.Extension+" forwards to "+to.To, reason)
	next, err := f.onward(t, to.To, reason, why)
	if err != nil {
		f.notForwarded(t.Extension, to.To, why, err)
		return
	}
	for _, n := range next {
		if n.Outside != nil && !f.single {
			n.confirm = confirming(n.confirm) // the voicemail of a mobile phone would take it
		}
	}
	f.ring(next, 0)
}

// notForwarded refuses a call that could not be forwarded, as if nothing had been set
// where that is why; a loop is told of.
func (f *forking) notForwarded(by, to string, instead, err *dialplan.Ended) {
	f.note("not forwarded: "+err.Error(), "")
	f.call.log.Warn("a call is not forwarded", "extension", by, "to", to, "reason", err.Detail)
	switch {
	case err.Cause == dialplan.CauseLoop:
	case instead != nil:
		err = instead
	default:
		err = &dialplan.Ended{Cause: dialplan.CauseUnreachable, Detail: by + " forwards to " + to + ": " + err.Detail}
	}
	f.refused(err)
}

// unreached notes that t did not even begin to ring.
func (f *forking) unreached(t *rung, e *dialplan.Ended) {
	if len(t.way) > 0 && e.Cause == dialplan.CauseForbidden {
		f.notForwarded(t.way[len(t.way)-1].From, t.name(), t.instead, e)
		return
	}
	f.fails(t, e)
}

// late is the end of the ringing: those who forward when nobody answers do now.
func (f *forking) late() (forwards bool) {
	for _, t := range f.started {
		if t.pending > 0 && t.own.NoAnswer.On && f.single {
			t.stop(f.timedOut())
			forwards = true
		}
	}
	if forwards {
		f.end = time.Now().Add(forwardRing)
	}
	return forwards
}

// follow rings further numbers besides t.
func (f *forking) follow(t *rung) {
	for _, also := range t.own.Follow {
		next, err := f.onward(t, also.To, "follow-me", nil)
		if err != nil {
			f.note("does not ring "+also.To+": "+err.Error(), "")
			continue
		}
		for _, n := range next {
			if n.confirm = nil; also.Confirm {
				n.confirm = confirming(f.confirm)
			}
		}
		f.note("rings "+also.To+" too after "+also.After.String(), "follow-me")
		f.ring(next, also.After)
	}
}

func confirming(p *dialplan.Playing) *dialplan.Playing {
	if p == nil {
		return &dialplan.Playing{}
	}
	return p
}

// ring lets rungs wait for their time, from now, and lets the whole last long enough.
func (f *forking) ring(next []*rung, after time.Duration) {
	elapsed := time.Since(f.start)
	end := elapsed + after
	for _, n := range next {
		n.After += elapsed + after
		end = max(end, n.After)
		f.waiting = append(f.waiting, n)
	}
	slices.SortStableFunc(f.waiting, sooner)
	f.timeout = max(f.timeout, end+forwardRing)
	f.end = f.start.Add(f.timeout)
}

// note tells the trace, and the log, what the settings of an extension do.
func (f *forking) note(text, reason string) {
	if f.call.walker != nil {
		f.call.walker.Note(text)
	}
	f.call.log.Info("settings of an extension", "what", text, "reason", reason)
}

// hide hides the number of the caller from now on, where it is not hidden already.
func (c *Call) hide(hidden bool) {
	if !hidden {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facts.Anonymous = true
}
