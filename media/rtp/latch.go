package rtp

import "net/netip"

// latchAfter is how many packets in sequence a source has to send before it is
// believed to be the far side behind NAT.
const latchAfter = 3

// latch decides from which address RTP is taken (symmetric RTP, RFC 4961, with
// the caution of RFC 7362 §4). What signalling named is always right. As long as
// nothing came from there, another source that sends as the far side would is
// taken instead, once; from then on every third party is refused until
// signalling names a new address.
type latch struct {
	signalled netip.AddrPort // as agreed
	current   netip.AddrPort // where audio comes from and goes to
	locked    bool           // no other source is considered
	strict    bool           // never consider another source

	candidate netip.AddrPort
	ssrc      uint32
	next      uint16 // sequence number that the candidate has to send now
	count     int
}

// signal takes over what signalling says and reports whether the address to
// send to is now another one. The same address as before changes nothing.
func (l *latch) signal(remote netip.AddrPort, strict bool) (changed bool) {
	l.strict = strict
	if !reachable(remote) || remote == l.signalled {
		return false
	}
	*l = latch{signalled: remote, current: remote, strict: strict}
	return true
}

// accept decides about a packet with header h, whose payload type is negotiated
// or not. moved says that current has become from.
func (l *latch) accept(from netip.AddrPort, h header, negotiated bool) (ok, moved bool) {
	switch {
	case from == l.signalled:
		moved = l.current != from
		l.current, l.locked = from, true
		return true, moved
	case l.locked && from == l.current:
		return true, false
	case l.locked || l.strict || !l.signalled.IsValid() || !negotiated:
		return false, false
	}
	if from != l.candidate || h.ssrc != l.ssrc || h.seq != l.next {
		l.candidate, l.ssrc, l.count = from, h.ssrc, 0
	}
	l.next = h.seq + 1
	if l.count++; l.count < latchAfter {
		return false, false
	}
	l.current, l.locked = from, true
	return true, true
}

// prove takes from as the far side because it has authenticated itself, and
// reports whether that is news.
func (l *latch) prove(from netip.AddrPort) (moved bool) {
	moved = l.current != from
	l.current, l.locked = from, true
	return moved
}

// controlLatch does the same for RTCP on its own port. RTP goes before: once
// that is known to come from behind NAT, RTCP from the same host is taken, and
// its port is kept.
type controlLatch struct {
	signalled netip.AddrPort
	current   netip.AddrPort
	locked    bool
}

func (l *controlLatch) signal(remote netip.AddrPort) {
	if reachable(remote) && remote != l.signalled {
		*l = controlLatch{signalled: remote, current: remote}
	}
}

// follow aims at the port after the one that RTP was found to come from, until
// something comes from there or elsewhere on that host.
func (l *controlLatch) follow(rtp netip.AddrPort) {
	l.current, l.locked = netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1), false
}

// accept decides about a packet, given where RTP was found to come from.
func (l *controlLatch) accept(from netip.AddrPort, rtp latch) (ok, moved bool) {
	switch {
	case from == l.current:
		l.locked = true
		return true, false
	case from == l.signalled:
		l.current, l.locked = from, true
		return true, true
	case l.locked || !rtp.locked || rtp.strict || from.Addr() != rtp.current.Addr():
		return false, false
	}
	l.current, l.locked = from, true
	return true, true
}
