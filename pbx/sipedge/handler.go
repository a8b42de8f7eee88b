package sipedge

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Handler serves one request in a goroutine of its own. ctx is described in the
// package comment. For ACK, tx takes no answer. A handler may return before it
// has answered, when something else answers through tx; what is no INVITE is
// forgotten 32 s after it came. A handler that panics answers 500.
type Handler func(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow Flow)

// Handle has h called for requests of a method. Without a handler a method is
// answered 405 or 501. OPTIONS outside of dialogs, and CANCEL, the edge answers
// by itself. Call it before Run.
func (e *Edge) Handle(method sip.RequestMethod, h Handler) { e.handlers[method] = h }

// Refuse is Handle for a method that h refuses, each time: Allow does not name it.
func (e *Edge) Refuse(method sip.RequestMethod, h Handler) {
	e.Handle(method, h)
	e.refused = append(e.refused, method)
}

// Supported adds option tags (RFC 3261 §19.2) to those that a request may
// require. Call it before Run.
func (e *Edge) Supported(tags ...string) { e.supported = append(e.supported, tags...) }

// Allow is the value of the Allow header: all methods that are handled and not
// refused.
func (e *Edge) Allow() string {
	list := []string{string(sip.OPTIONS), string(sip.CANCEL)}
	for m := range e.handlers {
		if m != sip.OPTIONS && m != sip.CANCEL && !slices.Contains(e.refused, m) {
			list = append(list, string(m))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// OnClose has f called after a TCP or TLS connection has closed. Call it before
// Run.
func (e *Edge) OnClose(f func(Flow)) { e.onClose = append(e.onClose, f) }

// OnStray has f called with final responses to INVITEs of ours whose transaction is over,
// such as a late 2xx, which wants ACK and BYE, and with those 2xx after the first
// that no OnRetransmission asked for. Call it before Run.
func (e *Edge) OnStray(f func(*sip.Response, Flow)) { e.onStray = append(e.onStray, f) }

func (e *Edge) closed(f Flow) {
	for _, hook := range e.onClose {
		func() {
			defer e.survive("close hook")
			hook(f)
		}()
	}
}

// stray runs the hooks in a goroutine of their own: they answer, which may wait.
// So late, only the final responses to an INVITE matter.
func (e *Edge) stray(res *sip.Response, f Flow) {
	if len(e.onStray) == 0 || res.IsProvisional() || res.CSeq().MethodName != sip.INVITE {
		return
	}
	e.background("stray response", func() {
		for _, hook := range e.onStray {
			hook(res, f)
		}
	})
}

// background runs what may wait as a handler does, unless there are too many.
func (e *Edge) background(what string, do func()) {
	if !e.slot() {
		return
	}
	e.work.Go(func() {
		defer e.slots.Add(-1)
		defer e.survive(what)
		do()
	})
}

// slot counts one more handler; false when there are too many.
func (e *Edge) slot() bool {
	if e.slots.Add(1) > int64(e.limits.Handlers) {
		e.slots.Add(-1)
		return false
	}
	return true
}

// handle starts the handler of a new request when its turn has come.
func (e *Edge) handle(w *serverTx) {
	h := e.handlers[w.req.Method]
	if w.req.Method == sip.OPTIONS && (h == nil || !w.req.To().Params.Has("tag")) {
		h = e.options
	}
	ok := e.slot() && e.enterLane(&w.turn, func() {
		e.work.Go(func() {
			defer e.slots.Add(-1)
			defer w.turn.leave()
			defer w.handled()
			defer e.crashed(w)
			h(context.WithValue(w.ctx, turnKey{}, &w.turn), w.req, w, w.path.flow())
		})
	})
	if !ok {
		res := e.response(w.req, sip.StatusServiceUnavailable, "Too Busy")
		res.AppendHeader(sip.NewHeader("Retry-After", "5"))
		_ = w.Respond(res)
		w.handled()
	}
}

// enterLane gives the slot back when the lane is too long.
func (e *Edge) enterLane(t *turn, start func()) bool {
	if t.enter(start) {
		return true
	}
	e.slots.Add(-1)
	return false
}

func (e *Edge) handleAck(req *sip.Request, f Flow) {
	h := e.handlers[sip.ACK]
	if h == nil || !e.slot() {
		return
	}
	t := &turn{lanes: &e.lanes, id: req.CallID().Value()}
	e.enterLane(t, func() {
		e.work.Go(func() {
			defer e.slots.Add(-1)
			defer t.leave()
			defer e.survive("ACK handler")
			h(context.WithValue(e.base(), turnKey{}, t), req, ackTx{}, f)
		})
	})
}

// crashed is deferred round a handler: a panic is logged and answered 500.
func (e *Edge) crashed(w *serverTx) {
	v := recover()
	if v == nil {
		return
	}
	e.stats.Panics.Add(1)
	e.log.Error("a SIP handler failed; the request is answered 500",
		"method", w.req.Method, "call_id", w.req.CallID().Value(), "panic", v, "stack", string(debug.Stack()))
	_ = w.Respond(e.response(w.req, sip.StatusInternalServerError, "Server Internal Error"))
}

// survive is deferred round work on one message: a panic costs that message only.
func (e *Edge) survive(what string) {
	if v := recover(); v != nil {
		e.stats.Panics.Add(1)
		e.log.Error("handling SIP failed", "what", what, "panic", v, "stack", string(debug.Stack()))
	}
}

// options answers OPTIONS outside of a dialog (RFC 3261 §11.2), and one in a
// dialog when nobody else does.
func (e *Edge) options(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
	res := e.response(req, sip.StatusOK, "OK")
	res.AppendHeader(sip.NewHeader("Allow", e.Allow()))
	res.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	res.AppendHeader(sip.NewHeader("Accept-Encoding", "identity"))
	res.AppendHeader(sip.NewHeader("Accept-Language", "en"))
	if len(e.supported) > 0 {
		res.AppendHeader(sip.NewHeader("Supported", strings.Join(e.supported, ", ")))
	}
	_ = tx.Respond(res)
}
