package peers

import "testing"

func TestPhonesTransfer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.each("blind transfer", blindTransfer)
	o.each("attended transfer", attendedTransfer)
}

// blindTransfer: a is called, holds, resumes and sends who called on to c.
func blindTransfer(o *office, a, b, c *softphone) {
	b.calls(a.number)
	a.answers(o.ctx)
	b.isAnswered(o.ctx)
	o.talk(a, b)
	a.holds(o.ctx)
	a.resumes(o.ctx)
	a.transfers(c.number)
	c.answers(o.ctx)
	a.isLeft(o.ctx)
	o.talk(b, c)
	b.hangsUp()
	b.isLeft(o.ctx)
	c.isLeft(o.ctx)
}

// attendedTransfer: a has called b, asks c, and lets them talk.
func attendedTransfer(o *office, a, b, c *softphone) {
	a.calls(b.number)
	b.answers(o.ctx)
	a.isAnswered(o.ctx)
	o.talk(a, b)
	a.consults(o.ctx, c.number)
	c.answers(o.ctx)
	a.hasAsked(o.ctx)
	c.listens(o.ctx, a.hz)
	a.tell(a.join)
	a.isLeft(o.ctx)
	o.talk(b, c)
	c.hangsUp()
	c.isLeft(o.ctx)
	b.isLeft(o.ctx)
}
