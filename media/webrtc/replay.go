package webrtc

import "net/netip"

// maxSeen is how many checks of one browser are remembered: those of half an hour.
const maxSeen = 512

// transactions are the checks that came last. Who listens on the network can send one
// again, from anywhere, with the right password in it.
type transactions struct {
	ring []transaction // grows up to maxSeen
	next int
}

type transaction struct {
	id      [12]byte
	from    *path
	refused bool // it claimed our role
}

// find tells of a check when it came the first time; nil when it is new.
func (t *transactions) find(id [12]byte) *transaction {
	for i := range t.ring {
		if t.ring[i].id == id {
			return &t.ring[i]
		}
	}
	return nil
}

// add remembers a check that is new.
func (t *transactions) add(one transaction) {
	if len(t.ring) < maxSeen {
		t.ring = append(t.ring, one)
		return
	}
	t.ring[t.next] = one
	t.next = (t.next + 1) % maxSeen
}

// is reports whether p is the path by w from an address.
func (p *path) is(w way, from netip.AddrPort) bool { return p.way == w && p.remote == from }
