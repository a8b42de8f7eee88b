package dialplan

import "context"

// gaveUp takes the steps for a caller that hung up while phones rang; err is how the
// call ends whatever they do.
func (s *Dial) gaveUp(ctx context.Context, r *Run, err error) error {
	e := asEnded(context.Cause(ctx))
	if !e.Remote || e.Cause != CauseCancelled && e.Cause != CauseNormal || len(s.On.Cancelled) == 0 {
		return err
	}
	r.outcome = CauseCancelled.String()
	r.note("the caller gave up, so on cancelled")
	_ = r.take(context.WithoutCancel(ctx), s.On.Cancelled) // the call is over already
	return err
}

// withoutCaller checks that steps need nobody to hear them.
func (c *checker) withoutCaller(steps Steps) {
	walk(steps, func(s Step) {
		switch s := s.(type) {
		case *Log, *Set, *If, *Switch, *Webhook, *Email:
		case *CallSubplan:
			if sub := c.spec.Subplans[s.Name.Value]; sub != nil && !c.silent[sub] {
				c.silent[sub] = true
				c.withoutCaller(sub.Do)
			}
		default:
			c.fail(s.Where(), s.String()+" is of no use on cancelled: the caller has gone", "log, webhook, email, set, if, switch and call can stand there")
		}
	})
}
