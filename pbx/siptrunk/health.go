package siptrunk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// health is what is known of a server.
type health struct {
	heard bool // it answered, or failed
	dead  bool
	since time.Time
	why   string
	rtt   time.Duration
	fails int // in a row
	due   time.Time
}

// wanted says whether a server is asked by OPTIONS: all are, unless that is off;
// a dead one is in any case. l.mu is held.
func (l *line) wanted(h *health) bool { return h.dead || l.settings().conf.Qualify > 0 }

// answered notes that a server is there; rtt is 0 when it was not asked.
func (l *line) answered(s Server, rtt time.Duration) {
	l.mu.Lock()
	h := l.known[s]
	if h == nil {
		l.mu.Unlock()
		return
	}
	now := time.Now()
	back := h.dead
	if h.dead || !h.heard {
		h.dead, h.since, h.why = false, now, ""
	}
	h.heard = true
	if now.Sub(h.since) >= steady {
		h.fails = 0
	}
	if rtt > 0 {
		h.rtt = rtt
		h.due = now.Add(spread(l.settings().conf.Qualify.D()))
	}
	down := l.state.now == StateDown
	l.mu.Unlock()
	if back {
		l.log.Log(context.Background(), l.newsLevel(slog.LevelInfo), "a server of a trunk answers again", "trunk", l.name, "server", s.String())
	}
	l.judge()
	if down && l.settings().conf.Register {
		wake(l.again)
	}
}

// failed is failedFor as long as err asks for.
func (l *line) failed(s Server, err error) {
	var later interface{ RetryAfter() time.Duration }
	pause := time.Duration(0)
	if errors.As(err, &later) {
		pause = min(later.RetryAfter(), maxRetryAfter)
	}
	l.failedFor(s, err, pause)
}

// failedFor notes that a server does not serve, and is not to be asked for a time.
func (l *line) failedFor(s Server, err error, pause time.Duration) {
	why := clean(oneLine(err))
	l.mu.Lock()
	h := l.known[s]
	if h == nil {
		l.mu.Unlock()
		return
	}
	now := time.Now()
	news := !h.dead
	if news && h.heard && now.Sub(h.since) >= steady {
		h.fails = 0
	}
	if news {
		h.since = now
	}
	h.heard, h.dead, h.why, h.rtt = true, true, why, 0
	h.due = now.Add(max(pause, spread(backoff(h.fails, probeFirst, probeLast))))
	h.fails++
	ours := l.bound.valid && l.bound.server == s && l.state.now == StateRegistered
	l.mu.Unlock()
	if news {
		l.log.Log(context.Background(), l.newsLevel(slog.LevelWarn), "a server of a trunk does not answer", "trunk", l.name, "server", s.String(), "why", why)
	}
	l.judge()
	wake(l.probe)
	if news && ours {
		wake(l.again) // at another server
	}
}

// newsLevel is the level of a line about one server: of a trunk that has only one,
// the line about the trunk says it all.
func (l *line) newsLevel(several slog.Level) slog.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.found.all) > 1 {
		return several
	}
	return slog.LevelDebug
}

// judge says how a trunk is that does not register: by its servers.
func (l *line) judge() {
	if l.settings().conf.Register {
		return
	}
	l.mu.Lock()
	var up []slog.Attr
	dead, why, next := 0, "", time.Time{}
	for _, s := range l.found.all {
		switch h := l.known[s]; {
		case h.dead:
			dead++
			why = fmt.Sprintf("%s: %s", s, h.why)
			if next.IsZero() || h.due.Before(next) {
				next = h.due
			}
		case h.heard && up == nil:
			up = append(up, slog.String("server", s.String()))
		}
	}
	all := len(l.found.all)
	l.mu.Unlock()
	switch {
	case up != nil:
		l.settle(StateUp, "", time.Time{}, up[0])
	case dead > 0 && dead == all:
		if all > 1 {
			why = fmt.Sprintf("none of its %d servers answers; %s", all, why)
		}
		l.settle(StateDown, why, next)
	}
}

// backoff is first, doubled for each failure before, up to last.
func backoff(fails int, first, last time.Duration) time.Duration {
	return min(last, first<<min(fails, 20))
}

// spread is d and up to a tenth more, so that what started at the same time does
// not go on at the same time.
func spread(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}
