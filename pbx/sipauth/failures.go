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
	// maxUserBytes is what is kept of a user name that is not known.
	maxUserBytes = 64
)

type failureKey struct {
	source sourceTag
	user   string
}

type failure struct {
	count        int
	first        time.Time
	blockedUntil time.Time
}

// failures counts wrong passwords. It keeps two generations of pairs: the older
// is forgotten when the younger is full or a window long, so nothing is
// forgotten within its window unless there are very many.
type failures struct {
	mu      sync.Mutex
	young   map[failureKey]failure
	old     map[failureKey]failure
	started time.Time // when young was
}

func newFailures(now time.Time) *failures {
	return &failures{young: map[failureKey]failure{}, started: now}
}

func keyOf(source sourceTag, user string) failureKey {
	return failureKey{source, user[:min(len(user), maxUserBytes)]}
}

// blocked says whether requests of the pair are to be ignored.
func (f *failures) blocked(k failureKey, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return now.Before(f.get(k).blockedUntil)
}

func (f *failures) get(k failureKey) failure {
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
	}
	e := f.get(k)
	if now.Sub(e.first) >= failureWindow || !e.blockedUntil.IsZero() && !now.Before(e.blockedUntil) {
		e = failure{first: now}
	}
	e.count++
	if tooMany = limit > 0 && e.count == limit; tooMany {
		e.blockedUntil = now.Add(failureWindow)
	}
	k.user = strings.Clone(k.user) // it is part of a whole message
	f.young[k] = e
	return tooMany
}

// forgive forgets the pair's failures, after the right password.
func (f *failures) forgive(k failureKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.young, k)
	delete(f.old, k)
}
