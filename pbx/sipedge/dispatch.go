package sipedge

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// receive takes one message that was read. It runs in the reader's goroutine, so
// that transactions begin in order of arrival, and does not wait for handlers.
func (e *Edge) receive(m message, p path) {
	switch {
	case m.res != nil:
		e.receiveResponse(m, p)
	case m.req == nil:
		e.stats.Junk.Add(1)
	default:
		e.receiveRequest(m, p)
	}
}

func (e *Edge) receiveRequest(m message, p path) {
	f := m.fault
	if f == nil {
		f = e.validate(m.req)
	}
	if f != nil {
		e.refuse(m.req, p, f)
		return
	}
	e.addressed(m.req, p)
	switch m.req.Method {
	case sip.ACK:
		e.receiveAck(m.req, p)
	case sip.CANCEL:
		e.receiveCancel(m.req, p)
	default:
		e.begin(m.req, p)
	}
}

// addressed marks on the top Via where the request came from (§18.2.1,
// RFC 3581 §4).
func (e *Edge) addressed(req *sip.Request, p path) {
	f := p.flow()
	source := f.Remote.String()
	host, port, _ := cutLast(source, ':')
	host = strings.Trim(host, "[]")
	req.SetTransport(transportText(f))
	req.SetSource(source)
	via := topVia(req)
	if v, ok := via.Params.Get("rport"); ok {
		if v == "" {
			via.Params.Add("rport", port)
		}
		via.Params.Add("received", host)
	} else if via.Host != host {
		via.Params.Add("received", host)
	}
}

// begin starts the transaction of a request, or finds that it came before.
func (e *Edge) begin(req *sip.Request, p path) {
	entry, held, what := e.txs.enter(e.base(), e, req, p)
	switch what {
	case arrivedAgain:
		entry.again()
		return
	case arrivedMerged:
		e.refuse(req, p, &fault{code: sip.StatusLoopDetected, reason: "Merged Request"})
		return
	case arrivedTooMany:
		e.refuse(req, p, e.busy())
		return
	}
	w := entry.(*serverTx)
	p.watch(w)
	if held != nil {
		held.timer.Stop()
		w.cancelBy(held.req, held.path)
	}
	e.handle(w)
}

func (e *Edge) busy() *fault {
	return &fault{
		code: sip.StatusServiceUnavailable, reason: "Too Busy",
		headers: []sip.Header{sip.NewHeader("Retry-After", "5")},
	}
}

// receiveAck gives an ACK to the INVITE that was refused (§17.2.1), or to the
// handler when it acknowledges a 2xx.
func (e *Edge) receiveAck(req *sip.Request, p path) {
	if w := e.txs.invite(e.hasher.inviteKey(req, p)); w != nil && w.acked() {
		return
	}
	e.handleAck(req, p.flow())
}

// heldCancel is a CANCEL that came before its INVITE.
type heldCancel struct {
	req   *sip.Request
	path  path
	timer *time.Timer
}

// receiveCancel cancels an INVITE (§9.2). The INVITE may have been overtaken on
// the way: it gets half a second.
func (e *Edge) receiveCancel(req *sip.Request, p path) {
	key := e.hasher.inviteKey(req, p)
	if w := e.txs.invite(key); w != nil {
		w.cancelBy(req, p)
		return
	}
	if !e.hold(key, &heldCancel{req: req, path: p}) {
		e.refuse(req, p, unknownTransaction())
	}
}

// hold keeps a CANCEL for its INVITE; false means that too many are kept.
func (e *Edge) hold(key id, h *heldCancel) bool {
	e.txs.mu.Lock()
	defer e.txs.mu.Unlock()
	if e.txs.held[key] != nil {
		return true // the CANCEL again
	}
	if len(e.txs.held) >= heldCancels {
		return false
	}
	e.txs.held[key] = h
	h.timer = time.AfterFunc(cancelWait, func() { e.giveUp(key, h) })
	return true
}

func (e *Edge) giveUp(key id, h *heldCancel) {
	e.txs.mu.Lock()
	mine := e.txs.held[key] == h
	if mine {
		delete(e.txs.held, key)
	}
	e.txs.mu.Unlock()
	if mine {
		e.refuse(h.req, h.path, unknownTransaction())
	}
}

func unknownTransaction() *fault {
	return &fault{code: sip.StatusCallTransactionDoesNotExists, reason: "Call/Transaction Does Not Exist"}
}

func oneVia(res *sip.Response) bool {
	n := 0
	for range named(res, "Via") {
		n++
	}
	return n == 1
}

// receiveResponse gives a response to its request (§17.1.3). What is not an
// answer to a request of this process, or malformed, is dropped (§18.1.2).
func (e *Edge) receiveResponse(m message, p path) {
	res := m.res
	via := res.Via()
	if m.fault != nil {
		e.unreadable(res, p, m.fault)
	}
	if m.fault != nil || via == nil || res.From() == nil || res.To() == nil || res.CallID() == nil || res.CSeq() == nil {
		e.stats.Junk.Add(1)
		return
	}
	branch, _ := via.Params.Get("branch")
	if !e.isOurs(branch) || !oneVia(res) {
		e.stats.Junk.Add(1)
		return
	}
	f := p.flow()
	res.SetTransport(transportText(f))
	res.SetSource(f.Remote.String())
	if w := e.txs.answerTo(clientKey{branch, res.CSeq().MethodName}); w != nil {
		w.receive(res, f)
		return
	}
	e.stray(res, f)
}

// unreadable says that a far side does answer, which looks else as if it did not.
func (e *Edge) unreadable(res *sip.Response, p path, f *fault) {
	via, cseq := res.Via(), res.CSeq()
	if via == nil || cseq == nil {
		return
	}
	branch, _ := via.Params.Get("branch")
	if e.isOurs(branch) && e.txs.answerTo(clientKey{branch, cseq.MethodName}) != nil {
		e.log.Warn("an answer is ignored, as it cannot be read", "flow", p.flow().String(), "method", cseq.MethodName, "status", res.StatusCode, "why", f.reason)
	}
}
