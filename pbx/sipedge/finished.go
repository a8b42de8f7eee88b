package sipedge

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// finished is what stays of a server transaction after its final answer, for
// 64*T1: what it takes to know the request again, and the answer for as long as
// that may have to be repeated.
//
//	no INVITE, UDP   the answer, sent whenever the request comes (Timer J);
//	                 over TCP and TLS nothing stays
//	INVITE, refused  the answer, sent again until the ACK (Timers G and H); then
//	                 nothing but the identity, for more ACKs (Timer I)
//	INVITE, 2xx      the identity: the INVITE is absorbed, ACKs go to the handler
//	                 (RFC 6026 §7.1, Timer L)
type finished struct {
	ids
	edge     *Edge
	path     path
	ending   *ending
	accepted bool
	tag      string // of an INVITE: what a late CANCEL is answered with

	mu     sync.Mutex
	answer []byte
	pause  time.Duration // until the answer is sent again
	alarm  *alarm
}

// finish puts what has to stay of w in its place; nil is nothing. The caller holds
// w.mu and may reuse answer.
func (e *Edge) finish(w *serverTx, code int, answer []byte) *finished {
	invite, reliable := w.req.IsInvite(), w.path.flow().Reliable()
	if !invite && reliable {
		e.txs.dropServer(w.ids, w)
		w.end(sip.ErrTransactionTerminated)
		return nil
	}
	f := &finished{ids: w.ids, edge: e, path: w.path, ending: w.ending, accepted: invite && code/100 == 2}
	if !f.accepted {
		f.answer = bytes.Clone(answer)
	}
	if invite {
		f.tag = strings.Clone(w.tag)
	}
	if !e.txs.replaceServer(w, f) {
		return f // it has been forgotten before
	}
	if invite && !f.accepted && !reliable {
		f.mu.Lock()
		f.pause = e.t1
		f.alarm = e.clock.after(f.pause, f.repeat)
		f.mu.Unlock()
	}
	e.txs.leaving.add(f)
	return f
}

// again answers a request that came again.
func (f *finished) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answer != nil {
		_ = f.path.write(f.answer)
	}
}

// repeat sends a refusal that has not been acknowledged (Timer G).
func (f *finished) repeat() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answer == nil {
		return
	}
	_ = f.path.write(f.answer)
	f.pause = min(2*f.pause, f.edge.t2)
	f.alarm = f.edge.clock.after(f.pause, f.repeat)
}

// acked takes the ACK for a refusal; false means that it is for a 2xx.
func (f *finished) acked() bool {
	if f.accepted {
		return false
	}
	f.dismiss()
	if f.path.flow().Reliable() {
		f.forget() // Timer I is 0
	}
	return true
}

// dismiss has the answer sent no more.
func (f *finished) dismiss() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = nil
	f.alarm.stop()
}

// forget ends it.
func (f *finished) forget() {
	f.dismiss()
	f.edge.txs.dropServer(f.ids, f)
	f.ending.end(sip.ErrTransactionTerminated)
}

// cancelBy answers a CANCEL that came too late.
func (f *finished) cancelBy(req *sip.Request, p path) { f.edge.acceptCancel(req, p, f.tag) }
