package call

import (
	"context"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

// resume lets a phone go on in its place in a call with a new leg: its page was loaded
// again, and knows the old one by name only. To the others nothing has happened: no other
// call is counted, and none of them is told anything.
func (s *Switchboard) resume(leg Inbound, to *Call, place string) *dialplan.Ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return &dialplan.Ended{Cause: dialplan.CauseShutdown}
	}
	s.running.Go(func() {
		near := Want{Formats: to.agreed(place, leg.Far().Formats), Direction: media.SendRecv}
		near.Made = made(near.Formats)
		err := leg.Answer(leg.Context(), near)
		if err == nil {
			err = to.request(leg.Context(), &change{leg: place, by: leg, resumes: true})
		}
		if err != nil {
			leg.Hangup(to.ended(err))
		}
	})
	return nil
}

// agreed puts the formats first that a leg of the call has agreed on: the others need not
// be asked for anything.
func (c *Call) agreed(leg string, formats []codec.Format) (list []codec.Format) {
	c.mu.Lock()
	p := c.here(leg)
	c.mu.Unlock()
	if p != nil {
		for _, f := range p.leg.Media().Formats() {
			if contains(formats, f) {
				list = append(list, f)
			}
		}
	}
	for _, f := range formats {
		if !contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// succeed lets the leg of a change take the caller's place.
func (c *Call) succeed(ch *change) {
	if !ch.resumes {
		c.continues(ch.story)
		c.replaceCaller(ch.by)
		return
	}
	c.joins(ch.by, c.caller.ID())
	before := c.reseat(ch.by)
	c.follow()
	before.Hangup(resumed())
}

// resumed puts a leg into the place of another one of the same phone.
func (v *conversation) resumed(ctx context.Context, at int, by Leg) {
	c := v.call
	v.part()
	if at == 0 {
		c.succeed(&change{by: by, resumes: true})
		v.caller = c.caller
	} else {
		before := v.callee
		c.joins(by, before.ID())
		v.callee = by
		before.Hangup(resumed())
	}
	v.listen()
	v.introduce()
	v.join(ctx)
}

// resumed is why a leg ends whose phone goes on with another one.
func resumed() *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseTransferred, Detail: "its phone goes on with another leg"}
}
