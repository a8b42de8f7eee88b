package siptrunk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

const (
	retryFirst     = 2 * time.Second
	retryLast      = 5 * time.Minute
	refusedPause   = 10 * time.Minute // after which it is tried again where we were refused
	leastBetween   = 2 * time.Second  // attempts, whatever happens
	goodbyeWithin  = time.Second
	maxTurns       = 6 // of one REGISTER: challenges, longer times
	maxTargets     = 8 // of one attempt
	mostExpires    = 24 * time.Hour
	keepAliveUDP   = 25 * time.Second // NAT forgets UDP after 30 s or more
	keepAliveOther = 90 * time.Second
)

// registration is what register remembers between its requests (RFC 3261 §10.2).
type registration struct {
	line    *line
	callID  sip.CallIDHeader
	tag     string
	cseq    uint32
	expires time.Duration // that we ask for
	contact *sip.Uri      // that the provider has of us
	fails   int           // attempts in a row
	last    time.Time     // when the last one began
	release func()        // of the connection that is held
}

// register keeps the trunk registered until ctx ends, and then gives that up,
// unless another line goes on with it.
func (l *line) register(ctx context.Context) {
	r := &registration{
		line: l, callID: sip.CallIDHeader(rand.Text()), tag: rand.Text()[:12],
		expires: l.settings().expires(), release: func() {},
	}
	for {
		r.last = time.Now()
		wait := r.attempt(ctx)
		if !r.rest(ctx, wait) {
			break
		}
	}
	if !errors.Is(context.Cause(ctx), errReplaced) {
		r.leave(context.WithoutCancel(ctx))
	}
	r.release()
}

// rest waits for the next attempt and keeps the way open meanwhile; false means
// that there is none.
func (r *registration) rest(ctx context.Context, wait time.Duration) bool {
	l := r.line
	timer := time.NewTimer(wait)
	defer timer.Stop()
	l.mu.Lock()
	bound := l.bound
	l.mu.Unlock()
	every := keepAliveOther
	if !bound.flow.Reliable() {
		every = keepAliveUDP
	}
	ping := time.NewTicker(every)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-l.again:
			timer.Reset(max(0, time.Until(r.last.Add(leastBetween))))
		case <-ping.C:
			if bound.valid {
				_ = l.edge.Ping(bound.flow) // a way that is gone is noticed as such
			}
		}
	}
}

// attempt registers at the first server that lets us, and says how long until the
// next attempt.
func (r *registration) attempt(ctx context.Context) time.Duration {
	l := r.line
	l.mu.Lock()
	l.state.trying(r.last)
	l.mu.Unlock()
	list, err := r.candidates(ctx)
	if err != nil {
		return r.failed(ctx, StateDown, err.Error(), 0)
	}
	to, why, pause, tried := StateDown, "", time.Duration(0), len(list)
	for len(list) > 0 {
		s := r.take(&list)
		res, flow, err := r.send(ctx, s, r.expires)
		var no refusal
		switch {
		case ctx.Err() != nil:
			return 0
		case errors.As(err, &no):
			return r.refused(fmt.Sprintf("%s: %v", s, err))
		case err != nil:
			r.forsake(s)
			l.failed(s, err)
			why = fmt.Sprintf("%s: %s", s, clean(oneLine(err)))
		case res.IsSuccess():
			return r.granted(ctx, s, flow, res)
		case temporary(res.StatusCode):
			r.forsake(s)
			l.failedFor(s, fmt.Errorf("it answers REGISTER with %s", said(res)), retryAfter(res))
			to, why, pause = StateFailWait, fmt.Sprintf("%s: %s", s, said(res)), max(pause, retryAfter(res))
		default:
			return r.refused(fmt.Sprintf("%s: %s", s, said(res)))
		}
	}
	if tried > 1 {
		why = fmt.Sprintf("none of %d servers registers us; %s", tried, why)
	}
	return r.failed(ctx, to, why, pause)
}

// temporary are answers after which another server, or another time, may do.
func temporary(code int) bool {
	switch code {
	case sip.StatusRequestTimeout, 429, sip.StatusTemporarilyUnavailable:
		return true
	}
	return code >= 500 && code < 600
}

// candidates are the servers to try: the one that we are registered at, as long as
// none that comes before it answers.
func (r *registration) candidates(ctx context.Context) ([]Server, error) {
	l := r.line
	list, err := l.servers(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.Index(list, l.bound.server)
	if l.bound.valid && at > 0 && l.deadness(list[at]) == 0 && l.rank(list[at]) == l.rank(list[0]) {
		list = slices.Insert(slices.Delete(list, at, at+1), 0, l.bound.server)
	}
	return list[:min(len(list), maxTargets)], nil
}

// take takes the next server off a list: one that was found dead meanwhile can
// wait.
func (r *registration) take(list *[]Server) Server {
	l := r.line
	l.mu.Lock()
	defer l.mu.Unlock()
	at := max(0, slices.IndexFunc(*list, func(s Server) bool { return l.deadness(s) == 0 }))
	s := (*list)[at]
	*list = slices.Delete(*list, at, at+1)
	return s
}

// rank is that of a server's record; l.mu is held.
func (l *line) rank(s Server) int {
	for _, r := range l.found.records {
		if slices.Contains(r.servers, s) {
			return r.rank
		}
	}
	return -1
}

// forsake says that we are no longer registered at s.
func (r *registration) forsake(s Server) {
	l := r.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bound.server == s {
		l.bound.valid = false
	}
}

// failed ends an attempt that may work later.
func (r *registration) failed(ctx context.Context, to State, why string, pause time.Duration) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	wait := min(retryLast, spread(backoff(r.fails, retryFirst, retryLast)))
	wait = max(wait, pause)
	r.fails++
	r.lost(to, why, wait)
	return wait
}

// refused ends an attempt that will not work unless something is changed.
func (r *registration) refused(why string) time.Duration {
	r.lost(StateFailed, clean(why), refusedPause)
	return refusedPause
}

func (r *registration) lost(to State, why string, wait time.Duration) {
	l := r.line
	l.mu.Lock()
	l.bound.valid = false
	l.mu.Unlock()
	r.release()
	r.release = func() {}
	l.settle(to, why, time.Now().Add(wait), "next_try_in", wait.Round(100*time.Millisecond))
}

// granted takes a 200 and says when to register again.
func (r *registration) granted(ctx context.Context, s Server, flow sipedge.Flow, res *sip.Response) time.Duration {
	l := r.line
	r.fails = 0
	before := l.bind(s, flow, res)
	if now := l.contact(flow); now.String() != r.contact.String() {
		l.log.Info("a trunk sees us at another address", "trunk", l.name, "address", now.HostPort())
		if again, _, err := r.send(ctx, s, r.expires); err == nil && again.IsSuccess() {
			res = again
		}
	}
	release := l.edge.Hold(flow)
	r.release()
	r.release = release
	given := r.given(res)
	next := given * 85 / 100
	now := time.Now()
	args := []any{"server", s.String(), "expires", given}
	l.settle(StateRegistered, "", now.Add(next), args...)
	l.mu.Lock()
	l.state.expires = now.Add(given)
	l.mu.Unlock()
	if before.valid && before.server != s {
		l.report(StateRegistered, "", args...)
	}
	l.answered(s, 0)
	return next
}

// bind notes the registration in force and where it sees us, and gives the one
// before.
func (l *line) bind(s Server, flow sipedge.Flow, res *sip.Response) (before binding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.bound
	l.bound = binding{valid: true, server: s, flow: flow, seen: seenAt(res, flow), asked: before.asked}
	return before
}
