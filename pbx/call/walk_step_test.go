package call_test

import (
	"context"
	"slices"
	"strconv"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/call"
)

// number is one that somebody may call.
func (k *walker) number() string {
	switch k.r.IntN(18) {
	case 0:
		return "200"
	case 1:
		return "201"
	case 2:
		return "202"
	case 3:
		return "700"
	case 4, 5:
		return strconv.Itoa(701 + k.r.IntN(2))
	case 6:
		return "*8"
	case 7:
		return "*8" + strconv.Itoa(100+k.r.IntN(5))
	case 8:
		return []string{"600", "199"}[k.r.IntN(2)]
	case 9:
		return strconv.Itoa(100 + k.r.IntN(5)) // which may have no phone
	default:
		return k.phones[k.r.IntN(len(k.phones))]
	}
}

// step lets a phone do something.
func (k *walker) step() {
	alive := k.living()
	if len(alive) == 0 || k.r.IntN(3) == 0 {
		k.calls()
		return
	}
	l := alive[k.r.IntN(len(alive))]
	if l.mute.Load() {
		return
	}
	switch k.r.IntN(18) {
	case 0, 1:
		k.say("%s holds", l.id)
		l.hold([]media.Direction{media.SendOnly, media.Inactive}[k.r.IntN(2)])
	case 2, 3, 4:
		k.say("%s resumes", l.id)
		l.hold(media.SendRecv)
	case 5, 6:
		k.transfer(l, call.Transfer{To: k.number()})
	case 7, 8, 9:
		k.attended(l, alive)
	case 10, 11, 12:
		keys := []string{"##", "*3", "*3"}[k.r.IntN(3)] + k.number() + []string{"#", "#", ""}[k.r.IntN(3)]
		if k.r.IntN(4) == 0 {
			keys = []string{"*3", "##", "*", "5"}[k.r.IntN(4)]
		}
		k.say("%s presses %s", l.id, keys)
		go l.tells(keys)
	case 13:
		k.say("%s has lost its network", l.id)
		l.falls()
	case 14:
		if all := k.Calls(); k.r.IntN(4) == 0 && len(all) > 0 {
			id := all[k.r.IntN(len(all))].ID
			k.say("the operator ends %s", id)
			k.Hangup(id, &dialplan.Ended{Cause: dialplan.CauseAdmin})
		}
	default:
		k.say("%s hangs up", l.id)
		l.bye(dialplan.CauseNormal)
	}
}

// calls lets somebody call, or take what rings elsewhere.
func (k *walker) calls() {
	from := k.phones[k.r.IntN(len(k.phones))]
	facts := dialplan.Facts{From: from, To: k.number(), Extension: from}
	outside := k.r.IntN(8) == 0
	if outside {
		facts = dialplan.Facts{From: "0301234", To: facts.To, Trunk: "provider", Context: dialplan.ExtensionsContext}
	}
	l := k.leg(facts.From, true)
	l.trunk = facts.Trunk
	take, takes := k.taking()
	var e *dialplan.Ended
	if takes && !outside && k.r.IntN(4) == 0 {
		k.say("%s takes %+v", l.id, take)
		e = k.TakeOver(l, facts, take)
	} else {
		k.say("%s calls %s", l.id, facts.To)
		e = k.Accept(l, facts)
	}
	if e != nil {
		k.say("%s is refused: %v", l.id, e)
		l.refused = true
		if e.Cause == dialplan.CauseCallLimit {
			k.late++
		}
		l.cancel(e)
	}
}

// taking is a call that rings, or a place in one.
func (k *walker) taking() (call.Taking, bool) {
	var all []call.Taking
	lamps := k.Dialogs(anybody)
	for _, e := range k.phones {
		for _, d := range lamps[e] {
			if !d.Initiator && d.State == call.Ringing {
				all = append(all, call.Taking{Call: d.Call, Of: e})
			}
		}
	}
	for _, l := range k.living() {
		if l.up.Load() && l.trunk == "" {
			all = append(all, call.Taking{Leg: l.id, Of: l.party})
		}
	}
	if len(all) == 0 {
		return call.Taking{}, false
	}
	return all[k.r.IntN(len(all))], true
}

// attended lets a phone join its two calls, or both ends theirs at once.
func (k *walker) attended(l *walked, alive []*walked) {
	own := slices.DeleteFunc(slices.Clone(alive), func(o *walked) bool { return o == l || o.party != l.party })
	if len(own) == 0 {
		if k.r.IntN(2) == 0 { // it needs a second one first
			second := k.leg(l.party, true)
			second.trunk = l.trunk
			k.say("%s, too, calls", second.id)
			e := k.Accept(second, dialplan.Facts{From: l.party, To: strconv.Itoa(100 + k.r.IntN(5)), Extension: l.party})
			if e != nil {
				second.refused = true
				if e.Cause == dialplan.CauseCallLimit {
					k.late++
				}
				second.cancel(e)
			}
			return
		}
		own = alive // it may say what it wants
	}
	other := own[k.r.IntN(len(own))]
	k.transfer(l, call.Transfer{To: other.party, Replaces: other.id})
	if k.r.IntN(4) == 0 { // by a phone that sends both, or at the other end
		k.transfer(other, call.Transfer{To: l.party, Replaces: l.id})
	}
}

func (k *walker) transfer(by *walked, t call.Transfer) {
	k.say("%s transfers to %s %s", by.id, t.To, t.Replaces)
	a := &asked{by: by}
	t.Report = func(status int) {
		k.say("%s is told %d", by.id, status)
		if status >= 200 {
			a.finals.Add(1)
		}
	}
	k.transfers = append(k.transfers, a)
	k.pending.Add(1)
	go func() {
		defer k.pending.Add(-1)
		err := k.Transfer(context.Background(), by.id, t)
		a.begun = err == nil
		if err != nil {
			k.say("%s may not transfer: %v", by.id, err)
		}
	}()
}
