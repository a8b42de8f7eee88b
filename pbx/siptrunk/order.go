package siptrunk

import (
	"cmp"
	"slices"
)

// ordered are the servers of records in the order of one attempt: by rank, in a
// rank by weight and chance (RFC 2782). n gives a number from 0 to its argument,
// exclusive.
func ordered(records []record, n func(int) int) []Server {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b record) int { return cmp.Compare(a.rank, b.rank) })
	var list []Server
	for len(records) > 0 {
		same := 1
		for same < len(records) && records[same].rank == records[0].rank {
			same++
		}
		for _, i := range drawn(same, func(i int) int { return records[i].weight }, n) {
			list = append(list, records[i].servers...)
		}
		records = records[same:]
	}
	return list
}

// drawn puts the numbers below count into an order by chance, in which those of
// high weight tend to come first. One without weight has a small chance of its own
// (RFC 2782), as long as others have one.
func drawn(count int, weight func(int) int, n func(int) int) []int {
	left := make([]int, count)
	for i := range left {
		left[i] = i
	}
	const scale = 100 // of a weight, against the 1 of those without
	chance := func(i int) int { return max(1, scale*weight(i)) }
	order := make([]int, 0, count)
	for len(left) > 1 {
		sum := 0
		for _, i := range left {
			sum += chance(i)
		}
		at, pick := 0, n(sum)
		for pick >= chance(left[at]) {
			pick -= chance(left[at])
			at++
		}
		order = append(order, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return append(order, left...)
}

// Dead reports whether it is known that calls over a trunk fail now: no server of it
// answers, or it is not registered though it should be.
func (t *Trunks) Dead(name string) bool {
	l := t.line(name)
	return l != nil && l.dead()
}

// Weighted puts the trunks of a list into the order of one call: neighbours that
// have a weight share by it, the others stay where they are. n gives a number from
// 0 to its argument, exclusive.
func (t *Trunks) Weighted(names []string, n func(int) int) []string {
	weight := func(name string) int {
		if l := t.line(name); l != nil {
			return l.settings().conf.Weight
		}
		return 0
	}
	var list []string
	for len(names) > 0 {
		run := 0
		for run < len(names) && weight(names[run]) > 0 {
			run++
		}
		if run == 0 {
			list, names = append(list, names[0]), names[1:]
			continue
		}
		for _, i := range drawn(run, func(i int) int { return weight(names[i]) }, n) {
			list = append(list, names[i])
		}
		names = names[run:]
	}
	return list
}
