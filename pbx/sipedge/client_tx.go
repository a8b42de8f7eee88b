package sipedge

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// clientTx is a client transaction (RFC 3261 §17.1). Responses queue, so that
// nothing waits for a reader that is late or has left. With its final response it
// leaves the table: the layer above alone decides how long it lives.
type clientTx struct {
	ending
	edge *Edge
	path path
	key  clientKey
	out  chan *sip.Response

	mu     sync.Mutex
	final  int           // status code of the final response, 0 before it
	text   []byte        // the request as it went out, until the final response
	pause  time.Duration // until it is sent again (Timers A and E), 0 for never
	repeat *alarm
	limit  *alarm // Timers B and F; after the final response: Done
	more   sip.FnTxResponse
}

// Responses that wait for the reader: an INVITE may ring for long before it is
// answered.
const (
	inviteQueue = 16
	otherQueue  = 4
)

// startClient sends a request, whose text it copies, and follows its transaction.
func (e *Edge) startClient(req *sip.Request, text []byte, p path) (*clientTx, error) {
	branch, _ := req.Via().Params.Get("branch")
	w := &clientTx{edge: e, path: p, key: clientKey{branch, req.Method}, text: bytes.Clone(text)}
	w.out = make(chan *sip.Response, otherQueue)
	if w.invite() {
		w.out = make(chan *sip.Response, inviteQueue)
	}
	if err := e.txs.enterClient(w); err != nil {
		return nil, err
	}
	p.watch(w)
	if err := w.start(); err != nil {
		w.fail(err)
		return nil, err
	}
	return w, nil
}

func (w *clientTx) invite() bool { return w.key.method == sip.INVITE }

// start sends the request and sets its timers. No response is taken before that.
func (w *clientTx) start() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.path.write(w.text); err != nil {
		return errors.Join(sip.ErrTransactionTransport, err)
	}
	if !w.path.flow().Reliable() {
		w.pause = w.edge.t1
		w.repeat = w.edge.clock.after(w.pause, w.resend)
	}
	w.limit = w.edge.clock.after(64*w.edge.t1, w.timeout)
	return nil
}

// resend repeats the request over UDP: an INVITE at intervals that double, others
// at intervals that grow to T2 (§17.1.1.2, §17.1.2.2).
func (w *clientTx) resend() {
	w.mu.Lock()
	if w.final != 0 || w.pause == 0 || w.Err() != nil {
		w.mu.Unlock()
		return
	}
	w.pause *= 2
	if !w.invite() {
		w.pause = min(w.pause, w.edge.t2)
	}
	w.repeat = w.edge.clock.after(w.pause, w.resend)
	err := w.path.write(w.text)
	w.mu.Unlock()
	if err != nil {
		w.fail(errors.Join(sip.ErrTransactionTransport, err))
	}
}

func (w *clientTx) timeout() {
	w.fail(fmt.Errorf("no response to %s: %w", w.key.method, sip.ErrTransactionTimeout))
}

// receive takes a response.
func (w *clientTx) receive(res *sip.Response, f Flow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.final != 0:
		w.late(res, f)
	case w.Err() != nil:
		w.edge.stray(res, f)
	case res.IsProvisional():
		w.proceed()
		w.queue(res)
	default:
		w.finish(res)
		w.queue(res)
	}
}

// proceed: an INVITE that rings is not repeated and may ring for ever.
func (w *clientTx) proceed() {
	if w.invite() {
		w.pause = 0
		w.repeat.stop()
		w.limit.stop()
	} else if w.pause > 0 {
		w.pause = w.edge.t2
	}
}

// finish takes the final response; w.mu is held. Who waits for it still finds it:
// Done follows later.
func (w *clientTx) finish(res *sip.Response) {
	w.final = res.StatusCode
	w.repeat.stop()
	w.limit.stop()
	w.path.unwatch(w)
	var a *answered
	switch {
	case w.invite() && res.StatusCode >= 300:
		ack := w.acknowledge(res)
		if ack != nil && !w.path.flow().Reliable() {
			a = &answered{edge: w.edge, key: w.key, path: w.path, ack: ack}
		}
	case w.invite() && w.more != nil:
		a = &answered{edge: w.edge, key: w.key, more: w.more}
	}
	w.text, w.more = nil, nil
	w.edge.txs.replaceClient(w, a)
	if a != nil {
		w.edge.txs.repeated.add(a)
	}
	w.limit = w.edge.clock.after(w.edge.t4, func() { w.end(sip.ErrTransactionTerminated) })
}

// acknowledge sends the ACK for a refusal (§17.1.1.3) and gives its text.
func (w *clientTx) acknowledge(res *sip.Response) []byte {
	m := parseHead(w.text[:max(0, headEnd(w.text, 0))])
	if m.req == nil || m.req.Via() == nil {
		return nil
	}
	b, err := encode(ackFor(m.req, res))
	if err != nil {
		return nil
	}
	defer release(b)
	_ = w.path.write(b.Bytes())
	return bytes.Clone(b.Bytes())
}

func ackFor(invite *sip.Request, res *sip.Response) *sip.Request {
	ack := sip.NewRequest(sip.ACK, invite.Recipient)
	ack.AppendHeader(invite.Via())
	for _, h := range invite.Headers() {
		if r, ok := h.(*sip.RouteHeader); ok {
			ack.AppendHeader(r)
		}
	}
	hops := sip.MaxForwardsHeader(70)
	ack.AppendHeader(&hops)
	ack.AppendHeader(invite.From())
	ack.AppendHeader(sip.HeaderClone(res.To()))
	ack.AppendHeader(invite.CallID())
	ack.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.ACK})
	return ack
}

// late takes a response that comes in the moment after the final one.
func (w *clientTx) late(res *sip.Response, f Flow) {
	if a := w.edge.txs.answerTo(w.key); a != nil && a != clientEntry(w) {
		a.receive(res, f)
		return
	}
	w.edge.stray(res, f)
}

// queue keeps a response for the reader. When nobody reads, provisional ones are
// dropped; a final one makes room for itself.
func (w *clientTx) queue(res *sip.Response) {
	for {
		select {
		case w.out <- res:
			return
		default:
		}
		if res.IsProvisional() {
			return
		}
		select {
		case <-w.out:
		default:
		}
	}
}

// fail ends the transaction.
func (w *clientTx) fail(err error) {
	if !w.end(err) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.repeat.stop()
	w.limit.stop()
	w.more = nil
	if w.final == 0 {
		w.text = nil
		w.path.unwatch(w)
		w.edge.txs.replaceClient(w, nil)
	}
}

// Terminate forgets the transaction at once.
func (w *clientTx) Terminate() { w.fail(sip.ErrTransactionTerminated) }

// Responses gives the responses in order of arrival. It need not be read.
func (w *clientTx) Responses() <-chan *sip.Response { return w.out }

// OnRetransmission has f called, in a goroutine of its own, with every 2xx to an
// INVITE after the first: copies of it, and those of other branches of a fork
// (RFC 6026 §7.2). f is kept for 64*T1 after the first 2xx, with all that it
// refers to. Without it these 2xx go to OnStray. False means that the transaction
// is over.
func (w *clientTx) OnRetransmission(f sip.FnTxResponse) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.final == 0 {
		w.more = f
		return w.Err() == nil
	}
	if !w.invite() || w.final >= 300 {
		return false
	}
	a := &answered{edge: w.edge, key: w.key, more: f}
	w.edge.txs.replaceClient(w, a)
	w.edge.txs.repeated.add(a)
	return true
}

// FlowOf is the flow on which a request went out, for what has to follow it
// there: its CANCEL, its ACK and the requests of its dialog.
func FlowOf(tx sip.ClientTransaction) Flow {
	if w, ok := tx.(*clientTx); ok {
		return w.path.flow()
	}
	return Flow{}
}

// answered is what stays for 64*T1 of an INVITE of ours after its final response:
// of a refusal over UDP its ACK, to be repeated (Timer D), of a 2xx what
// OnRetransmission asked for (RFC 6026 §7.2, Timer M).
type answered struct {
	edge *Edge
	key  clientKey
	path path
	ack  []byte
	more sip.FnTxResponse
}

func (a *answered) receive(res *sip.Response, f Flow) {
	switch {
	case res.IsProvisional():
	case res.IsSuccess() && a.more != nil:
		a.edge.background("retransmitted response", func() { a.more(res) })
	case res.IsSuccess():
		a.edge.stray(res, f)
	case a.ack != nil:
		_ = a.path.write(a.ack)
	}
}

func (a *answered) forget() { a.edge.txs.dropAnswered(a) }
