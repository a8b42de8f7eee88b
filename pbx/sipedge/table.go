package sipedge

import (
	"context"
	"net/netip"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// serverKey matches a request to its transaction (RFC 3261 §17.2.3). The source
// is part of it: nobody else can cancel or absorb a request by guessing. For a
// branch of RFC 2543, which is not unique, old holds what is compared instead.
type serverKey struct {
	transport string
	remote    netip.AddrPort
	branch    string
	host      string
	port      int
	method    sip.RequestMethod
	old       string
}

// mergeKey is what a merged request has in common with an ongoing one (§8.2.2.2).
type mergeKey struct {
	callID, fromTag string
	seq             uint32
	method          sip.RequestMethod
}

type clientKey struct {
	branch string
	method sip.RequestMethod
}

// table holds the transactions. Its lock is never held while a transaction works.
type table struct {
	limit int

	mu     sync.Mutex
	server map[serverKey]*serverTx
	merged map[mergeKey]*serverTx
	client map[clientKey]*clientTx
	// held are CANCELs that wait for their INVITE.
	held map[serverKey]*heldCancel
}

func newTable(limit int) *table {
	return &table{
		limit: limit, server: map[serverKey]*serverTx{}, merged: map[mergeKey]*serverTx{},
		client: map[clientKey]*clientTx{}, held: map[serverKey]*heldCancel{},
	}
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
func (t *table) enter(e *Edge, ctx context.Context, req *sip.Request, p path, key serverKey) (*serverTx, *heldCancel, arrival) {
	mk := mergeKeyOf(req)
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.server[key]; w != nil {
		return w, nil, arrivedAgain
	}
	if w := t.merged[mk]; mk.callID != "" && w != nil {
		if w.key.transport == key.transport && w.key.branch == key.branch && w.key.host == key.host && w.key.port == key.port {
			return w, nil, arrivedAgain // the same request, its NAT has another port now
		}
		return nil, nil, arrivedMerged
	}
	if len(t.server) >= t.limit {
		return nil, nil, arrivedTooMany
	}
	w, err := e.newServerTx(ctx, req, p, key)
	if err != nil {
		return nil, nil, arrivedTooMany
	}
	w.merge = mk
	t.server[key] = w
	if mk.callID != "" {
		t.merged[mk] = w
	}
	held := t.held[key]
	delete(t.held, key)
	return w, held, arrivedNew
}

// invite finds the INVITE that an ACK or CANCEL with this key is for.
func (t *table) invite(key serverKey) *serverTx {
	key.method = sip.INVITE
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.server[key]
}

func (t *table) dropServer(w *serverTx) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server[w.key] == w {
		delete(t.server, w.key)
	}
	if t.merged[w.merge] == w {
		delete(t.merged, w.merge)
	}
}

func (t *table) enterClient(key clientKey, w *clientTx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.client) >= t.limit {
		return ErrBusy
	}
	t.client[key] = w
	return nil
}

func (t *table) answerTo(key clientKey) *clientTx {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.client[key]
}

func (t *table) dropClient(key clientKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.client, key)
}

func (t *table) sizes() (server, client, held int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.server), len(t.client), len(t.held)
}

// terminate ends all transactions.
func (t *table) terminate() {
	t.mu.Lock()
	var list []failer
	for _, w := range t.server {
		list = append(list, w)
	}
	for _, w := range t.client {
		list = append(list, w)
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

func keyOf(req *sip.Request, p path) serverKey {
	via, f := req.Via(), p.flow()
	branch, _ := via.Params.Get("branch")
	k := serverKey{
		transport: f.Transport, remote: f.Remote, branch: branch,
		host: via.Host, port: via.Port, method: req.Method,
	}
	if !isModern(branch) {
		tag, _ := req.From().Params.Get("tag")
		k.old = req.CallID().Value() + " " + tag + " " + seqText(req) + " " + req.Recipient.String() + " " + via.Value()
	}
	return k
}

func seqText(req *sip.Request) string {
	seq := *req.CSeq()
	seq.MethodName = ""
	return seq.Value()
}

// isModern says whether a branch is unique, as RFC 3261 §8.1.1.7 has it.
func isModern(branch string) bool {
	return len(branch) > len(sip.RFC3261BranchMagicCookie) &&
		branch[:len(sip.RFC3261BranchMagicCookie)] == sip.RFC3261BranchMagicCookie
}

// mergeKeyOf is empty for requests that cannot be merged ones: those in a dialog,
// ACK and CANCEL.
func mergeKeyOf(req *sip.Request) mergeKey {
	tag, ok := req.From().Params.Get("tag")
	if !ok || req.To().Params.Has("tag") || req.IsAck() || req.IsCancel() {
		return mergeKey{}
	}
	return mergeKey{callID: req.CallID().Value(), fromTag: tag, seq: req.CSeq().SeqNo, method: req.Method}
}
