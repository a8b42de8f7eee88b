package toll

import (
	"time"

	"dialtone/dialplan"
	"dialtone/dialplan/number"
	"dialtone/pbx/call"
)

// permit implements call.Permit.
type permit struct {
	guard *Guard
	// The mutex of guard guards what follows.
	entry entry // empty: the call counts nowhere
	over  bool  // it was released
}

// Move implements call.Permit.
func (p *permit) Move(to call.Toll) error {
	g := p.guard
	g.mu.Lock()
	why, line := p.move(to)
	g.mu.Unlock()
	if line != nil {
		g.log.Warn("call to the outside refused", line...)
	}
	if why != "" {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: why}
	}
	return nil
}

// move is Move: why it may not be, and what the log is to say of it. The mutex of
// guard is held.
func (p *permit) move(to call.Toll) (why string, line []any) {
	g := p.guard
	if p.over {
		return "the call is over", nil
	}
	p.entry.take()
	var d decision
	counts := false
	minute := int64(time.Since(g.start) / time.Minute)
	if !helped(to) {
		d = g.judge(g.config(), to)
		counts = !d.free && d.kind != number.ClassEmergency
	}
	if d.reason == "" && counts {
		d.reason = g.ledger.exceeded(to.Extension, d.kind, d.limits, minute)
		d.limit = d.reason != ""
	}
	if d.reason != "" {
		p.entry.put()
		return d.reason, g.refused(to, &d)
	}
	p.entry = entry{}
	if g.swept != minute {
		g.swept = minute
		g.ledger.sweep(minute)
	}
	if counts {
		p.entry = g.ledger.begin(to.Extension, d.kind, minute)
	}
	return "", nil
}

// Release implements call.Permit.
func (p *permit) Release() {
	p.guard.mu.Lock()
	defer p.guard.mu.Unlock()
	if !p.over {
		p.over = true
		p.entry.end()
	}
}
