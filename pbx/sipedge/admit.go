package sipedge

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/config"
)

const (
	burst           = 10 // seconds' worth of messages
	registeredTimes = 10
	admitShards     = 16
)

// access is what the configuration says about who may send, ready to be asked.
type access struct {
	from        *config.Config
	allow, deny []netip.Prefix
	local       []netip.Prefix
	external    netip.Addr
	rate        float64
}

// access compiles the configuration when it has changed. What config has not
// refused at load cannot be wrong here: it is skipped.
func (e *Edge) access() *access {
	cfg := e.opt.Config()
	if a := e.compiled.Load(); a != nil && a.from == cfg {
		return a
	}
	a := &access{
		from: cfg, allow: prefixes(cfg.SIP.Allow), deny: prefixes(cfg.SIP.Deny),
		local: prefixes(cfg.SIP.LocalNetworks), rate: float64(cfg.SIP.RatePerSource),
	}
	a.external, _ = netip.ParseAddr(cfg.SIP.External)
	e.compiled.Store(a)
	return a
}

func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		} else if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	a = a.WithZone("")
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// allowed says whether the address may send at all.
func (a *access) allowed(src netip.Addr) bool {
	return !contains(a.deny, src) && (len(a.allow) == 0 || contains(a.allow, src))
}

// admit counts one message of src and says whether it may pass. All ports of an
// address share a rate (for IPv6 all of a /64); when that is used up, a
// registered phone still has its own, ten times as high.
func (e *Edge) admit(src netip.AddrPort) bool {
	a := e.access()
	if a.rate <= 0 {
		return true
	}
	now := time.Now()
	if e.sources.take(netip.AddrPortFrom(network(src.Addr()), 0), a.rate, now) {
		return true
	}
	if e.opt.Registered != nil && e.opt.Registered(src) && e.sources.take(src, a.rate*registeredTimes, now) {
		return true
	}
	e.stats.Limited.Add(1)
	return false
}

// network is the address, or for IPv6 the /64, which one subscriber has.
func network(a netip.Addr) netip.Addr {
	if a.Is4() || a.Is4In6() {
		return a.Unmap()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// sources holds a token bucket per source, for a bounded number of sources: each
// shard has a young and an old generation. When the young one is full it becomes
// the old one, and what was only in the old one is forgotten.
type sources struct {
	seed   maphash.Seed
	shards [admitShards]sourceShard
}

type sourceShard struct {
	mu         sync.Mutex
	limit      int
	young, old map[netip.AddrPort]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newSources(limit int) *sources {
	s := &sources{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i] = sourceShard{limit: max(1, limit/admitShards/2), young: map[netip.AddrPort]bucket{}}
	}
	return s
}

// take takes a token of src, which gets rate tokens a second and keeps those of
// ten seconds.
func (s *sources) take(src netip.AddrPort, rate float64, now time.Time) bool {
	sh := &s.shards[maphash.Comparable(s.seed, src)%admitShards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b, known := sh.young[src]
	if !known {
		if b, known = sh.old[src]; !known {
			b = bucket{tokens: rate * burst, at: now}
		}
		if len(sh.young) >= sh.limit {
			sh.old, sh.young = sh.young, make(map[netip.AddrPort]bucket, sh.limit)
		}
	}
	b.tokens = min(rate*burst, b.tokens+rate*now.Sub(b.at).Seconds())
	b.at = now
	ok := b.tokens >= 1
	if ok {
		b.tokens--
	}
	sh.young[src] = b
	return ok
}

// len is how many sources are remembered.
func (s *sources) len() int {
	n := 0
	for i := range s.shards {
		s.shards[i].mu.Lock()
		n += len(s.shards[i].young) + len(s.shards[i].old)
		s.shards[i].mu.Unlock()
	}
	return n
}

// Stats counts what the edge did; all fields only grow.
type Stats struct {
	Received atomic.Uint64 // messages that were read
	Sent     atomic.Uint64 // messages that were written
	Denied   atomic.Uint64 // dropped: address not allowed
	Limited  atomic.Uint64 // dropped or held back: too many from one source
	Junk     atomic.Uint64 // dropped: no SIP
	Refused  atomic.Uint64 // answered by the edge because they were not valid
	Panics   atomic.Uint64 // handlers that failed
}
