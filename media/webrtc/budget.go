package webrtc

import (
	"net/netip"
	"sync"
	"time"
)

// What all connections together may send to addresses that have not answered yet: an
// authenticated far side can name the address of somebody else (RFC 8445 §19.5.1).
const (
	maxChecksPerSecond = 500
	maxChecksPerTarget = 40  // to one address, of IPv6 to one /64, in a second
	maxChecks          = 200 // of one connection, in a minute
)

// budget counts checks into the unknown. The zero value is ready.
type budget struct {
	mu     sync.Mutex
	second int64
	sent   int
	to     map[netip.Prefix]int // never more than maxChecksPerSecond
}

// take reports whether one more may be sent there now.
func (b *budget) take(to netip.Addr, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := now.Unix(); s != b.second || b.to == nil {
		b.second, b.sent, b.to = s, 0, map[netip.Prefix]int{}
	}
	network := networkOf(to)
	if b.sent >= maxChecksPerSecond || b.to[network] >= maxChecksPerTarget {
		return false
	}
	b.sent++
	b.to[network]++
	return true
}

// networkOf is whose addresses count together: of IPv6, one far side has all of a /64.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
