package media

import (
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/media/codec"
)

// Key is a key of a phone that was pressed.
type Key struct {
	Digit byte          // one of Keypad
	By    Way           // it was first told of in this way
	At    time.Time     // when it was first heard of
	Held  time.Duration // for how long, as far as that was known when the key was taken
}

// Keypad are the keys that there are, in the order of their codes (RFC 4733
// §3.2).
const Keypad = "0123456789*#ABCD"

// Way is how a phone tells of a key. A phone that does so in two ways presses one
// key all the same.
type Way uint8

const (
	// ByEvent is telephone-event in RTP (RFC 4733).
	ByEvent Way = iota
	// ByInfo is a SIP INFO.
	ByInfo
	// ByTone is a pair of tones in the audio.
	ByTone
)

const (
	maxKeys = 32 // that wait to be taken
	// lateness is by how much one way of telling of a key may be behind the other.
	lateness = 500 * time.Millisecond
	// allEnds is how often a phone says that a key is over (RFC 4733 §2.5.1.4).
	allEnds = 3
)

// Keys gathers the keys that are pressed on one leg. It is a Sink for what arrives
// there, which takes the telephone events, and the tones in the audio when it is told
// to Listen, and drops the rest; what comes in other ways is told it by Press.
//
// Each key counts once, however often a phone repeats itself and whatever the
// network loses of that. Keys that nobody takes wait, up to 32; more are dropped.
type Keys struct {
	pressed, released chan struct{}

	mu      sync.Mutex
	waiting []waitingKey
	events  eventLog
	recent  [8]press  // the last ones, by number modulo 8
	number  int       // of the next press
	cleared int       // number at the last Clear
	last    time.Time // when an event was last heard of that may not be over
	tones   *ear      // nil: nobody listens to the audio
}

// waitingKey is a key that was not taken, and the number of its press.
type waitingKey struct {
	Key
	number int
}

// press is a key that was told of in one way.
type press struct {
	digit byte
	first Way
	ways  uint8     // that have told of it, a bit each
	until time.Time // last heard of
}

// NewKeys listens to nothing yet: give it to Endpoint.SetSink.
func NewKeys() *Keys {
	return &Keys{pressed: make(chan struct{}, 1), released: make(chan struct{}, 1)}
}

// Pressed gets a token (capacity 1) when a key waits to be taken.
func (k *Keys) Pressed() <-chan struct{} { return k.pressed }

// Released gets a token (capacity 1) when a phone has said that a key was let go.
func (k *Keys) Released() <-chan struct{} { return k.released }

// Listen says whether keys are looked for in the audio, too: what is a tone there is
// a key that was pressed.
func (k *Keys) Listen(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !on && k.tones != nil:
		k.tones.close()
		k.tones = nil
	case on && k.tones == nil:
		k.tones = newEar()
	}
}

// Packet implements Sink.
func (k *Keys) Packet(p *Packet) { k.heed(p) }

// Patient implements Patient: a key takes longer than that.
func (k *Keys) Patient() {}

// heed takes what a packet says of keys. sounds says that there is a key in it; other
// that it was first told of in another way, or before Clear.
func (k *Keys) heed(p *Packet) (sounds, other bool) {
	switch {
	case p.Format == nil:
		return false, false
	case isEvent(p.Format):
		return true, k.event(p)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.tones == nil {
		return false, false
	}
	now := time.Now()
	sounded := k.tones.sounding()
	k.tones.packet(p, func(digit byte) { k.tones.number = k.press(digit, ByTone, now) })
	if k.tones.sounding() {
		k.hold(k.tones.number, k.tones.held, now)
	}
	return sounded || k.tones.sounding(), k.other(k.tones.number, ByTone)
}

// other reports whether a press was not first told of in that way, or is of before
// Clear; mu is held.
func (k *Keys) other(number int, by Way) bool {
	return number < max(k.cleared, k.number-len(k.recent)) || k.recent[number%len(k.recent)].first != by
}

// event takes a telephone event.
func (k *Keys) event(p *Packet) (other bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, fresh := k.events.take(p)
	if e == nil {
		return false
	}
	now := time.Now()
	if k.last = now; e.ends >= allEnds {
		k.last = time.Time{}
		select {
		case k.released <- struct{}{}:
		default:
		}
	}
	if fresh {
		e.number = k.press(Keypad[e.code], ByEvent, now)
	}
	k.hold(e.number, e.held(p.Format.Clock), now)
	return k.other(e.number, ByEvent)
}

// isEvent reports whether f is telephone-event.
func isEvent(f *codec.Format) bool { return strings.EqualFold(f.Name, codec.DTMF.Name) }

// Press tells of a key that was held for so long.
func (k *Keys) Press(digit byte, held time.Duration, by Way) {
	if strings.IndexByte(Keypad, digit) < 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	k.hold(k.press(digit, by, now), held, now)
}

// press counts a key, unless another way has told of it already, and gives its
// number; mu is held.
func (k *Keys) press(digit byte, by Way, now time.Time) int {
	for n := max(0, k.number-len(k.recent)); n < k.number; n++ {
		p := &k.recent[n%len(k.recent)]
		if p.digit == digit && p.ways&(1<<by) == 0 && now.Sub(p.until) <= lateness {
			p.ways |= 1 << by
			return n
		}
	}
	n := k.number
	k.number++
	k.recent[n%len(k.recent)] = press{digit: digit, first: by, ways: 1 << by, until: now}
	if len(k.waiting) < maxKeys {
		k.waiting = append(k.waiting, waitingKey{Key{Digit: digit, By: by, At: now}, n})
	}
	select {
	case k.pressed <- struct{}{}:
	default:
	}
	return n
}

// hold notes for how long a key was held; mu is held.
func (k *Keys) hold(number int, held time.Duration, now time.Time) {
	if number > k.number-1-len(k.recent) {
		k.recent[number%len(k.recent)].until = now
	}
	for i := range k.waiting {
		if w := &k.waiting[i]; w.number == number {
			w.Held = max(w.Held, held)
		}
	}
}

// Release is for how long to wait before a key that is held now may have been let
// go: 0 when none is.
func (k *Keys) Release() time.Duration {
	const between = 60 * time.Millisecond // packets, of which some may be lost
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(0, between-time.Since(k.last))
}

// First is the key that waits longest; false when none does.
func (k *Keys) First() (Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.waiting) == 0 {
		return Key{}, false
	}
	return k.waiting[0].Key, true
}

// Take gives the key that waits longest among those of set, a part of Keypad, and
// removes it; false when there is none.
func (k *Keys) Take(set string) (Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, w := range k.waiting {
		if strings.IndexByte(set, w.Digit) >= 0 {
			k.waiting = slices.Delete(k.waiting, i, i+1)
			return w.Key, true
		}
	}
	return Key{}, false
}

// Clear forgets the keys that wait. What is still told of them later does not
// bring them back.
func (k *Keys) Clear() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting, k.cleared = k.waiting[:0], k.number
}
