package siptrunk

import (
	"log/slog"
	"time"
)

// State is how a trunk is.
type State string

// The states of a trunk.
const (
	StateNew        State = "new"        // nothing was tried yet
	StateTrying     State = "trying"     // a registration or question is under way
	StateRegistered State = "registered" // it takes calls, and sends them here
	StateUp         State = "up"         // it answers; it is not registered at
	StateFailWait   State = "fail-wait"  // it failed, and is tried again
	StateFailed     State = "failed"     // it refused in a way that trying again does not help
	StateDown       State = "down"       // no server of it answers
)

// state is how a trunk is now, and how it was before it was tried again.
type state struct {
	now     State
	since   time.Time
	why     string
	next    time.Time
	expires time.Time
	settled settled
}

// settled is the last state that was not on the way to another.
type settled struct {
	state State
	since time.Time
	why   string
}

// trying shows that an attempt is under way; what is known of the last one stays
// until it has ended.
func (s *state) trying(now time.Time) {
	if s.now == StateRegistered || s.now == StateUp || s.now == StateTrying {
		return
	}
	s.now, s.since, s.next = StateTrying, now, time.Time{}
}

// settle takes the result of an attempt and says whether it is news. A trunk that
// is as it was before the attempt has been so since then.
func (s *state) settle(to State, why string, now, next time.Time) (news bool) {
	before := s.settled
	if before.state != to {
		before.since = now
	}
	news = before.state != to || before.why != why
	s.settled = settled{to, before.since, why}
	s.now, s.since, s.why, s.next = to, before.since, why, next
	if to != StateRegistered {
		s.expires = time.Time{}
	}
	return news
}

// The attribute event of log lines about trunks: those that make an alert.
const (
	EventFailing = "trunk-failing" // fail-wait
	EventRefused = "trunk-refused" // failed
	EventDown    = "trunk-down"
)

// report is the one line in the log about a change.
func (l *line) report(to State, why string, args ...any) {
	args = append([]any{slog.String("trunk", l.name)}, args...)
	if why != "" {
		args = append(args, slog.String("why", why))
	}
	switch to {
	case StateRegistered:
		l.log.Info("a trunk is registered", args...)
	case StateUp:
		l.log.Info("a trunk is up", args...)
	case StateFailWait:
		l.log.Warn("a trunk failed, it is tried again", append(args, slog.String("event", EventFailing))...)
	case StateFailed:
		l.log.Warn("a trunk cannot be used as it is configured", append(args, slog.String("event", EventRefused))...)
	case StateDown:
		l.log.Warn("a trunk is down", append(args, slog.String("event", EventDown))...)
	default:
		l.log.Debug("a trunk changed", append(args, slog.String("state", string(to)))...)
	}
}
