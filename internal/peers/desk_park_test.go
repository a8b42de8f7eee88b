package peers

import (
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

func TestPhonesPickUpAndPark(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	dave := o.phone("103", testphone.Options{Patience: 10 * time.Second})
	o.each("picks up", func(o *office, a, b, _ *softphone) {
		call := dave.Dial(o.ctx, b.number)
		b.isRung(o.ctx)
		a.calls("*8" + b.number)
		a.isAnswered(o.ctx)
		b.isLeft(o.ctx)
		call.WaitAnswered(o.ctx)
		call.Speak(880)
		call.Hears(o.ctx, a.hz)
		a.listens(o.ctx, 880)
		a.hangsUp()
		a.isLeft(o.ctx)
		call.WaitEnded(o.ctx)
	})
	// It is the same transfer as in TestPhonesTransfer, which each of them makes.
	o.run("parks by transfer", func(o *office) {
		a, b, c := o.phones[0], o.phones[1], o.phones[2]
		b.calls(a.number)
		a.answers(o.ctx)
		b.isAnswered(o.ctx)
		a.transfers("700")
		a.isLeft(o.ctx) // it was told the slot
		o.fetches(c, b)
	})
	o.run("parks by a call", func(o *office) {
		a, b, c := o.phones[1], o.phones[2], o.phones[0]
		a.calls(b.number)
		b.answers(o.ctx)
		a.isAnswered(o.ctx)
		a.consults(o.ctx, "700")
		a.hasAsked(o.ctx)
		a.tell(a.join)
		a.isLeft(o.ctx)
		o.fetches(c, b)
	})
}

// fetches calls the slot in which the other one waits.
func (o *office) fetches(c, waits *softphone) {
	o.t.Helper()
	o.up(1)
	c.calls("701")
	c.isAnswered(o.ctx)
	o.talk(c, waits)
	c.hangsUp()
	c.isLeft(o.ctx)
	waits.isLeft(o.ctx)
}

// up waits until so many calls stand.
func (o *office) up(want int) {
	o.t.Helper()
	var calls []struct{ State string }
	if !callscript.Until(o.ctx, func() bool {
		if o.server.Ctl(o.ctx, &calls, "calls") != nil {
			return false
		}
		n := 0
		for _, c := range calls {
			if c.State == "up" || c.State == "held" {
				n++
			}
		}
		return n == want && len(calls) == want
	}) {
		o.t.Fatalf("the calls are %v, want %d that are up", calls, want)
	}
}
