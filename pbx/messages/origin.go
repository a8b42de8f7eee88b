package messages

import (
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"dialtone/storage"
)

const (
	// sameFor is how long a phone may send the same request again (RFC 3261 §17.1.2.2).
	sameFor = 40 * time.Second
	// restartFor is how long a restart may take for a message sent again to be known.
	restartFor = time.Minute
)

// origins are the requests of the last moments, so that one that is sent again, as after a
// restart, is not a second message. Service.mu guards them.
type origins struct {
	start  time.Time
	recent map[string]time.Time
	// before are messages that were kept just before this start. Their senders, unanswered,
	// come back with another CSeq, as they have to log in anew.
	before map[[sha256.Size]byte]bool
}

func newOrigins(now time.Time) origins {
	return origins{start: now, recent: map[string]time.Time{}, before: map[[sha256.Size]byte]bool{}}
}

func originOf(m *Message) string {
	callID := m.CallID
	if len(callID) > 900 { // what storage keeps
		sum := sha256.Sum256([]byte(callID))
		callID = string(strconv.AppendQuoteToASCII(nil, string(sum[:])))
	}
	return callID + " " + strconv.FormatUint(uint64(m.CSeq), 10)
}

func sameText(from, to, callID string, body []byte) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join([]string{from, to, callID, string(body)}, "\x00")))
}

// load notes a message that was kept before this start.
func (o *origins) load(t *storage.Text) {
	if o.start.Sub(t.At) > restartFor {
		return
	}
	o.recent[t.From+"\x00"+t.Origin] = o.start
	callID, _, _ := strings.Cut(t.Origin, " ")
	o.before[sameText(t.From, t.To, callID, t.Body)] = true
}

// knows reports whether m was taken already.
func (o *origins) knows(m *Message, now time.Time) bool {
	origin := originOf(m)
	if at, known := o.recent[m.From+"\x00"+origin]; known && now.Sub(at) < sameFor {
		return true
	}
	if now.Sub(o.start) > sameFor {
		return false
	}
	callID, _, _ := strings.Cut(origin, " ")
	key := sameText(m.From, m.To, callID, m.Body)
	known := o.before[key]
	delete(o.before, key) // once; the next is meant
	return known
}

func (o *origins) note(m *Message, now time.Time) {
	if len(o.recent) >= maxOrigins {
		o.prune(now)
	}
	if len(o.recent) < maxOrigins {
		o.recent[m.From+"\x00"+originOf(m)] = now
	}
}

// maxOrigins bounds what is remembered; rates do so before.
const maxOrigins = 50_000

func (o *origins) prune(now time.Time) {
	for key, at := range o.recent {
		if now.Sub(at) >= sameFor {
			delete(o.recent, key)
		}
	}
	if now.Sub(o.start) > sameFor {
		clear(o.before)
	}
}

// rate is how many messages an extension may send: a bucket that fills with time.
type rate struct {
	left float64
	at   time.Time
}

// rate takes one from the bucket of an extension, or says how long to wait; mu is held.
func (s *Service) rate(from string, perMinute int, now time.Time) time.Duration {
	most := float64(perMinute)
	r := s.rates[from]
	if r == nil {
		r = &rate{left: most, at: now}
		s.rates[from] = r
	}
	r.left = min(most, r.left+now.Sub(r.at).Minutes()*most)
	r.at = now
	if r.left < 1 {
		return max(time.Second, time.Duration((1-r.left)/most*float64(time.Minute)))
	}
	r.left--
	return 0
}

// idle reports whether the bucket is full by now.
func (r *rate) idle(now time.Time) bool { return now.Sub(r.at) > time.Minute }
