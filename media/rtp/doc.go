// Package rtp is the wire: an Engine owns the UDP ports of a range and the
// goroutines that read them; a Port is the RTP and RTCP of one leg (RFC 3550),
// plain or encrypted (RFC 3711). Packets of all ports of a shard are read,
// rewritten and sent on by one goroutine, without allocation and without a lock
// shared between calls.
package rtp
