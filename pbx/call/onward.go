package call

import (
	"fmt"
	"slices"

	"dialtone/dialplan"
)

// onward finds whom to ring for a number to which the extension of t forwards.
func (f *forking) onward(t *rung, to, reason string, why *dialplan.Ended) ([]*rung, *dialplan.Ended) {
	c := f.call
	way := append(slices.Clone(t.way), Diversion{From: t.Extension, Reason: reason})
	if n := c.facts.Forwards + len(way) - 1; n >= maxDiversions {
		return nil, &dialplan.Ended{Cause: dialplan.CauseLoop, Detail: fmt.Sprintf("%s: forwarded %d times, no more", path(way, to), n)}
	}
	ring, e := c.board.way(c, t.Extension, to)
	if e != nil {
		return nil, e
	}
	var out []*rung
	for _, target := range ring.Targets {
		name := target.Name()
		passed := slices.ContainsFunc(way, func(d Diversion) bool { return d.From == name })
		switch {
		case target.Outside != nil:
			if e := Forwardable(c.board.plan(), t.Extension, target.Outside); e != nil {
				return nil, e
			}
		case passed && len(ring.Targets) == 1:
			return nil, &dialplan.Ended{Cause: dialplan.CauseLoop, Detail: path(way, name) + " again"}
		case name == c.facts.Extension && len(ring.Targets) == 1:
			return nil, &dialplan.Ended{Cause: dialplan.CauseLoop, Detail: path(way, name) + ", who calls"}
		case passed, name == c.facts.Extension, f.rings(name):
			continue
		}
		out = append(out, &rung{Target: target, release: func() {}, way: way, confirm: ring.Confirm, headers: ring.Headers, instead: why})
	}
	if len(out) == 0 && !f.rings(to) {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: to + " rings nobody else"}
	}
	return out, nil
}

// rings reports whether an extension rings already, or will.
func (f *forking) rings(name string) bool {
	same := func(t *rung) bool { return t.name() == name }
	return slices.ContainsFunc(f.waiting, same) || slices.ContainsFunc(f.started, same)
}

// path is who forwarded to whom, for people.
func path(way []Diversion, to string) string {
	text := way[0].From + " forwards to "
	for _, d := range way[1:] {
		text += d.From + ", who forwards to "
	}
	return text + to
}

// way asks the plan whom a number reaches that an extension would dial.
func (s *Switchboard) way(c *Call, extension, to string) (dialplan.Ringing, *dialplan.Ended) {
	own := s.config().Extensions[extension]
	return Way(s.plan, s, dialplan.Facts{
		CallID: c.id, To: to, From: extension, FromName: own.Name, Extension: extension, Language: own.Language,
	}, func(run *dialplan.Run) {
		run.Lists, run.Shuffle = s.lists, s.shuffle
		if s.now != nil {
			run.Now = s.now
		}
	})
}

// Way finds whom an extension rings that forwards its calls to facts.To. prepare, unless
// nil, completes the run.
func Way(plan func() *dialplan.Plan, phones dialplan.Phones, facts dialplan.Facts, prepare func(*dialplan.Run)) (dialplan.Ringing, *dialplan.Ended) {
	if plan().Emergency(facts.To) {
		return dialplan.Ringing{}, &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "calls are not forwarded to the emergency number " + facts.To}
	}
	run := dialplan.NewRun(facts, plan, phones)
	if prepare != nil {
		prepare(run)
	}
	return run.Way()
}

// Forwardable refuses what an extension may never forward to, whatever its permission, and
// has it pay for the rest.
func Forwardable(plan *dialplan.Plan, extension string, o *dialplan.Outside) *dialplan.Ended {
	if e164 := plan.E164(o.Number); e164 != "" && slices.Contains(plan.Numbers(), e164) {
		return &dialplan.Ended{Cause: dialplan.CauseLoop, Detail: extension + " forwards to " + o.Number + ", which is a number of ours and would come back"}
	}
	if o.Emergency {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "calls are not forwarded to emergency numbers"}
	}
	if o.As == "" {
		o.As = extension
	}
	return nil
}
