package call_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"dialtone/media"
	"dialtone/pbx/call"
)

// look compares what was seen by who only listened with what is so, and with the phones.
// It has seen everything at once, but for what is held: who hears something meanwhile that
// is short is not told of at once.
func (k *walker) look() {
	k.t.Helper()
	seen, now := *k.seen.Load(), k.Dialogs(anybody)
	if fmt.Sprint(seen) != fmt.Sprint(now) {
		for _, all := range []map[string][]call.Dialog{seen, now} {
			for _, list := range all {
				for i := range list {
					list[i].State = call.State(strings.Replace(string(list[i].State), string(call.Held), string(call.Up), 1))
				}
			}
		}
		if fmt.Sprint(seen) != fmt.Sprint(now) {
			k.fail("lamps show\n%v, but it is\n%v", seen, now)
		}
	}
	k.lookAtPhones(now)
	k.lookAtCalls()
}

// lookAtPhones compares lamps with phones.
func (k *walker) lookAtPhones(lamps map[string][]call.Dialog) {
	k.t.Helper()
	in := map[string]int{}
	for _, l := range k.living() {
		if l.trunk == "" {
			in[l.party]++
		}
	}
	for n := range 5 {
		e := strconv.Itoa(100 + n)
		var calls, rings int
		for _, d := range lamps[e] {
			if d.Initiator || d.State == call.Up || d.State == call.Held {
				calls++
			} else {
				rings++
			}
		}
		k.mu.Lock()
		rung := k.rung[e]
		k.mu.Unlock()
		if calls != in[e] || rings != rung {
			k.fail("lamps show %d conversations of %s and %d that ring, its phones %d and %d: %v", calls, e, rings, in[e], rung, lamps[e])
		}
	}
}

// lookAtCalls looks whether each leg is in one call, and no other leg is in any.
func (k *walker) lookAtCalls() {
	k.t.Helper()
	in := k.whereabouts()
	for _, l := range k.living() {
		if len(in[l.id]) != 1 {
			k.fail("%s is in the calls %q", l.id, in[l.id])
		}
		delete(in, l.id)
	}
	for id, calls := range in {
		k.fail("%s is in %q, and is over", id, calls)
	}
}

// whereabouts are the calls in which legs are that have answered, or call.
func (k *walker) whereabouts() map[string][]string {
	in := map[string][]string{}
	for _, c := range k.Calls() {
		for i, l := range c.Legs {
			if l.End.IsZero() && l.MovedTo == "" && (i == 0 || !l.Answer.IsZero()) {
				in[l.ID] = append(in[l.ID], c.ID)
			}
		}
	}
	return in
}

// listen looks who hears whom: nobody hears who is not in the same call, and two who
// talk hear each other, sooner or later: what one types is not heard, for instance.
func (k *walker) listen() {
	k.t.Helper()
	var why string
	for range 20 {
		if why = k.deaf(); why == "" {
			return
		}
		k.pass(time.Second)
	}
	k.fail("%s", why)
}

// deaf says who ought to hear whom and does not.
func (k *walker) deaf() string {
	k.t.Helper()
	alive := k.living()
	for _, l := range k.all() {
		l.ear.hears()
	}
	for _, l := range alive {
		l.ear.speak()
	}
	synctest.Wait()
	in, voices, hears := k.whereabouts(), map[uint32]*walked{}, map[string]map[uint32]bool{}
	for _, l := range k.all() {
		voices[l.ear.voice], hears[l.id] = l, l.ear.hears()
	}
	for _, l := range k.all() {
		id, heard := l.id, hears[l.id]
		if !l.inbound && !l.up.Load() && l.ctx.Err() == nil {
			continue // before the answer it hears who calls, when that hears it
		}
		if len(heard) > 1 {
			k.fail("%s hears %v", id, slices.Collect(maps.Keys(heard)))
		}
		for v := range heard {
			if who := voices[v]; who.id != id && (len(in[id]) == 0 || !slices.Equal(in[id], in[who.id])) {
				k.fail("%s, in the call %q, hears %s, in %q", id, in[id], who.id, in[who.id])
			}
		}
	}
	for _, c := range k.Calls() {
		var two []*walked
		for _, s := range c.Legs {
			if s.End.IsZero() && s.MovedTo == "" && !s.Answer.IsZero() {
				i := slices.IndexFunc(alive, func(l *walked) bool { return l.id == s.ID })
				two = append(two, alive[i])
			}
		}
		if len(two) > 2 {
			return fmt.Sprintf("%d talk in %s", len(two), c.ID)
		}
		if len(two) < 2 || two[0].Far().Direction != media.SendRecv || two[1].Far().Direction != media.SendRecv {
			continue
		}
		if !hears[two[0].id][two[1].ear.voice] || !hears[two[1].id][two[0].ear.voice] {
			return fmt.Sprintf("%s and %s talk and do not hear each other", two[0].id, two[1].id)
		}
	}
	return ""
}

func (k *walker) all() []*walked {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.legs)
}
