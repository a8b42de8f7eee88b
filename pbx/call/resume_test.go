package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// A phone that has lost its dialog goes on in its own place: the limit of its calls does not
// keep it out, nobody is told anything, and there is one record.
func TestAPhoneGoesOnInItsCall(t *testing.T) {
	eitherSide(t, func() book { return book{} }, func(t *testing.T, p *pair, by int) {
		one := p.cfg.Extensions[p.legs[by].party]
		one.MaxCalls = 1
		p.cfg.Extensions[p.legs[by].party] = one
		before, again := p.legs[by], newLeg(p.legs[by].party, codec.PCMA, codec.PCMU)
		take := call.Taking{Leg: before.id, Of: before.party, Resumes: true}
		if e := p.TakeOver(again, dialplan.Facts{From: before.party, Extension: before.party}, take); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Second)
		hear(t, p.legs[1-by], again)
		want(t, "calls", p.Len(), 1)
		want(t, "the old leg is over", before.ctx.Err() != nil, true)
		want(t, "what is spoken", again.media.Formats()[0].Name, codec.PCMU.Name)
		want(t, "who it is to the other one", p.legs[1-by].party == p.legs[1-by].with.Number, false)
		again.bye(dialplan.CauseNormal)
		list := p.all(t, 1)
		last := list[0].Legs[len(list[0].Legs)-1]
		want(t, "instead of", last.Replaces, before.id)
		want(t, "who called", list[0].From, "100")
	})
}

// Nobody else goes on in a phone's place.
func TestOthersDoNotGoOnInACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := talking(t, book{})
		for _, who := range []string{"102", ""} {
			e := p.TakeOver(newLeg(who, codec.PCMU), dialplan.Facts{From: who, Extension: who}, call.Taking{Leg: p.legs[1].id, Of: "101", Resumes: true})
			want(t, "refused "+who, e != nil && e.Cause == dialplan.CauseForbidden, true)
		}
		hear(t, p.legs[0], p.legs[1])
		p.legs[0].bye(dialplan.CauseNormal)
		p.all(t, 1)
	})
}

// A place that is not there any more cannot be gone on in.
func TestNobodyGoesOnInACallThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := talking(t, book{})
		gone := p.legs[1]
		p.legs[0].bye(dialplan.CauseNormal)
		p.all(t, 1)
		e := p.TakeOver(newLeg("101", codec.PCMU), dialplan.Facts{From: "101", Extension: "101"}, call.Taking{Leg: gone.id, Of: "101", Resumes: true})
		want(t, "refused", e != nil && e.Cause == dialplan.CauseNoCall, true)
	})
}
