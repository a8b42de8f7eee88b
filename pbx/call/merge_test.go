package call_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// merges has 101 talk with 100, who has called it, and with 102, whom it has called.
func merges(t *testing.T) (p *pair, carol *fakeLeg, calls []string) {
	t.Helper()
	carol = newLeg("102", codec.PCMU)
	p = talking(t, book{"102": {{"carol", answers(carol, time.Second)}}})
	second := p.calls(t, "101", "102")
	time.Sleep(2 * time.Second)
	return p, carol, []string{"sip-" + p.legs[1].id, "sip-" + second.id}
}

func TestMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, carol, calls := merges(t)
		want(t, "alone in a call", p.Owns(func(string) bool { return true })["101"][0].Alone, false)
		if err := p.Merge(t.Context(), "101", calls); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		own := p.Owns(func(string) bool { return true })
		want(t, "alone with the exchange", own["101"][0].Alone, true)
		want(t, "calls of the one who merged", len(own["101"]), 1)
		want(t, "is in its first one", own["101"][0].SIPCallID, calls[0])
		want(t, "leads", own["101"][0].Leads, true)
		want(t, "members", len(own["101"][0].Members), 3)
		want(t, "others lead", own["100"][0].Leads || own["102"][0].Leads, false)
		want(t, "the others stay", p.legs[0].ctx.Err() == nil && carol.ctx.Err() == nil, true)

		var at string
		for _, m := range own["101"][0].Members {
			if m.Party == "102" {
				at = m.ID
			}
		}
		want(t, "another may mute", errors.Is(p.Member("100", own["100"][0].SIPCallID, at, "mute"), call.ErrNotAllowed), true)
		if err := p.Member("101", calls[0], at, "mute"); err != nil {
			t.Error(err)
		}
		if err := p.Member("101", calls[0], at, "shout"); err == nil {
			t.Error("anything can be done to a member")
		}
		p.legs[1].bye(dialplan.CauseNormal) // the others go on
		time.Sleep(time.Second)
		want(t, "calls", p.Len(), 2)
		carol.bye(dialplan.CauseNormal) // and nobody stays alone
		time.Sleep(time.Second)
		list := p.all(t, 5)
		for _, c := range list[2:] {
			want(t, "came from", c.After != "" && c.TransferredBy != "" && c.Route == "merged" && len(c.Conferences) == 1, true)
		}
		for _, c := range list[:2] {
			want(t, "went on", c.Cause, dialplan.CauseTransferred.String())
		}
	})
}

// Who made the conference goes on in it with another leg, as a page does that is loaded again:
// it is not over, though the others hear nobody meanwhile.
func TestAPhoneGoesOnInAMerger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, carol, calls := merges(t)
		if err := p.Merge(t.Context(), "101", calls); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		carol.bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		again := newLeg("101", codec.PCMU)
		take := call.Taking{Leg: p.legs[1].id, Of: "101", Resumes: true}
		if e := p.TakeOver(again, dialplan.Facts{From: "101", Extension: "101"}, take); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Second)
		own := p.Owns(func(string) bool { return true })["101"]
		want(t, "is in it", len(own) == 1 && len(own[0].Members) == 2 && own[0].Leads, true)
		want(t, "with the other leg", own[0].SIPCallID, "sip-"+again.id)
		want(t, "the old one is over", p.legs[1].ctx.Err() != nil, true)
		again.bye(dialplan.CauseNormal)
		p.all(t, 5)
	})
}

// Only calls of one's own are merged, each once.
func TestMergeOnlyOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, carol, calls := merges(t)
		for who, list := range map[string][]string{"100": calls, "102": calls, "101": calls[:1], "": calls} {
			if err := p.Merge(t.Context(), who, list); !errors.Is(err, call.ErrNoCall) {
				t.Errorf("%q merges %q: %v", who, list, err)
			}
		}
		for _, list := range [][]string{nil, {calls[0], calls[0]}, {calls[0], "another"}} {
			if err := p.Merge(t.Context(), "101", list); !errors.Is(err, call.ErrNoCall) {
				t.Errorf("merges %q: %v", list, err)
			}
		}
		hear(t, p.legs[0], p.legs[1])
		p.legs[0].bye(dialplan.CauseNormal)
		carol.bye(dialplan.CauseNormal)
		p.all(t, 2)
	})
}

// Pages of those who sit in a conference do not learn the number of one who hides it.
func TestConferencesDoNotNameWhoHides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, boss := roomWorld(t, book{}, nil)
		shy := newLeg("101", codec.PCMU)
		if e := w.Accept(shy, dialplan.Facts{From: "101", FromName: "Ben", To: "850", Extension: "101", Anonymous: true}); e != nil {
			t.Fatal(e)
		}
		eventually(t, "both are in the room", func() bool { return len(w.members()) == 2 })
		synctest.Wait()
		own := w.Owns(func(string) bool { return true })
		want(t, "who the other is", fmt.Sprint(shownIn(own["100"])), "[100   ]")
		want(t, "who the one who hides sees", fmt.Sprint(shownIn(own["101"])), "[100  101 Ben]")
		boss.bye(dialplan.CauseNormal)
		shy.bye(dialplan.CauseNormal)
		w.all(t, 2)
	})
}

func shownIn(list []call.Own) (shown []string) {
	for _, o := range list {
		for _, m := range o.Members {
			shown = append(shown, m.Party+" "+m.Name)
		}
	}
	return shown
}
