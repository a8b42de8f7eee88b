package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

var (
	// ErrNoPorts says that no pair of ports is left in the range.
	ErrNoPorts = errors.New("no RTP ports left")
	// ErrClosed says that the engine or the port has been closed.
	ErrClosed = errors.New("closed")
)

// pool hands out pairs of an even port for RTP and the odd one after it for RTCP
// (RFC 3550 §11). A pair that was given back stays bound for a while, so that
// what still arrives for the old call is not heard in the next one.
type pool struct {
	first    uint16 // even
	pairs    int
	drain    time.Duration
	maxDrain int

	mu       sync.Mutex
	next     int
	taken    []bool
	count    int // taken, with those that drain
	draining []drained
}

// drained is a pair that nobody uses but that is still bound.
type drained struct {
	pair  pair
	until time.Time
}

// pair is two bound sockets.
type pair struct{ rtp, rtcp *socket }

func (p pair) close() {
	p.rtp.close()
	p.rtcp.close()
}

func newPool(first, last uint16, drain time.Duration) (*pool, error) {
	even := first + first&1
	if first == 0 || last < first || even < first || last == even || last < even {
		return nil, fmt.Errorf("RTP ports %d-%d hold no pair of an even port and the odd one after it", first, last)
	}
	pairs := (int(last) - int(even) + 1) / 2
	return &pool{
		first:    even,
		pairs:    pairs,
		drain:    drain,
		maxDrain: min(512, max(1, pairs/4)),
		next:     rand.IntN(pairs),
		taken:    make([]bool, pairs),
	}, nil
}

// open binds the next free pair at local. Pairs that somebody else uses are
// passed over.
func (p *pool) open(local netip.Addr) (pair, error) {
	for range p.pairs {
		i, ok := p.reserve()
		if !ok {
			break
		}
		got, err := p.bind(local, i)
		if isFull(err) && p.releaseOldest() {
			got, err = p.bind(local, i)
		}
		if err == nil {
			return got, nil
		}
		p.release(i)
		if !isBusy(err) {
			return pair{}, fmt.Errorf("open RTP port: %w", err)
		}
	}
	return pair{}, fmt.Errorf("%w: all %d pairs of %d-%d are in use on %v; widen media.ports or lower calls.max",
		ErrNoPorts, p.pairs, p.first, int(p.first)+2*p.pairs-1, local)
}

func (p *pool) bind(local netip.Addr, i int) (pair, error) {
	port := p.first + uint16(2*i)
	rtp, err := openSocket(netip.AddrPortFrom(local, port))
	if err != nil {
		return pair{}, err
	}
	rtcp, err := openSocket(netip.AddrPortFrom(local, port+1))
	if err != nil {
		rtp.close()
		return pair{}, err
	}
	rtcp.control = true
	return pair{rtp, rtcp}, nil
}

// reserve takes the next pair that is free, or the one that has drained longest.
func (p *pool) reserve() (i int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == p.pairs && !p.dropOldest() {
		return 0, false
	}
	for range p.pairs {
		i = p.next
		p.next = (p.next + 1) % p.pairs
		if !p.taken[i] {
			p.taken[i] = true
			p.count++
			return i, true
		}
	}
	return 0, false
}

func (p *pool) release(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free(i)
}

func (p *pool) free(i int) {
	p.taken[i] = false
	p.count--
}

// retire lets a pair drain.
func (p *pool) retire(pr pair, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = append(p.draining, drained{pr, now.Add(p.drain)})
	if len(p.draining) > p.maxDrain {
		p.dropOldest()
	}
}

// abandon closes a pair that was never used.
func (p *pool) abandon(pr pair) {
	pr.close()
	p.release(p.index(pr))
}

func (p *pool) index(pr pair) int { return int(pr.rtp.number-p.first) / 2 }

func (p *pool) releaseOldest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dropOldest()
}

func (p *pool) dropOldest() bool {
	if len(p.draining) == 0 {
		return false
	}
	old := p.draining[0].pair
	p.draining[0] = drained{}
	p.draining = p.draining[1:]
	old.close()
	p.free(p.index(old))
	return true
}

// expire releases the pairs that have drained by now and says when the next one
// will have.
func (p *pool) expire(now time.Time) (next time.Time, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.draining) > 0 && !p.draining[0].until.After(now) {
		p.dropOldest()
	}
	if len(p.draining) == 0 {
		return time.Time{}, false
	}
	return p.draining[0].until, true
}

// closeAll releases all pairs that drain.
func (p *pool) closeAll() {
	for p.releaseOldest() {
	}
}

func (p *pool) stats() EngineStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return EngineStats{Open: p.count - len(p.draining), Draining: len(p.draining), Pairs: p.pairs}
}
