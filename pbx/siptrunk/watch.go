package siptrunk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

const (
	probeFirst = 2 * time.Second  // after which a dead server is asked first
	probeLast  = 30 * time.Second // between questions to one that has long been dead
	// steady is how long a server must have been there for its next failure to be
	// the first.
	steady       = time.Minute
	findWithin   = 8 * time.Second
	maxQuestions = 8 // servers of a trunk that are asked at once
	idle         = time.Hour
)

// watch looks up servers before what was found is too old, and asks those that
// have to be asked, until ctx ends.
func (l *line) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.probe:
		}
		if l.lookupDue() {
			_ = l.find(ctx, true) // kept in l.found, and logged
		}
		l.askDue(ctx)
		timer.Reset(max(0, time.Until(l.nextDue())))
	}
}

func (l *line) lookupDue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !time.Now().Before(l.found.due)
}

// nextDue is when something is to be looked up or asked.
func (l *line) nextDue() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := time.Now().Add(idle)
	if l.found.due.Before(next) {
		next = l.found.due
	}
	for _, s := range l.found.all {
		if h := l.known[s]; l.wanted(h) && h.due.Before(next) {
			next = h.due
		}
	}
	return next
}

// find looks up the servers, unless another has just done so. What was known stays
// when it fails.
func (l *line) find(ctx context.Context, anew bool) error {
	select {
	case l.lookup <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("trunk %s: %w", l.name, ctx.Err())
	}
	defer func() { <-l.lookup }()
	l.mu.Lock()
	have, err, fresh := len(l.found.records) > 0, l.found.err, time.Now().Before(l.found.due)
	l.mu.Unlock()
	switch {
	case have && (fresh || !anew):
		return nil
	case err != nil && fresh:
		return fmt.Errorf("trunk %s: %w", l.name, err)
	}
	inTime, cancel := context.WithTimeout(ctx, findWithin)
	defer cancel()
	s := l.settings()
	got, err := l.dns.locate(inTime, s.target(), s.conf.Transport)
	if ctx.Err() != nil {
		return fmt.Errorf("trunk %s: %w", l.name, ctx.Err())
	}
	if s.target() != s.host { // its calls may come past the proxy
		if behind, herr := l.dns.locate(inTime, s.host, s.conf.Transport); herr == nil {
			l.mu.Lock()
			l.found.behind = behind.records
			l.mu.Unlock()
		}
	}
	return l.learn(got, err)
}

// learn takes the result of a look-up. One that is in doubt does not replace one
// that was not.
func (l *line) learn(got answer, err error) error {
	if err != nil {
		err = errors.New(oneLine(err))
	}
	due, kept, before, present := l.noteFound(got, err)
	switch {
	case present != nil && (before == nil || before.Error() != present.Error()):
		l.log.Warn("the servers of a trunk cannot be looked up", "trunk", l.name, "host", l.settings().target().name,
			"why", present, "old_answer_used", kept)
	case present == nil && before != nil:
		l.log.Info("the servers of a trunk are found again", "trunk", l.name)
		wake(l.again)
	}
	if err != nil && !kept {
		if !l.settings().conf.Register {
			l.settle(StateDown, err.Error(), due)
		}
		return fmt.Errorf("trunk %s: %w", l.name, err)
	}
	return nil
}

// noteFound keeps a result: when to look again, whether old servers were kept, what was
// wrong before and what is now.
func (l *line) noteFound(got answer, err error) (due time.Time, kept bool, before, present error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, before := time.Now(), l.found.err
	kept = len(l.found.records) > 0 && (err != nil || got.doubt != nil)
	l.found.err = err
	if err == nil && got.doubt != nil {
		l.found.err = errors.New(oneLine(got.doubt))
	}
	l.found.due = now.Add(max(minTTL, min(got.ttl, maxTTL)))
	if l.found.err != nil {
		l.found.due = now.Add(minTTL)
	}
	if !kept && err == nil {
		l.take(got.records, now)
	}
	return l.found.due, kept, before, l.found.err
}

// take keeps the servers that were found; of others nothing is kept. l.mu is held.
func (l *line) take(records []record, now time.Time) {
	known := map[Server]*health{}
	var all []Server
	for i, r := range records {
		var mine []Server
		for _, s := range r.servers {
			s.Trunk = l.name
			if known[s] != nil {
				continue // another name has the same address
			}
			mine = append(mine, s)
			if known[s] = l.known[s]; known[s] == nil {
				known[s] = &health{due: now}
			}
		}
		records[i].servers = mine
		all = append(all, mine...)
	}
	l.found.records, l.found.all, l.known = records, all, known
}

// oneLine is an error as one line of a log.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// askDue asks those servers whose time has come.
func (l *line) askDue(ctx context.Context) {
	l.mu.Lock()
	now := time.Now()
	var due []Server
	for _, s := range l.found.all {
		if h := l.known[s]; l.wanted(h) && !h.due.After(now) {
			due = append(due, s)
			h.due = now.Add(probeLast)
		}
	}
	if len(due) > 0 && l.state.now == StateNew {
		l.state.trying(now)
	}
	l.mu.Unlock()
	for part := range slices.Chunk(due, maxQuestions) {
		var asking sync.WaitGroup
		for _, s := range part {
			asking.Go(func() { l.question(ctx, s) })
		}
		asking.Wait()
	}
}

// question asks one server whether it is there. Whatever it says, it is; 408 and
// 503 are what is said for a server that is not.
func (l *line) question(ctx context.Context, s Server) {
	sent := time.Now()
	res, flow, err := l.options(ctx, s)
	switch {
	case ctx.Err() != nil:
		return // we stop, which says nothing about the server
	case err != nil:
		l.failed(s, err)
	case res.StatusCode == sip.StatusRequestTimeout || res.StatusCode == sip.StatusServiceUnavailable:
		l.failedFor(s, fmt.Errorf("it answers OPTIONS with %d %s", res.StatusCode, clean(res.Reason)), retryAfter(res))
	default:
		l.answered(s, time.Since(sent))
		l.sighted(s, flow, res)
	}
}

func (l *line) options(ctx context.Context, s Server) (*sip.Response, sipedge.Flow, error) {
	set := l.settings()
	inTime, cancel := context.WithTimeout(ctx, set.patience())
	defer cancel()
	flow, err := l.flow(inTime, s)
	if err != nil {
		return nil, flow, err
	}
	req := l.newRequest(sip.OPTIONS, set.host.uri(""), set.host.uri(sipedge.EscapeUser(set.conf.Username)))
	req.AppendHeader(&sip.ContactHeader{Address: l.contact(flow)})
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	res, err := l.exchange(ctx, req, flow)
	return res, flow, err
}
