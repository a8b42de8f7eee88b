package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// A consultation does not reach a call that waits or rings elsewhere: it fails, and who
// waited is back.
func TestAConsultationTakesNoOtherCall(t *testing.T) {
	for name, keys := range map[string]string{"in a slot": "*3701#", "that rings": "*3*8#"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob := newLeg("101", codec.PCMU)
				w, _ := desk(t, book{"101": {{"bob", answers(bob, time.Second)}}, "102": {{"carol", answers(newLeg("102", codec.PCMU), time.Hour)}}})
				w.cfg.Transfers = config.Transfers{ConsultKey: "*3"}
				alice := w.calls(t, "100", "101")
				time.Sleep(2 * time.Second)
				w.calls(t, "103", "700")
				w.calls(t, "104", "102")
				time.Sleep(time.Second)
				bob.tells(keys)
				time.Sleep(5 * time.Second)
				hear(t, alice, bob)
				want(t, "still parked", len(w.Parked()), 1)
			})
		})
	}
}

// Who was put through after a consultation has the keys of anybody.
func TestKeysOfWhoWasPutThrough(t *testing.T) {
	eitherSide(t, func() book { return book{} }, func(t *testing.T, p *pair, at int) {
		carol, dave, party := newLeg("102", codec.PCMU), newLeg("103", codec.PCMU), p.legs[1-at]
		p.dialer()["102"] = []*phone{{"carol", answers(carol, time.Second)}}
		p.dialer()["103"] = []*phone{{"dave", answers(dave, time.Second)}}
		p.legs[at].tells("*3102#")
		time.Sleep(2 * time.Second)
		p.legs[at].bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		hear(t, party, carol)
		party.tells("##103#")
		time.Sleep(3 * time.Second)
		hear(t, carol, dave)
		carol.bye(dialplan.CauseNormal)
		p.all(t, 3)
	})
}

// Who is left alone with the one it has asked may ask another one.
func TestKeysOfWhoIsNotWaitedFor(t *testing.T) {
	eitherSide(t, func() book { return book{} }, func(t *testing.T, p *pair, at int) {
		carol, dave, by := newLeg("102", codec.PCMU), newLeg("103", codec.PCMU), p.legs[at]
		p.dialer()["102"] = []*phone{{"carol", answers(carol, time.Second)}}
		p.dialer()["103"] = []*phone{{"dave", answers(dave, time.Second)}}
		by.tells("*3102#")
		time.Sleep(2 * time.Second)
		p.legs[1-at].bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		by.tells("*3103#")
		time.Sleep(3 * time.Second)
		hear(t, by, dave)
		by.bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		hear(t, carol, dave)
		carol.bye(dialplan.CauseNormal)
		p.all(t, 3)
	})
}

// Somebody else takes the call of a consultation while it rings.
func TestAConsultationIsPickedUp(t *testing.T) {
	eitherSide(t, func() book { return book{"102": {{"carol", answers(newLeg("102", codec.PCMU), time.Hour)}}} }, func(t *testing.T, p *pair, at int) {
		by, party, dave := p.legs[at], p.legs[1-at], newLeg("103", codec.PCMU)
		synctest.Wait()
		p.cfg.Extensions["103"] = config.Extension{Pickup: []string{"102"}}
		by.tells("*3102#")
		time.Sleep(2 * time.Second)
		rings := p.Dialogs(anybody)["102"][0].Call
		if e := p.TakeOver(dave, dialplan.Facts{From: "103", Extension: "103"}, call.Taking{Call: rings, Of: "102"}); e != nil {
			t.Fatal(e)
		}
		time.Sleep(time.Second)
		hear(t, by, dave)
		by.bye(dialplan.CauseNormal)
		time.Sleep(time.Second)
		hear(t, party, dave)
		dave.bye(dialplan.CauseNormal)
		p.all(t, 3)
	})
}

// A call that a transfer makes comes from where the one is who transfers.
func TestFromWhereATransferComes(t *testing.T) {
	for name, keys := range map[string]string{"transfer": "##200#", "consultation": "*3200#"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bob, carol := newLeg("101", codec.PCMU), newLeg("102", codec.PCMU)
				bob.at = "tls 192.0.2.9:5061"
				w := routed(t, book{"101": {{"bob", answers(bob, 0)}}, "102": {{"carol", answers(carol, 0)}}}, `
dialplan: {phones: [{name: it, to: 200, when: {network: 192.0.2.9/32, var: {transport: tls}}, do: [{dial: "102"}]}]}
`)
				w.cfg.Transfers = config.Transfers{Key: "##", ConsultKey: "*3"}
				w.calls(t, "100", "101")
				time.Sleep(time.Second)
				bob.tells(keys)
				time.Sleep(2 * time.Second)
				want(t, "102 is reached", len(w.Dialogs(anybody)["102"]), 1)
			})
		})
	}
}
