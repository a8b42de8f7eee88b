package sipauth

import (
	"math"
	"sync"
	"time"
)

// maxNonces is how many nonces in use are remembered, some 8 MB when full. It is
// room for 400 logins a second that each take a new nonce; with more, nonces get
// too old sooner.
const maxNonces = 1 << 17

// replays remembers which counts (nc) of each nonce were used. Only requests
// with the right password come here.
type replays struct {
	mu     sync.Mutex
	issued map[int64]map[nonceID]window // by the second in which the nonce was made
	total  int
	oldest int64 // nonces made before this second are not accepted
}

// window is the highest count used and, a bit each, which of the 64 up to it
// were: requests sent together may arrive in any order.
type window struct {
	highest uint32
	used    uint64
}

func newReplays(now time.Time) *replays {
	return &replays{issued: map[int64]map[nonceID]window{}, oldest: now.Add(-nonceLife).Unix()}
}

// once is the count of a request without one: its nonce is used up by it.
const once = math.MaxUint32

// use notes that a nonce was used with that count and says whether it may be:
// not twice, and not when it is too old to tell.
func (r *replays) use(n *nonce, count uint32, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now.Add(-nonceLife).Unix())
	second := n.issued.Unix()
	if second < r.oldest {
		return false
	}
	made := r.issued[second]
	if made == nil {
		made = map[nonceID]window{}
		r.issued[second] = made
	}
	w, known := made[n.id]
	if !known {
		w = window{highest: count, used: 1}
		if count == once {
			w.used = math.MaxUint64
		}
		r.total++
	} else if !w.use(count) {
		return false
	}
	made[n.id] = w
	for r.total > maxNonces {
		r.forget(r.oldest + 1)
	}
	return true
}

func (w *window) use(count uint32) bool {
	switch {
	case count == once:
		return false
	case count > w.highest:
		w.used = w.used<<min(count-w.highest, 64) | 1
		w.highest = count
		return true
	}
	bit := uint64(1) << min(w.highest-count, 64)
	if bit == 0 || w.used&bit != 0 {
		return false
	}
	w.used |= bit
	return true
}

// forget drops the nonces made before that second, and none of them is accepted
// again.
func (r *replays) forget(before int64) {
	for ; r.oldest < before; r.oldest++ {
		r.total -= len(r.issued[r.oldest])
		delete(r.issued, r.oldest)
	}
}
