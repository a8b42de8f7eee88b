package call

import (
	"sync"
	"time"

	"dialtone/dialplan"
)

const (
	guessesPerCaller = 9
	// guessesPerTrunk is for all callers of a trunk, who can call themselves what they
	// like, and for one caller who enters right PINs in between.
	guessesPerTrunk = 60
	guessMemory     = 15 * time.Minute
	maxGuessers     = 10_000
)

// guesses counts wrong PINs by caller and by trunk.
type guesses struct {
	mu    sync.Mutex
	wrong map[string]guessed
}

// guessed are the wrong ones of one caller or trunk.
type guessed struct {
	count int // since the last right one
	all   int // a right PIN does not wash off the guesses at another for ever
	last  time.Time
}

func newGuesses() *guesses { return &guesses{wrong: map[string]guessed{}} }

// Locked implements dialplan.Guesses.
func (g *guesses) Locked(who dialplan.Guesser) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	caller := g.lately(callerKey(who))
	return caller.count >= guessesPerCaller || caller.all >= guessesPerTrunk ||
		who.Trunk != "" && g.lately(trunkKey(who)).count >= guessesPerTrunk
}

// Wrong implements dialplan.Guesses.
func (g *guesses) Wrong(who dialplan.Guesser) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.add(callerKey(who))
	if who.Trunk != "" {
		g.add(trunkKey(who))
	}
}

// Right implements dialplan.Guesses.
func (g *guesses) Right(who dialplan.Guesser) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w, known := g.wrong[callerKey(who)]; known {
		w.count = 0
		g.wrong[callerKey(who)] = w
	}
}

func callerKey(who dialplan.Guesser) string { return "caller " + who.Caller }
func trunkKey(who dialplan.Guesser) string  { return "trunk " + who.Trunk }

// lately is what was wrong lately; mu is held.
func (g *guesses) lately(key string) guessed {
	w := g.wrong[key]
	if time.Since(w.last) > guessMemory {
		delete(g.wrong, key)
		return guessed{}
	}
	return w
}

// add counts one more; mu is held.
func (g *guesses) add(key string) {
	if _, known := g.wrong[key]; !known && len(g.wrong) >= maxGuessers {
		g.makeRoom()
	}
	w := g.lately(key)
	g.wrong[key] = guessed{w.count + 1, w.all + 1, time.Now()}
}

// makeRoom forgets who guessed long ago, or else the one who did so longest ago;
// mu is held.
func (g *guesses) makeRoom() {
	oldest, since := "", time.Time{}
	for key, w := range g.wrong {
		if time.Since(w.last) > guessMemory {
			delete(g.wrong, key)
		} else if oldest == "" || w.last.Before(since) {
			oldest, since = key, w.last
		}
	}
	if len(g.wrong) >= maxGuessers {
		delete(g.wrong, oldest)
	}
}
