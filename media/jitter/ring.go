package jitter

import (
	"sync/atomic"
	"time"

	"dialtone/media/codec"
)

// How much a buffer holds at most: packets, and bytes of payload. It is enough for
// two seconds of the widest codec.
const (
	slots      = 256
	arenaSize  = 32 << 10
	maxPayload = 4 << 10
)

// slot is a packet that was received. Its payload is in the arena.
type slot struct {
	format  *codec.Format
	arrival time.Duration
	from    int    // where its payload begins
	size    int    // of its payload
	end     uint64 // what was written to the arena up to its end
	ssrc    uint32
	time    uint32
	seq     uint16
	marker  bool
	done    bool // the reader's: may be given back
}

// ring hands packets from one goroutine to another without locks: the writer owns
// what lies behind tail, the reader what lies between head and tail.
type ring struct {
	slots [slots]slot
	arena []byte

	tail    atomic.Uint64 // the writer's
	written uint64        // bytes, the writer's

	head  atomic.Uint64 // the reader's
	freed atomic.Uint64 // bytes, the reader's
	seen  uint64        // the reader's: what it has looked at
}

func newRing() ring { return ring{arena: make([]byte, arenaSize)} }

// any reports whether there ever was a packet.
func (r *ring) any() bool { return r.tail.Load() > 0 }

func (r *ring) put(p *Packet, arrival time.Duration) bool {
	tail, size := r.tail.Load(), len(p.Payload)
	from := int(r.written % arenaSize)
	begin := r.written
	if from+size > arenaSize { // a payload stays in one piece
		begin += uint64(arenaSize - from)
		from = 0
	}
	if tail-r.head.Load() >= slots || size > maxPayload || begin+uint64(size)-r.freed.Load() > arenaSize {
		return false
	}
	r.written = begin + uint64(size)
	copy(r.arena[from:], p.Payload)
	r.slots[tail%slots] = slot{
		format: p.Format, arrival: arrival, from: from, size: size, end: r.written,
		ssrc: p.SSRC, time: p.Time, seq: p.Seq, marker: p.Marker,
	}
	r.tail.Store(tail + 1)
	return true
}

// next gives the number of a packet that the reader has not seen yet.
func (r *ring) next() (n uint64, ok bool) {
	if r.seen == r.tail.Load() {
		return 0, false
	}
	r.seen++
	return r.seen - 1, true
}

func (r *ring) slot(n uint64) *slot { return &r.slots[n%slots] }

func (r *ring) payload(n uint64) []byte {
	s := r.slot(n)
	return r.arena[s.from : s.from+s.size]
}

// free gives packet n back, and with it all that only waited for it.
func (r *ring) free(n uint64) {
	r.slot(n).done = true
	head := r.head.Load()
	for head < r.seen && r.slot(head).done {
		r.freed.Store(r.slot(head).end)
		head++
	}
	r.head.Store(head)
}
