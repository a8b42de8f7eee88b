package call

import (
	"sync"
	"time"

	"dialtone/dialplan"
)

const (
	guessesPerCaller = 9
	guessesPerTrunk  = 60 // its callers can call themselves what they like
	guessMemory      = 15 * time.Minute
	maxGuessers      = 10_000
)

// guesses counts wrong PINs by caller and by trunk.
type guesses struct {
	mu    sync.Mutex
	wrong map[string]guessed
}

// guessed are the wrong ones of one caller or trunk.
type guessed struct {
	count int
	last  time.Time
}

func newGuesses() *guesses { return &guesses{wrong: map[string]guessed{}} }

// Locked implements dialplan.Guesses.
func (g *guesses) Locked(who dialplan.Guesser) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count(callerKey(who)) >= guessesPerCaller || who.Trunk != "" && g.count(trunkKey(who)) >= guessesPerTrunk
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
	delete(g.wrong, callerKey(who))
}

func callerKey(who dialplan.Guesser) string { return "caller " + who.Caller }
func trunkKey(who dialplan.Guesser) string  { return "trunk " + who.Trunk }

// count is how many were wrong lately; mu is held.
func (g *guesses) count(key string) int {
	w := g.wrong[key]
	if time.Since(w.last) > guessMemory {
		delete(g.wrong, key)
		return 0
	}
	return w.count
}

// add counts one more; mu is held.
func (g *guesses) add(key string) {
	if _, known := g.wrong[key]; !known && len(g.wrong) >= maxGuessers {
		g.makeRoom()
	}
	g.wrong[key] = guessed{g.count(key) + 1, time.Now()}
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
