package jitter

import "strings"

// kind is what a packet is to the order of things.
type kind uint8

const (
	nothing kind = iota
	speech
	comfort // RFC 3389: how the silence sounds
	other   // takes a sequence number and brings no audio: keys, unknown formats
)

func kindOf(p *slot) kind {
	switch {
	case p.format == nil:
		return other
	case p.format.IsAudio():
		return speech
	case strings.EqualFold(p.format.Name, "CN"):
		return comfort
	}
	return other
}

// entry is a packet that waits for its turn.
type entry struct {
	kind   kind
	number int64  // its sequence number, extended
	time   int64  // its media time, in samples
	packet uint64 // its number in the ring
	fresh  bool   // the first one of another source
}

// fate is what became of a sequence number.
type fate uint8

const (
	unknown fate = iota
	played
	missing
)

// order keeps the packets that wait by sequence number.
type order struct {
	waiting [slots]entry
	fates   [slots]fate // of those before next
	next    int64       // whose turn it is
	highest int64       // that ever came
}

// at gives what waits under a number, nil when nothing does.
func (o *order) at(number int64) *entry {
	if e := &o.waiting[number%slots]; e.kind != nothing && e.number == number {
		return e
	}
	return nil
}

// following gives what waits behind next, nil when nothing does.
func (o *order) following() *entry {
	for n := o.next + 1; n <= o.highest; n++ {
		if e := o.at(n); e != nil {
			return e
		}
	}
	return nil
}

func (o *order) add(e entry) {
	o.waiting[e.number%slots] = e
	o.highest = max(o.highest, e.number)
}

// pass ends the turn of next.
func (o *order) pass(f fate) {
	o.fates[o.next%slots] = f
	o.waiting[o.next%slots].kind = nothing
	o.next++
	o.highest = max(o.highest, o.next-1)
}

// fate tells what became of a number before next.
func (o *order) fate(number int64) fate {
	if o.next-number > slots {
		return unknown
	}
	return o.fates[number%slots]
}
