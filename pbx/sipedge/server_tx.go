package sipedge

import (
	"bytes"
	"context"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// serverTx is a server transaction (RFC 3261 §17.2) that has no final answer yet,
// as handlers see it. Once answered, a finished takes its place in the table, so
// that the request lives no longer than its handler wants it.
type serverTx struct {
	*ending
	ids
	edge *Edge
	req  *sip.Request
	path path

	// ctx lives while the asker waits; see the package comment.
	ctx    context.Context //nolint:containedctx // is handed to the handler later
	cancel context.CancelCauseFunc

	turn turn

	mu        sync.Mutex
	returned  bool // the handler has
	final     int  // status code of the final answer, 0 before it
	after     *finished
	cancelled bool
	tag       string // our To tag, the same in every answer (§8.2.6.2)
	last      []byte // the last provisional answer over UDP
	onCancel  []sip.FnTxCancel
	alarm     *alarm // 100 Trying, or the end of a non-INVITE
}

func (e *Edge) newServerTx(ctx context.Context, req *sip.Request, p path, is ids) *serverTx {
	w := &serverTx{ending: &ending{}, ids: is, edge: e, req: req, path: p, turn: turn{lanes: &e.lanes, id: req.CallID().Value()}}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if req.IsInvite() {
		w.alarm = e.clock.after(tryingAfter, w.trying)
	} else {
		w.alarm = e.clock.after(64*e.t1, w.Terminate)
	}
	return w
}

// trying answers 100 to an INVITE that nothing was said to yet (§17.2.1). A
// connection may keep the writer waiting, which the clock does not.
func (w *serverTx) trying() {
	if w.path.flow().Reliable() {
		w.edge.running(func(context.Context) { w.edge.work.Go(w.sayTrying) })
		return
	}
	w.sayTrying()
}

func (w *serverTx) sayTrying() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.final == 0 && w.last == nil && w.Err() == nil {
		_ = w.write(w.edge.response(w.req, sip.StatusTrying, "Trying"))
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
	if err := w.Err(); err != nil && !again {
		return err
	}
	w.edge.completeResponse(w.req, res)
	w.sameTag(res)
	err := w.write(res)
	w.turn.leave()
	return err
}

// write sends an answer and does what follows from it; w.mu is held. An answer
// that cannot be made safe leaves everything as it was.
func (w *serverTx) write(res *sip.Response) error {
	b, err := encode(res)
	if err != nil {
		return err
	}
	defer release(b)
	if w.req.IsInvite() || res.StatusCode >= 200 {
		w.alarm.stop()
	}
	err = w.path.write(b.Bytes())
	switch {
	case w.final != 0: // a 2xx again
	case res.StatusCode >= 200:
		w.finish(res.StatusCode, b.Bytes())
	case !w.path.flow().Reliable():
		w.last = bytes.Clone(b.Bytes())
	}
	return err
}

// finish hands the transaction over; w.mu is held.
func (w *serverTx) finish(code int, answer []byte) {
	w.final, w.last = code, nil
	w.path.unwatch(w)
	w.after = w.edge.finish(w, code, answer)
	if w.returned {
		w.cancel(nil)
	}
}

// again answers a request that came again.
func (w *serverTx) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.after != nil:
		w.after.again()
	case w.last != nil && w.Err() == nil:
		_ = w.path.write(w.last)
	}
}

// acked takes the ACK for a refusal; false means that it is for a 2xx.
func (w *serverTx) acked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.after == nil || w.after.acked()
}

// handled says that the handler has returned.
func (w *serverTx) handled() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.returned = true
	if w.final != 0 {
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

// cancelBy ends an INVITE on CANCEL (§9.2): 200 to the CANCEL, 487 to the INVITE
// unless it has been answered.
func (w *serverTx) cancelBy(req *sip.Request, p path) {
	w.mu.Lock()
	if w.tag == "" {
		w.tag = newTag()
	}
	w.edge.acceptCancel(req, p, w.tag)
	if w.final != 0 || w.Err() != nil {
		w.mu.Unlock()
		return
	}
	w.cancelled = true
	gone := w.edge.response(w.req, sip.StatusRequestTerminated, "Request Terminated")
	w.sameTag(gone)
	_ = w.write(gone)
	listeners := w.onCancel
	w.mu.Unlock()
	w.cancel(ErrCancelled)
	for _, f := range listeners {
		f(req)
	}
	w.turn.leave()
}

// acceptCancel answers 200 to a CANCEL, with the tag of its INVITE (§9.2).
func (e *Edge) acceptCancel(req *sip.Request, p path, tag string) {
	ok := e.response(req, sip.StatusOK, "OK")
	if to := ok.To(); !to.Params.Has("tag") {
		to.Params.Add("tag", tag)
	}
	_ = send(ok, p)
}

// OnCancel has f called, once, when the INVITE is cancelled. False means that it
// will not be, because the transaction has been cancelled already or is over.
func (w *serverTx) OnCancel(f sip.FnTxCancel) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancelled || w.Err() != nil {
		return false
	}
	w.onCancel = append(w.onCancel, f)
	return true
}

// fail ends the transaction because of its connection.
func (w *serverTx) fail(err error) {
	if !w.end(err) {
		return
	}
	w.mu.Lock()
	w.alarm.stop()
	w.path.unwatch(w)
	gone := w.after
	answered := w.final != 0
	w.mu.Unlock()
	if gone != nil {
		w.edge.txs.dropServer(gone.ids, gone)
		gone.dismiss()
		return
	}
	w.edge.txs.dropServer(w.ids, w)
	if !answered {
		w.cancel(err)
	}
}

// Terminate forgets the transaction at once.
func (w *serverTx) Terminate() { w.fail(sip.ErrTransactionTerminated) }

// Acks never gives anything: the ACK for a refusal ends here, and the one for a
// 2xx goes to the handler for ACK.
func (w *serverTx) Acks() <-chan *sip.Request { return nil }

// ackTx stands in where a handler gets an ACK: there is nothing to answer.
type ackTx struct{ done chan struct{} }

func (ackTx) Respond(*sip.Response) error        { return ErrNoAnswer }
func (ackTx) Acks() <-chan *sip.Request          { return nil }
func (ackTx) OnCancel(sip.FnTxCancel) bool       { return false }
func (ackTx) OnTerminate(sip.FnTxTerminate) bool { return false }
func (ackTx) Terminate()                         {}
func (t ackTx) Done() <-chan struct{}            { return t.done }
func (ackTx) Err() error                         { return ErrNoAnswer }
