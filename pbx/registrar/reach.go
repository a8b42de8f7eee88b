package registrar

import (
	"time"

	"dialtone/storage"
)

// missesToLose is how many questions in a row a phone that used to answer may
// leave unanswered before it is Lost.
const missesToLose = 3

// Answered notes that the phone answered OPTIONS over flow after rtt. It means
// nothing when the contact is gone or has moved since.
func (r *Registrar) Answered(k storage.ContactKey, flow Flow, rtt time.Duration) {
	r.change(func(ch *changes) {
		b := r.find(k)
		if b == nil || b.Peer != flow.unmapped() || b.Status == Gone {
			return
		}
		was := b.Status
		b.Status, b.RTT, b.LastSeen, b.misses = Reachable, rtt, ch.now, 0
		if was != Reachable {
			ch.note(Answers, b, "")
		}
	})
}

// Unanswered notes that the phone did not answer OPTIONS over flow. again says
// that it is to be asked again soon: it used to answer and is not Lost yet.
func (r *Registrar) Unanswered(k storage.ContactKey, flow Flow) (again bool) {
	r.change(func(ch *changes) {
		b := r.find(k)
		// One that never answered may be a phone that ignores OPTIONS.
		if b == nil || b.Peer != flow.unmapped() || b.Status != Reachable {
			return
		}
		if b.misses++; b.misses < missesToLose {
			again = true
			return
		}
		b.Status = Lost
		ch.note(Silent, b, "")
	})
	return again
}

// browserGrace is how long a browser whose connection has closed has to come back. Each
// time that it loads its page it is another phone; the old one is to be forgotten.
const browserGrace = 30 * time.Second

// FlowGone notes that a connection is closed: its contacts are Gone until they
// register again. Those of browsers are forgotten soon.
func (r *Registrar) FlowGone(flow Flow) {
	flow = flow.unmapped()
	r.change(func(ch *changes) {
		var gone []*binding
		for _, b := range r.byFlow[flow.Remote] {
			if b.Peer == flow {
				gone = append(gone, b)
			}
		}
		for _, b := range gone {
			r.leaveFlow(b)
			b.Status, b.RTT = Gone, 0
			if end := ch.now.Add(browserGrace); flow.webSocket() && end.Before(b.Expires) {
				b.Expires = end
				r.expiry.fix(b)
				ch.wake = ch.wake || b.index == 0
			}
			ch.note(Closed, b, "")
		}
	})
}
