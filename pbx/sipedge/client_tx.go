package sipedge

import (
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// clientTx is a client transaction (RFC 3261 §17.1). sipgo's state machine waits,
// locked, until a response has been read; here responses queue, so that nothing
// waits for a reader that is late or has left.
type clientTx struct {
	tx   *sip.ClientTx
	edge *Edge
	req  *sip.Request
	path path
	key  clientKey

	// feed lets one response at a time into the state machine, and none before it
	// has set its timers: an answer quicker than that would leave Timer B running
	// for a call that rings.
	feed sync.Mutex

	out  chan *sip.Response
	done chan struct{}

	mu    sync.Mutex
	over  bool // done is closed
	final bool
	err   error
}

const responseQueue = 64

// startClient sends req and follows its transaction.
func (e *Edge) startClient(req *sip.Request, p path) (*clientTx, error) {
	branch, _ := req.Via().Params.Get("branch")
	w := &clientTx{
		edge: e, req: req, path: p, key: clientKey{branch, req.Method},
		out: make(chan *sip.Response, responseQueue), done: make(chan struct{}),
	}
	w.tx = sip.NewClientTx(branch, req, p, e.quiet)
	if err := e.txs.enterClient(w.key, w); err != nil {
		return nil, err
	}
	p.Ref(1)
	p.watch(w)
	w.tx.OnTerminate(w.ended)
	w.feed.Lock()
	err := w.tx.Init()
	w.feed.Unlock()
	if err != nil {
		w.fail(err)
		return nil, err
	}
	return w, nil
}

// receive feeds a response to the state machine and queues what that passes on.
func (w *clientTx) receive(res *sip.Response) {
	w.feed.Lock()
	defer w.feed.Unlock()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case r := <-w.tx.Responses():
				w.queue(r)
			case <-stop:
				return
			}
		}
	}()
	w.tx.Receive(res)
	close(stop)
	<-stopped
	if !res.IsProvisional() && !w.req.IsInvite() {
		// Timer K (§17.1.2.2): sipgo waits 32 s, for no reason.
		time.AfterFunc(sip.T4, w.tx.Terminate)
	}
}

// queue keeps a response for the reader. When nobody reads, provisional ones are
// dropped; a final one makes room for itself.
func (w *clientTx) queue(res *sip.Response) {
	w.mu.Lock()
	w.final = w.final || !res.IsProvisional()
	w.mu.Unlock()
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

// ended is called by sipgo when the state machine has ended. Who waits for the
// final response still finds it: Done follows later then.
func (w *clientTx) ended(string, error) {
	w.edge.txs.dropClient(w.key)
	w.path.unwatch(w)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	if w.final {
		time.AfterFunc(sip.T4, func() { w.close(nil) })
		return
	}
	w.over = true
	close(w.done)
}

// close closes Done; it says whether that was not done before.
func (w *clientTx) close(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.over, w.err = true, err
	close(w.done)
	return true
}

// fail ends the transaction.
func (w *clientTx) fail(err error) {
	if w.close(err) {
		w.tx.Terminate()
	}
}

// Terminate forgets the transaction at once.
func (w *clientTx) Terminate() {
	if !w.close(sip.ErrTransactionTerminated) {
		return
	}
	w.tx.Terminate()
}

// OnTerminate has f called when the transaction ends; f may not call it.
func (w *clientTx) OnTerminate(f sip.FnTxTerminate) bool { return w.tx.OnTerminate(f) }

// Done is closed when the transaction has ended. A final response can be read
// before that.
func (w *clientTx) Done() <-chan struct{} { return w.done }

// Err says why the transaction ended: ErrFlowGone, sip.ErrTransactionTimeout, ...
func (w *clientTx) Err() error {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.tx.Err()
}

// Responses gives the responses in order of arrival. It need not be read.
func (w *clientTx) Responses() <-chan *sip.Response { return w.out }

// OnRetransmission has f called, in a goroutine of its own, with every 2xx to an
// INVITE after the first: copies of it, and those of other branches of a fork
// (RFC 6026 §7.2).
func (w *clientTx) OnRetransmission(f sip.FnTxResponse) bool {
	e := w.edge
	return w.tx.OnRetransmission(func(res *sip.Response) {
		if !e.slot() {
			return
		}
		e.work.Go(func() {
			defer e.slots.Add(-1)
			defer e.survive("retransmitted response")
			f(res)
		})
	})
}

// FlowOf is the flow on which a request went out, for what has to follow it
// there: its CANCEL, its ACK and the requests of its dialog.
func FlowOf(tx sip.ClientTransaction) Flow {
	if w, ok := tx.(*clientTx); ok {
		return w.path.flow()
	}
	return Flow{}
}
