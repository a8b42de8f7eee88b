package sipua

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// awaitOffer gives what decides about an offer of ours a moment to arrive, before which the
// far side's offer would be refused.
func (l *leg) awaitOffer(ctx context.Context) {
	decided, patience := l.undecided()
	if decided == nil {
		return
	}
	sipedge.Next(ctx)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-decided:
	case <-l.ctx.Done():
	case <-ctx.Done():
	}
}

// undecided is what to wait for, and for how long, when an offer of ours has no answer: an
// ACK that was overtaken, or what becomes of a request of ours that theirs crosses. It is
// refused for theirs, most of the time, which can be taken then: nobody asks again seconds
// later. We wait for a far side that does not: one that made the Call-ID, so that of two
// Dialtones only one waits, or a browser.
func (l *leg) undecided() (decided <-chan struct{}, patience time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked != nil && (!l.dialog.owned || l.dialog.flow.WebSocket()) {
		return l.asked, 2 * l.ua.t1
	}
	for _, a := range l.unacked {
		if a.offer {
			decided = a.done
		}
	}
	return decided, l.ua.reorder
}

// glareWait is how long to wait after 491, unless what crossed is through before: who owns
// the Call-ID waits longer (RFC 3261 §14.1).
func (l *leg) glareWait() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	units := rand.Int64N(200) + 1 // of 10 ms
	if l.dialog.owned {
		units = 210 + rand.Int64N(190)
	}
	return l.ua.scaled(time.Duration(units) * 10 * time.Millisecond)
}

// maxHurries is how often a change is tried again at once after the far side's that it crossed:
// it would not end with one that refuses and asks in turn.
const maxHurries = 2

// enough is what ends the wait after res early, nil for nothing: what m crossed is through.
func (m *modification) enough(res *sip.Response, tries int) <-chan struct{} {
	if res == nil || res.StatusCode != sip.StatusRequestPending || tries >= maxHurries {
		return nil
	}
	return m.through
}
