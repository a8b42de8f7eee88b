package sipauth

import (
	"strings"
	"sync"
	"time"
)

const (
	// failureWindow is within which wrong passwords are counted, and for how long
	// too many of them have an effect.
	failureWindow = 10 * time.Minute
	// maxFailureKeys is how many pairs of source and user are remembered per
	// generation.
	maxFailureKeys = 8192
	// maxLocked is how many that are blocked are remembered besides.
	maxLocked = 8192
	// maxUserBytes is what is kept of a user name that is not known.
	maxUserBytes = 64
)

type failureKey struct {
	source sourceTag
	all    together // of the source, whatever the user
	user   string
}

// together is where the wrong passwords for all users of a source are counted.
type together uint8

const (
	elsewhere together = iota + 1 // those of Wrong
	bySIP                         // those of Check
)

type failure struct {
	count        int
	first        time.Time
	blockedUntil time.Time
}

// failures counts wrong passwords. It keeps two generations of pairs: the older
// is forgotten when the younger is full or a window long, so nothing is
// forgotten within its window unless there are very many. Who is blocked stays so
// however many others come.
type failures struct {
	mu      sync.Mutex
	young   map[failureKey]failure
	old     map[failureKey]failure
	locked  map[failureKey]failure
	started time.Time // when young was
	cleared time.Time // when locked was, of those that are over
}

func newFailures(now time.Time) *failures {
	return &failures{young: map[failureKey]failure{}, locked: map[failureKey]failure{}, started: now}
}

func keyOf(source sourceTag, user string) failureKey {
	return failureKey{source: source, user: user[:min(len(user), maxUserBytes)]}
}

// blocked says whether requests of the pair are to be ignored.
func (f *failures) blocked(k failureKey, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Before(f.get(k).blockedUntil)
}

// until is when the pair is no longer blocked; it may be over.
func (f *failures) until(k failureKey) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.get(k).blockedUntil
}

func (f *failures) get(k failureKey) failure {
	if e, ok := f.locked[k]; ok {
		return e
	}
	if e, ok := f.young[k]; ok {
		return e
	}
	return f.old[k]
}

// add counts a wrong password. It says whether this one was too many.
func (f *failures) add(k failureKey, limit int, now time.Time) (tooMany bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.started) >= failureWindow || len(f.young) >= maxFailureKeys {
		f.old, f.young, f.started = f.young, map[failureKey]failure{}, now
		f.release(now)
	}
	e := f.get(k)
	if now.Sub(e.first) >= failureWindow || !e.blockedUntil.IsZero() && !now.Before(e.blockedUntil) {
		e = failure{first: now}
		delete(f.locked, k)
	}
	e.count++
	if tooMany = limit > 0 && e.count == limit; tooMany {
		e.blockedUntil = now.Add(failureWindow)
	}
	k.user = strings.Clone(k.user) // it is part of a whole message
	f.put(k, e, now)
	return tooMany
}

// put keeps e; mu is held.
func (f *failures) put(k failureKey, e failure, now time.Time) {
	if e.blockedUntil.IsZero() {
		f.young[k] = e
		return
	}
	_, there := f.locked[k]
	if !there && len(f.locked) >= maxLocked && now.Sub(f.cleared) >= time.Second {
		f.release(now)
	}
	if !there && len(f.locked) >= maxLocked { // those that are blocked already go before
		f.young[k] = e
		return
	}
	f.locked[k] = e
	delete(f.young, k)
	delete(f.old, k)
}

// release forgets those that are no longer blocked; mu is held.
func (f *failures) release(now time.Time) {
	f.cleared = now
	for k, e := range f.locked {
		if !now.Before(e.blockedUntil) {
			delete(f.locked, k)
		}
	}
}

// renew blocks for another window who is blocked, and says whether it is.
func (f *failures) renew(k failureKey, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.get(k)
	if !now.Before(e.blockedUntil) {
		return false
	}
	e.blockedUntil = now.Add(failureWindow)
	f.put(k, e, now)
	return true
}

// forgive forgets the pair's failures, after the right password.
func (f *failures) forgive(k failureKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.young, k)
	delete(f.old, k)
	delete(f.locked, k)
}
