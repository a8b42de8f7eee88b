package peers

import (
	"testing"
	"time"

	"dialtone/internal/testphone"
)

// All forward to each other: nobody rings, and whoever calls is told so.
func TestPhonesForwardInALoop(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.each("forwards", func(o *office, a, b, _ *softphone) {
		a.calls("*72" + b.number)
		a.isAnswered(o.ctx)
		a.isLeft(o.ctx) // after a tone
	})
	loops := 0
	o.each("calls", func(o *office, a, b, _ *softphone) {
		a.calls(b.number)
		a.expect(o.ctx, "to be refused", a.refused)
		loops++
		records(o.ctx, o.t, o.server, "loop", loops)
		for _, p := range o.phones {
			if p.screen.has(p.rings) {
				o.t.Errorf("%s rings", p.name)
			}
		}
	})
	o.each("ends it", func(o *office, a, _, c *softphone) {
		a.calls("*73")
		a.isAnswered(o.ctx)
		a.isLeft(o.ctx)
		c.calls(a.number)
		a.isRung(o.ctx)
		c.hangsUp()
		a.isLeft(o.ctx)
		c.expect(o.ctx, "to give up", c.ended+"|"+c.refused)
	})
}

// An extension has five phones, one of which does not want to be disturbed: the others ring
// until one answers.
func TestPhonesShareAnExtension(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	o := openOffice(t, "100", "100", "100")
	busy := sipp{scenario: "busy", extension: "100", port: freePort(t), calls: len(o.phones)}
	busy.register(o.ctx, t, o.server)
	busyEnds := busy.start(o.ctx, t, o.server)
	desk := o.phone("100", testphone.Options{})
	caller := o.phone("103", testphone.Options{Patience: 10 * time.Second})
	registers(o.ctx, t, o.server, "100", 5)
	o.each("is answered", func(o *office, a, b, c *softphone) {
		call := caller.Dial(o.ctx, "100")
		other := desk.NextCall(o.ctx)
		other.Ring()
		for _, p := range o.phones {
			p.isRung(o.ctx)
		}
		a.tell(a.answer)
		a.isAnswered(o.ctx)
		b.isLeft(o.ctx)
		c.isLeft(o.ctx)
		other.WaitEnded(o.ctx)
		call.WaitAnswered(o.ctx)
		call.Speak(880)
		call.Hears(o.ctx, a.hz)
		a.listens(o.ctx, 880)
		call.Hangup()
		a.isLeft(o.ctx)
	})
	busyEnds()
}
