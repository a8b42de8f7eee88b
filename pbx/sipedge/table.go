package sipedge

import (
	"context"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// clientKey matches a response to its request (RFC 3261 §17.1.3).
type clientKey struct {
	branch string
	method sip.RequestMethod
}

// serverEntry is a server transaction, before its final answer a *serverTx, then
// a *finished.
type serverEntry interface {
	identity() ids
	// again answers a request that came again.
	again()
	// acked takes the ACK for a refusal; false means that it is for a 2xx.
	acked() bool
	cancelBy(*sip.Request, path)
}

func (is ids) identity() ids { return is }

// clientEntry is a client transaction, before its final answer a *clientTx, then
// an *answered.
type clientEntry interface{ receive(*sip.Response, Flow) }

// table holds the transactions. Its lock is never held while a transaction works.
type table struct {
	limit int // of those that work, server and client each, and as many again that are finished

	mu          sync.Mutex
	server      map[id]serverEntry
	merged      map[id]serverEntry
	client      map[clientKey]clientEntry
	liveServers int
	liveClients int
	// held are CANCELs that wait for their INVITE.
	held map[id]*heldCancel

	leaving  expiry[*finished] // Timers H, I, J and L
	repeated expiry[*answered] // Timers D and M
}

func newTable(limit int, life time.Duration) *table {
	t := &table{
		limit: limit, server: map[id]serverEntry{}, merged: map[id]serverEntry{},
		client: map[clientKey]clientEntry{}, held: map[id]*heldCancel{},
	}
	t.leaving = expiry[*finished]{life: life, limit: limit, over: (*finished).forget}
	t.repeated = expiry[*answered]{life: life, limit: limit, over: (*answered).forget}
	return t
}

// arrival is what a request turns out to be.
type arrival int

const (
	arrivedNew arrival = iota
	arrivedAgain
	arrivedMerged
	arrivedTooMany
)

// enter finds the transaction of a request or starts one.
func (t *table) enter(ctx context.Context, e *Edge, req *sip.Request, p path) (serverEntry, *heldCancel, arrival) {
	is := e.hasher.idsOf(req, p)
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.server[is.key]; w != nil {
		return w, nil, arrivedAgain
	}
	if w := t.merged[is.merged]; w != nil {
		if w.identity().origin == is.origin {
			return w, nil, arrivedAgain // the same request, its NAT has another port now
		}
		return nil, nil, arrivedMerged
	}
	if t.liveServers >= t.limit {
		return nil, nil, arrivedTooMany
	}
	w := e.newServerTx(ctx, req, p, is)
	t.liveServers++
	t.server[is.key] = w
	if is.merged != (id{}) {
		t.merged[is.merged] = w
	}
	held := t.held[is.key]
	delete(t.held, is.key)
	return w, held, arrivedNew
}

// invite finds the INVITE with this key.
func (t *table) invite(key id) serverEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server[key]
}

// replaceServer puts what stays of a transaction in its place; false means that
// it is not there any more.
func (t *table) replaceServer(w *serverTx, f *finished) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[w.key] != serverEntry(w) {
		return false
	}
	t.liveServers--
	t.server[w.key] = f
	if t.merged[w.merged] == serverEntry(w) {
		t.merged[w.merged] = f
	}
	return true
}

func (t *table) dropServer(is ids, w serverEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[is.key] == w {
		delete(t.server, is.key)
		if _, live := w.(*serverTx); live {
			t.liveServers--
		}
	}
	if t.merged[is.merged] == w {
		delete(t.merged, is.merged)
	}
}

func (t *table) enterClient(w *clientTx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.liveClients >= t.limit {
		return ErrBusy
	}
	t.liveClients++
	t.client[w.key] = w
	return nil
}

// replaceClient puts a in the place of w; without one w is forgotten.
func (t *table) replaceClient(w *clientTx, a *answered) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client[w.key] == clientEntry(w) {
		delete(t.client, w.key)
		t.liveClients--
	}
	if a != nil {
		t.client[a.key] = a
	}
}

func (t *table) dropAnswered(a *answered) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.client[a.key] == clientEntry(a) {
		delete(t.client, a.key)
	}
}

func (t *table) answerTo(key clientKey) clientEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.client[key]
}

func (t *table) sizes() (server, client, held int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server), len(t.client), len(t.held)
}

// terminate ends all transactions.
func (t *table) terminate() {
	t.leaving.stop()
	t.repeated.stop()
	t.mu.Lock()
	var list []failer
	for _, w := range t.server {
		if w, ok := w.(*serverTx); ok {
			list = append(list, w)
		}
	}
	for _, w := range t.client {
		if w, ok := w.(*clientTx); ok {
			list = append(list, w)
		}
	}
	for key, h := range t.held {
		h.timer.Stop()
		delete(t.held, key)
	}
	t.mu.Unlock()
	for _, w := range list {
		w.fail(ErrNotRunning)
	}
}
