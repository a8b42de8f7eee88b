package call

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
)

func TestATrunkIsLockedWhateverItsCallersCallThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesses()
		from := func(n int) dialplan.Guesser {
			return dialplan.Guesser{Caller: fmt.Sprint(n, " on line"), Trunk: "line"}
		}
		for n := range guessesPerTrunk {
			if g.Locked(from(n)) {
				t.Fatalf("locked after %d", n)
			}
			g.Wrong(from(n))
		}
		if !g.Locked(from(1000)) {
			t.Error("not locked")
		}
		if g.Locked(dialplan.Guesser{Caller: "extension 100"}) || g.Locked(dialplan.Guesser{Caller: "1 on other", Trunk: "other"}) {
			t.Error("others are locked too")
		}
		time.Sleep(guessMemory + time.Second)
		if g.Locked(from(1000)) {
			t.Error("still locked")
		}
	})
}

// Who knows one PIN cannot wash off the guesses at another with it for ever.
func TestARightPINDoesNotAllowGuessingForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, who := range []dialplan.Guesser{{Caller: "extension 100"}, {Caller: "1 on line", Trunk: "line"}} {
			g, wrong := newGuesses(), 0
			for range 1000 {
				for range guessesPerCaller - 1 {
					if !g.Locked(who) {
						g.Wrong(who)
						wrong++
					}
				}
				if !g.Locked(who) {
					g.Right(who)
				}
			}
			if wrong > guessesPerTrunk {
				t.Errorf("%s guessed %d times", who.Caller, wrong)
			}
		}
	})
}

func TestGuessersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuesses()
		for n := range maxGuessers + 100 {
			g.Wrong(dialplan.Guesser{Caller: strconv.Itoa(n)})
			time.Sleep(time.Millisecond)
		}
		if len(g.wrong) != maxGuessers {
			t.Errorf("%d are kept", len(g.wrong))
		}
		if _, known := g.wrong["caller 99"]; known {
			t.Error("not the oldest were forgotten")
		}
	})
}
