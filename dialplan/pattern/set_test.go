package pattern_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"dialtone/dialplan/pattern"
)

func parseAll(sources ...string) []pattern.Pattern {
	all := make([]pattern.Pattern, len(sources))
	for i, s := range sources {
		all[i] = pattern.MustParse(s)
	}
	return all
}

func TestSetGivesTheFirstInOrder(t *testing.T) {
	set := pattern.NewSet(parseAll("110", "1XX", "0.", "/^0(?<area>\\d\\d)\\d+$/", "110", "!", "00."))
	tests := []struct {
		number string
		all    string
	}{
		{"110", "[0 1 4 5]"},
		{"112", "[1 5]"},
		{"0", "[5]"},
		{"0301", "[2 3 5]"},
		{"0049", "[2 3 5 6]"},
		{"", "[5]"},
		{"alice", "[5]"},
	}
	for _, test := range tests {
		var all []int
		for index := range set.All(test.number) {
			all = append(all, index)
		}
		if got := fmt.Sprint(all); got != test.all {
			t.Errorf("%q: %s, want %s", test.number, got, test.all)
		}
	}
	if index, m, ok := set.Next("0301", 3); !ok || index != 3 || m.Groups[0].Value != "30" {
		t.Errorf("Next from 3 = %d, %+v, %v", index, m, ok)
	}
	if _, _, ok := set.Next("110", 6); ok {
		t.Error("something is found behind the last")
	}
	if _, _, ok := pattern.NewSet(nil).First("1"); ok {
		t.Error("an empty set finds something")
	}
}

func TestSetAgreesWithTryingEachPattern(t *testing.T) {
	number := rapid.StringOfN(rapid.SampledFrom([]rune("0123*a")), 0, 6, -1)
	some := rapid.OneOf(plain(), rapid.SampledFrom(parseAll("/1+/", `/(\d)2*/`, "12", "1", "*")))
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(some, 0, 150).Draw(t, "patterns")
		set := pattern.NewSet(patterns)
		for range 20 {
			number, from := number.Draw(t, "number"), rapid.IntRange(-1, len(patterns)+1).Draw(t, "from")
			want, found := -1, false
			for i := max(from, 0); i < len(patterns) && !found; i++ {
				if _, found = patterns[i].Match(number); found {
					want = i
				}
			}
			got, m, ok := set.Next(number, from)
			if ok != found || ok && got != want {
				t.Fatalf("Next(%q, %d) = %d, %v, want %d, %v of %v", number, from, got, ok, want, found, patterns)
			}
			if ok {
				if alone, _ := patterns[got].Match(number); alone.Rest != m.Rest {
					t.Errorf("rest %q, want %q", m.Rest, alone.Rest)
				}
			}
		}
	})
}

func TestSetDoesNotAllocate(t *testing.T) {
	set := pattern.NewSet(plan(1000))
	if n := testing.AllocsPerRun(100, func() { set.First("+49309999999") }); n != 0 {
		t.Errorf("First allocates %v times", n)
	}
}

// plan is what a large office may have: numbers, ranges and prefixes, the same
// for the same n.
func plan(n int) []pattern.Pattern {
	random := rand.New(rand.NewPCG(1, 2))
	sources := make([]string, n)
	for i := range sources {
		switch area := 100 + random.IntN(900); i % 5 {
		case 0:
			sources[i] = fmt.Sprintf("+49%d%05d", area, random.IntN(100000))
		case 1:
			sources[i] = fmt.Sprintf("+49%d%04dX", area, random.IntN(10000))
		case 2:
			sources[i] = fmt.Sprintf("+49%d[2-8]%02dXX", area, random.IntN(100))
		case 3:
			sources[i] = fmt.Sprintf("00%d%d.", area, random.IntN(1000))
		case 4:
			sources[i] = fmt.Sprintf("0%d%dX!", area, random.IntN(1000))
		}
	}
	return parseAll(sources...)
}

func BenchmarkSet(b *testing.B) {
	numbers := []string{"+4930123456", "+49555299999", "+49999888", "00331234567", "0777123456", "110", "alice"}
	for _, n := range []int{10, 100, 1_000, 10_000, 100_000} {
		set := pattern.NewSet(plan(n))
		b.Run(fmt.Sprintf("mixed/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				set.First(numbers[i%len(numbers)])
			}
		})
	}
	for _, n := range []int{100, 1_000, 10_000} {
		// The worst: all begin alike, and none matches.
		sources := make([]string, n)
		for i := range sources {
			sources[i] = fmt.Sprintf("+4930123456[1-8]X%05d!", i)
		}
		set := pattern.NewSet(parseAll(sources...))
		b.Run(fmt.Sprintf("alike/%d", n), func(b *testing.B) {
			for range b.N {
				set.First("+49301234561999999")
			}
		})
	}
	for _, n := range []int{10, 100, 1_000} {
		sources := make([]string, n)
		for i := range sources {
			sources[i] = fmt.Sprintf("/^\\+49(?<area>\\d+?)%04d$/", i)
		}
		set := pattern.NewSet(parseAll(sources...))
		b.Run(fmt.Sprintf("expressions/%d", n), func(b *testing.B) {
			for range b.N {
				set.First("+493012345x")
			}
		})
	}
}

func BenchmarkNewSet(b *testing.B) {
	patterns := plan(10_000)
	for range b.N {
		pattern.NewSet(patterns)
	}
}

func BenchmarkParse(b *testing.B) {
	for range b.N {
		pattern.MustParse("+49555[2-8]99XX")
	}
}
