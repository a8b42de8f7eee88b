package call_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// tells presses keys that are told of by INFO.
func (l *fakeLeg) tells(keys string) {
	for _, k := range keys {
		l.infos <- call.Info{ContentType: "application/dtmf-relay", Body: fmt.Appendf(nil, "Signal=%c\r\nDuration=100\r\n", k)}
		synctest.Wait()
	}
}

// shown is with whom a party was told that it talks.
func (l *fakeLeg) shown() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.with.Number
}

// TestConsultation ends in all ways in which it can: by is who asks, party waits, and
// carol is asked.
func TestConsultation(t *testing.T) {
	for _, test := range []struct {
		name  string
		ends  []string // who hangs up, and the keys of by, in this order; "a+b" at the same time
		rings bool     // the first of them while it rings
		hears string   // who talk with each other after the first; "" is nobody
		moved bool     // party goes on with carol
	}{
		{"by hangs up", []string{"by", "party"}, false, "party carol", true},
		{"by hangs up while it rings", []string{"by", "carol"}, true, "", true},
		{"by comes back", []string{"*3", "by"}, false, "by party", false},
		{"carol hangs up", []string{"carol", "party"}, false, "by party", false},
		{"the one who waits hangs up", []string{"party", "by"}, false, "by carol", false},
		{"all hang up at once", []string{"by+party+carol"}, false, "", false},
		{"by and the one who waits", []string{"by+party"}, false, "", false},
		{"by and carol", []string{"by+carol"}, false, "", false},
		{"while it rings, by and the one who waits", []string{"by+party"}, true, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			eitherSide(t, func() book { return book{"102": nil} }, func(t *testing.T, p *pair, at int) {
				carol := newLeg("102", codec.PCMU)
				p.dialer()["102"] = []*phone{{"carol", answers(carol, time.Second)}}
				who := map[string]*fakeLeg{"by": p.legs[at], "party": p.legs[1-at], "carol": carol}
				who["by"].tells("*3102#")
				if !test.rings {
					time.Sleep(2 * time.Second)
					hear(t, who["by"], carol)
					want(t, "who asks sees", who["by"].shown(), "102")
				}
				for i, end := range test.ends {
					if end == "*3" {
						who["by"].tells(end)
					} else {
						for _, name := range strings.Split(end, "+") {
							who[name].bye(dialplan.CauseNormal)
						}
					}
					time.Sleep(2 * time.Second)
					if i == 0 && test.hears != "" {
						two := strings.Fields(test.hears)
						hear(t, who[two[0]], who[two[1]])
						if test.moved {
							want(t, "who was sent on sees", who[two[0]].shown(), "102")
							want(t, "the other one sees", who[two[1]].shown(), who["party"].party)
						}
					}
				}
				for name, l := range who {
					if l.ctx.Err() == nil && (name != "carol" || !test.rings) {
						t.Errorf("%s is still in a call", name)
					}
				}
				list := p.all(t, 2)
				want(t, "the second call comes from", list[1].After, list[0].ID)
				if test.moved {
					want(t, "transferred by", list[1].TransferredBy, who["by"].id)
					want(t, "the leg went to", slices.ContainsFunc(list[0].Legs, func(l storage.CDRLeg) bool { return l.ID == who["party"].id && l.MovedTo == list[1].ID }), true)
				}
			})
		})
	}
}

func TestNobodyElseChangesAConsultation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		carol := newLeg("102", codec.PCMU)
		p := talking(t, book{"102": {{"carol", answers(carol, time.Second)}}})
		p.legs[1].tells("*3102#")
		time.Sleep(2 * time.Second)
		for _, leg := range []*fakeLeg{p.legs[0], p.legs[1], carol} {
			if err := p.Transfer(t.Context(), leg.id, call.Transfer{To: "103"}); err == nil {
				t.Errorf("%s transfers while others wait for each other", leg.party)
			}
		}
		hear(t, p.legs[1], carol)
		for _, leg := range []*fakeLeg{p.legs[0], p.legs[1], carol} {
			leg.bye(dialplan.CauseNormal)
		}
		p.all(t, 2)
	})
}
