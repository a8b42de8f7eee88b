package sipedge

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// serverTx is a server transaction (RFC 3261 §17.2) as handlers see it. It keeps
// sipgo's state machine from being fed what it cannot take: a second final
// answer, which it would retransmit in place of the first, or To tags that differ.
type serverTx struct {
	tx    *sip.ServerTx
	edge  *Edge
	req   *sip.Request
	path  path
	key   serverKey
	merge mergeKey

	// ctx lives while the asker waits; see the package comment.
	ctx    context.Context
	cancel context.CancelCauseFunc

	// answered and returned decide who lets go of ctx; the state machine may not
	// wait for mu when it asks.
	answered, returned atomic.Bool

	mu        sync.Mutex
	next      func() // frees the lane
	final     int    // status code of the final answer, 0 before it
	cancelled bool
	over      bool
	err       error
	tag       string // our To tag, the same in every answer (§8.2.6.2)
	onCancel  []sip.FnTxCancel
	timer     *time.Timer // 100 Trying, then the end of a non-INVITE
}

// newServerTx starts a transaction. The caller enters it into its table under the
// same lock.
func (e *Edge) newServerTx(ctx context.Context, req *sip.Request, p path, key serverKey) (*serverTx, error) {
	w := &serverTx{edge: e, req: req, path: p, key: key, next: func() {}}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.tx = sip.NewServerTx(key.branch, req, p, e.quiet)
	if err := w.tx.Init(); err != nil {
		w.cancel(err)
		return nil, err
	}
	p.Ref(1)
	if req.IsInvite() {
		// A request received again stops sipgo's own timer for 100, which could
		// fire after a final answer and replace it.
		_ = w.tx.Receive(req)
		w.timer = time.AfterFunc(tryingAfter, w.trying)
	} else {
		w.timer = time.AfterFunc(64*sip.T1, w.Terminate)
	}
	return w, nil
}

// trying answers 100 to an INVITE that nothing was said to yet (§17.2.1).
func (w *serverTx) trying() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.final == 0 && !w.over {
		_ = w.tx.Respond(w.edge.response(w.req, sip.StatusTrying, "Trying"))
	}
}

// Respond sends an answer, made safe. A second final answer gives ErrAnswered; a
// 2xx to an INVITE may be repeated (RFC 6026 §7.1).
func (w *serverTx) Respond(res *sip.Response) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	again := w.req.IsInvite() && w.final/100 == 2 && res.IsSuccess()
	if w.final != 0 && !again {
		return ErrAnswered
	}
	if w.over {
		if w.err != nil {
			return w.err
		}
		return sip.ErrTransactionTerminated
	}
	if err := w.edge.tidyResponse(w.req, res); err != nil {
		return err
	}
	w.sameTag(res)
	w.stopTimer(res)
	err := w.tx.Respond(res)
	if res.StatusCode >= 200 {
		w.final = res.StatusCode
		w.answered.Store(true)
		if w.returned.Load() {
			w.cancel(nil)
		}
	}
	w.next()
	return err
}

// setNext says what frees the lane in which the handler runs.
func (w *serverTx) setNext(next func()) {
	w.mu.Lock()
	w.next = next
	w.mu.Unlock()
}

// handled says that the handler has returned.
func (w *serverTx) handled() {
	w.returned.Store(true)
	if w.answered.Load() {
		w.cancel(nil)
	}
}

// sameTag puts the tag of the first tagged answer into all later ones.
func (w *serverTx) sameTag(res *sip.Response) {
	to := res.To()
	if to == nil || res.StatusCode == sip.StatusTrying || w.req.To().Params.Has("tag") {
		return
	}
	if w.tag == "" {
		if w.tag, _ = to.Params.Get("tag"); w.tag == "" {
			w.tag = newTag()
		}
	}
	to.Params.Add("tag", w.tag)
}

// stopTimer ends the wait for an answer; when there are very many transactions, a
// finished one is forgotten sooner than after 32 s.
func (w *serverTx) stopTimer(res *sip.Response) {
	if w.req.IsInvite() {
		w.timer.Stop()
		return
	}
	if res.IsProvisional() {
		return
	}
	w.timer.Stop()
	if w.edge.crowded() {
		w.timer = time.AfterFunc(lingerUDP, w.Terminate)
	}
}

// cancelBy ends an INVITE on CANCEL (§9.2): 200 to the CANCEL, 487 to the INVITE
// unless it has been answered.
func (w *serverTx) cancelBy(req *sip.Request, p path) {
	w.mu.Lock()
	if w.tag == "" {
		w.tag = newTag()
	}
	ok := w.edge.response(req, sip.StatusOK, "OK")
	w.sameTag(ok)
	_ = p.WriteMsg(ok)
	if w.final != 0 || w.over {
		w.mu.Unlock()
		return
	}
	w.final, w.cancelled = sip.StatusRequestTerminated, true
	w.answered.Store(true)
	w.timer.Stop()
	gone := w.edge.response(w.req, sip.StatusRequestTerminated, "Request Terminated")
	w.sameTag(gone)
	_ = w.tx.Respond(gone)
	listeners, next := w.onCancel, w.next
	w.mu.Unlock()
	w.cancel(ErrCancelled)
	for _, f := range listeners {
		f(req)
	}
	next()
}

// OnCancel has f called, once, when the INVITE is cancelled. False means that it
// will not be, because the transaction has been cancelled already or is over.
func (w *serverTx) OnCancel(f sip.FnTxCancel) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancelled || w.over {
		return false
	}
	w.onCancel = append(w.onCancel, f)
	return true
}

// ended is called by sipgo when the state machine has ended, possibly while mu is
// held: it may not take it.
func (w *serverTx) ended(_ string, err error) {
	w.edge.txs.dropServer(w)
	w.path.unwatch(w)
	if !w.answered.Load() {
		w.cancel(err)
	}
}

// fail ends the transaction because of its connection.
func (w *serverTx) fail(err error) {
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	w.over, w.err = true, err
	w.timer.Stop()
	w.mu.Unlock()
	if !w.answered.Load() {
		w.cancel(err)
	}
	w.tx.Terminate()
}

// Terminate forgets the transaction at once.
func (w *serverTx) Terminate() { w.fail(sip.ErrTransactionTerminated) }

// OnTerminate has f called when the transaction ends; f may not call it.
func (w *serverTx) OnTerminate(f sip.FnTxTerminate) bool { return w.tx.OnTerminate(f) }

// Done is closed when the transaction has ended.
func (w *serverTx) Done() <-chan struct{} { return w.tx.Done() }

// Err says why the transaction ended.
func (w *serverTx) Err() error {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.tx.Err()
}

// Acks never gives anything: the ACK for a refusal ends here, and the one for a
// 2xx goes to the handler for ACK.
func (w *serverTx) Acks() <-chan *sip.Request { return nil }

// isFinal gives the final answer's code, 0 before it.
func (w *serverTx) isFinal() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.final
}

// ackTx stands in where a handler gets an ACK: there is nothing to answer.
type ackTx struct{ done chan struct{} }

func (ackTx) Respond(*sip.Response) error        { return ErrNoAnswer }
func (ackTx) Acks() <-chan *sip.Request          { return nil }
func (ackTx) OnCancel(sip.FnTxCancel) bool       { return false }
func (ackTx) OnTerminate(sip.FnTxTerminate) bool { return false }
func (ackTx) Terminate()                         {}
func (t ackTx) Done() <-chan struct{}            { return t.done }
func (ackTx) Err() error                         { return ErrNoAnswer }
