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
