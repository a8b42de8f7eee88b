package call_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"dialtone/storage"
)

// judge looks at what is left when all is over, and at what the records tell.
func (k *walker) judge() {
	k.t.Helper()
	for _, l := range k.all() {
		if l.ctx.Err() == nil && (l.inbound || l.up.Load()) {
			k.fail("%s is never hung up", l.id)
		}
	}
	if n := k.Len(); n > 0 {
		k.fail("%d calls are left", n)
	}
	if p := k.Parked(); len(p) > 0 {
		k.fail("still parked: %v", p)
	}
	for n := range 5 {
		if e := strconv.Itoa(100 + n); k.Busy(e) {
			k.fail("%s is still busy", e)
		}
	}
	if s := shown(k.world); s != "" {
		k.fail("lamps stick: %s", s)
	}
	k.judgeTransfers()
	k.judgeRecords()
	for _, l := range k.all() {
		k.judgeLeg(l)
	}
}

// judgeTransfers: who transfers is told once how that ends, unless it has gone itself.
func (k *walker) judgeTransfers() {
	k.t.Helper()
	if n := k.pending.Load(); n > 0 {
		k.fail("%d transfers are never answered", n)
	}
	for _, a := range k.transfers {
		n := a.finals.Load()
		if n > 1 || !a.begun && n > 0 {
			k.fail("%s, whose transfer has begun: %v, is told %d times how it ends", a.by.id, a.begun, n)
		}
	}
}

// judgeRecords: there is one of each call, and all that they name is there.
func (k *walker) judgeRecords() {
	k.t.Helper()
	byID := map[string]*storage.CDR{}
	for i := range k.records {
		r := &k.records[i]
		if byID[r.ID] != nil {
			k.fail("two records of %s", r.ID)
		}
		byID[r.ID] = r
	}
	if n, all := len(byID), int(k.Total())+k.late; n != all { //nolint:gosec // there are few
		k.fail("%d records of %d calls", n, all)
	}
	for _, r := range byID {
		if r.Cause == "internal" {
			k.fail("%s ended for %s", r.ID, r.Detail)
		}
		has := func(id string) bool {
			return slices.ContainsFunc(r.Legs, func(l storage.CDRLeg) bool { return l.ID == id })
		}
		if r.HungUpBy != "" && !has(r.HungUpBy) {
			k.fail("%s was hung up by %s, which is not in it", r.ID, r.HungUpBy)
		}
		if before := byID[r.After]; r.After != "" {
			if before == nil {
				k.fail("%s comes from %s, which is not there", r.ID, r.After)
			}
			if before.Start.After(r.Start) || r.TransferredBy != "" && !slices.ContainsFunc(before.Legs, func(l storage.CDRLeg) bool { return l.ID == r.TransferredBy }) {
				k.fail("%s does not come from %s, where %s has transferred it", r.ID, r.After, r.TransferredBy)
			}
		} else if r.TransferredBy != "" {
			k.fail("%s was transferred by %s from nowhere", r.ID, r.TransferredBy)
		}
		if !inOrder(r.Start, r.Answer, r.End) {
			k.fail("times of %s: %v %v %v", r.ID, r.Start, r.Answer, r.End)
		}
		for i, l := range r.Legs {
			switch {
			case !inOrder(l.Start, l.Ring, l.End), !inOrder(l.Start, l.Answer, l.End), l.Start.Before(r.Start), l.End.After(r.End):
				k.fail("times of %s in %s: %v %v %v %v", l.ID, r.ID, l.Start, l.Ring, l.Answer, l.End)
			case l.Parent != "" && !has(l.Parent), l.Replaces != "" && !has(l.Replaces):
				k.fail("leg %d of %s comes from %s, replaces %s, which are not there", i, r.ID, l.Parent, l.Replaces)
			case l.MovedTo != "" && byID[l.MovedTo] == nil:
				k.fail("%s has moved to %s, which is not there", l.ID, l.MovedTo)
			case l.Cause == "":
				k.fail("why %s ended in %s is not known", l.ID, r.ID)
			}
		}
		k.judgeTalks(r)
	}
}

func inOrder(times ...time.Time) bool {
	times = slices.DeleteFunc(times, time.Time.IsZero)
	return slices.IsSortedFunc(times, time.Time.Compare)
}

// judgeTalks: no more than two talk at a time.
func (k *walker) judgeTalks(r *storage.CDR) {
	k.t.Helper()
	for _, at := range r.Legs {
		n := 0
		for _, l := range r.Legs {
			if !l.Answer.IsZero() && !l.Answer.After(at.Answer) && l.End.After(at.Answer) {
				n++
			}
		}
		if !at.Answer.IsZero() && n > 2 {
			k.fail("%d talk in %s when %s answers", n, r.ID, at.ID)
		}
	}
}

// entry is what one record says of a leg.
type entry struct {
	call string
	storage.CDRLeg
}

// judgeLeg: it has gone from call to call, and each record says so.
func (k *walker) judgeLeg(l *walked) {
	k.t.Helper()
	var all []entry
	for _, r := range k.records {
		for _, s := range r.Legs {
			if s.ID != l.id {
				continue
			}
			all = append(all, entry{r.ID, s})
			if s.Party != l.party || s.Inbound != l.inbound || s.Trunk != l.trunk {
				k.fail("%s is not %+v", l.id, s)
			}
		}
	}
	if l.refused && len(all) <= 1 {
		return
	}
	for i, first := range all {
		if oneWay(first, slices.Delete(slices.Clone(all), i, i+1)) {
			return
		}
	}
	k.fail("the way of %s breaks: %v", l.id, all)
}

// oneWay reports whether a leg can have gone on from one entry through all of the others.
func oneWay(from entry, others []entry) bool {
	if len(others) == 0 {
		return from.MovedTo == ""
	}
	for i, next := range others {
		if next.call == from.MovedTo && next.Start.Equal(from.End) && oneWay(next, slices.Delete(slices.Clone(others), i, i+1)) {
			return true
		}
	}
	return false
}

func (e entry) String() string {
	return fmt.Sprintf("in %s from %s to %s, then %q", e.call, e.Start.Format("04:05.000"), e.End.Format("04:05.000"), e.MovedTo)
}
