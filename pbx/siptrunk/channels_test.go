package siptrunk

import (
	"strings"
	"testing"

	"dialtone/config"
)

func TestChannels(t *testing.T) {
	b := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Channels = 2 }), "q": provider()})
	first, ok := b.Acquire("p", false)
	_, ok2 := b.Acquire("p", false)
	if !ok || !ok2 || b.one("p").Calls != 2 {
		t.Fatalf("%v %v, %d in use", ok, ok2, b.one("p").Calls)
	}
	if release, ok := b.Acquire("p", false); ok {
		t.Error("a third call on two channels")
	} else {
		release()
	}
	help, ok := b.Acquire("p", true)
	if !ok || b.one("p").Calls != 3 {
		t.Error("an emergency call was held up")
	}
	b.reload("p", func(c *config.Trunk) { c.Channels = 1; c.Host = "203.0.113.10" })
	help()
	first()
	first()
	if got := b.one("p").Calls; got != 1 {
		t.Errorf("%d in use after a reload and two releases, want 1", got)
	}
	for range 100 {
		if _, ok := b.Acquire("q", false); !ok {
			t.Fatal("a limit where there is none")
		}
	}
}

func TestWeightedTrunks(t *testing.T) {
	trunks := map[string]config.Trunk{}
	for name, weight := range map[string]int{"a": 0, "b": 3, "c": 1, "d": 0, "e": 1} {
		trunks[name] = provider(func(c *config.Trunk) { c.Weight = weight })
	}
	b := prepare(t, &network{}, trunks)
	for _, test := range []struct {
		names, want string
		n           func(int) int
	}{
		{"a d", "a d", nil},
		{"a b c d e", "a b c d e", func(int) int { return 0 }},
		{"a b c d e", "a c b d e", func(n int) int { return n - 1 }},
		{"d unknown b", "d unknown b", nil},
		{"", "", nil},
	} {
		if got := strings.Join(b.Weighted(strings.Fields(test.names), test.n), " "); got != test.want {
			t.Errorf("%s: have %s, want %s", test.names, got, test.want)
		}
	}
	first := map[string]int{}
	for at := range 500 {
		begun := false
		list := b.Weighted([]string{"b", "c", "e"}, func(int) int {
			if begun {
				return 0
			}
			begun = true
			return at
		})
		first[list[0]]++
	}
	if first["b"] != 300 || first["c"] != 100 || first["e"] != 100 {
		t.Errorf("shares %v, want 3:1:1", first)
	}
}
