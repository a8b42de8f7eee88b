package pattern_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dialtone/dialplan/pattern"
)

func TestCoversAndOverlaps(t *testing.T) {
	tests := []struct {
		p, q             string
		covers, overlaps bool
	}{
		{"X", "1", true, true},
		{"1", "X", false, true},
		{"X", "*", false, false},
		{"XX", "X", false, false},
		{".", "X.", true, true},
		{"X.", ".", false, true},
		{"!", ".", true, true},
		{".", "!", false, true},
		{"X!", "X.", true, true},
		{"0.", "0X", true, true},
		{"0.", "0", false, false},
		{"0!", "0", true, true},
		{"0.", "00.", true, true},
		{"00.", "0.", false, true},
		{"[12]3", "1[34]", false, true},
		{"[12]3", "[34]3", false, false},
		{"+49.", "+49[1-9]X.", true, true},
		{"+49.", "0049.", false, false},
		{"!", "/1+/", true, true},
		{"49.", "/^49(\\d+)$/", true, true},
		{"49!", "/^49(30|40)\\d*$/", true, true},
		{"50.", "/^49(\\d+)$/", false, false},
		{"/^49(\\d+)$/", "4930", true, true},
		{"/^49(\\d+)$/", "49XX", false, true},
		{"/1+/", "/1+/", true, true},
		{"/1+/", "/11*/", false, true},
		{"NXX", "/[2-9]\\d\\d/", true, true},
	}
	for _, test := range tests {
		p, q := pattern.MustParse(test.p), pattern.MustParse(test.q)
		if got := p.Covers(q); got != test.covers {
			t.Errorf("%s covers %s: %v", p, q, got)
		}
		if p.Overlaps(q) != test.overlaps || q.Overlaps(p) != test.overlaps {
			t.Errorf("%s overlaps %s: %v and %v", p, q, p.Overlaps(q), q.Overlaps(p))
		}
	}
}

func TestLongerNumbers(t *testing.T) {
	for _, test := range []struct {
		p, number string
		most      int
		want      bool
	}{
		{"1XX", "1", 3, true},
		{"1XX", "12", 3, true},
		{"1XX", "123", 9, false},
		{"1XX", "2", 9, false},
		{"1XX", "1", 2, false},
		{"1.", "1", 2, true},
		{"1.", "1", 1, false},
		{"1.", "12", 3, true},
		{"1.", "2", 3, false},
		{"12.", "1", 2, false},
		{"1!", "1", 2, true},
		{"1!", "", 1, true},
		{"/^1[23]$/", "1", 2, true},
		{"/^1[23]$/", "2", 2, false},
		{"/^1[23]$/", "12", 3, false},
	} {
		if got := pattern.MustParse(test.p).Longer(test.number, test.most); got != test.want {
			t.Errorf("%s may go on from %s, up to %d: %v", test.p, test.number, test.most, got)
		}
	}
}

func TestNarrowPatternsComeFirst(t *testing.T) {
	want := strings.Fields("110 11X 1X0 1XX 1X. 1! NXX [2-9]X. ZXX XXX X. /\\d.*/ . !")
	patterns := make([]pattern.Pattern, len(want))
	for i, s := range want {
		patterns[len(want)-1-i] = pattern.MustParse(s)
	}
	slices.SortStableFunc(patterns, pattern.Pattern.Compare)
	for i := range want {
		if patterns[i].String() != want[i] {
			t.Errorf("place %d: %s, want %s", i, patterns[i], want[i])
		}
	}
}

// plain draws a plain pattern of few characters, so that two of them often meet.
func plain() *rapid.Generator[pattern.Pattern] {
	element := rapid.SampledFrom([]string{"1", "2", "*", "X", "Z", "N", "[2-3]", "[13*]", `"a"`})
	return rapid.Custom(func(t *rapid.T) pattern.Pattern {
		source := strings.Join(rapid.SliceOfN(element, 0, 3).Draw(t, "elements"), "")
		source += rapid.SampledFrom([]string{"", "", ".", "!"}).Draw(t, "tail")
		if source == "" {
			source = "0"
		}
		return pattern.MustParse(source)
	})
}

// universe is every number of up to four characters out of enough characters to
// tell the sets of plain apart.
func universe() []string {
	all := []string{""}
	for from := 0; len(all[len(all)-1]) < 4; {
		to := len(all)
		for _, number := range all[from:to] {
			for _, c := range "01239*a" {
				all = append(all, number+string(c))
			}
		}
		from = to
	}
	return all
}

func TestCoversAndOverlapsAreExactForPlainPatterns(t *testing.T) {
	numbers := universe()
	rapid.Check(t, func(t *rapid.T) {
		p, q := plain().Draw(t, "p"), plain().Draw(t, "q")
		covers, overlaps := true, false
		for _, number := range numbers {
			_, byP := p.Match(number)
			_, byQ := q.Match(number)
			covers = covers && (byP || !byQ)
			overlaps = overlaps || byP && byQ
		}
		if p.Covers(q) != covers {
			t.Errorf("%s covers %s: %v, want %v", p, q, p.Covers(q), covers)
		}
		if p.Overlaps(q) != overlaps {
			t.Errorf("%s overlaps %s: %v, want %v", p, q, p.Overlaps(q), overlaps)
		}
		if number, ok := p.Common(q); ok {
			_, byP := p.Match(number)
			_, byQ := q.Match(number)
			if !byP || !byQ {
				t.Errorf("%s and %s: the common number %q is matched: %v, %v", p, q, number, byP, byQ)
			}
		}
	})
}

func TestCoversAndOverlapsAreRightForRegularExpressions(t *testing.T) {
	numbers := universe()
	part := rapid.SampledFrom([]string{"1", "2", `\d`, "[1-3]", ".", "1?", "2*", "(1|2)", `\*`, "a+", "(?i)A"})
	expression := rapid.Custom(func(t *rapid.T) pattern.Pattern {
		return pattern.MustParse("/" + strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "parts"), "") + "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		p, q := rapid.OneOf(expression, plain()).Draw(t, "p"), expression.Draw(t, "q")
		if rapid.Bool().Draw(t, "swap") {
			p, q = q, p
		}
		covers, overlaps := p.Covers(q), p.Overlaps(q)
		for _, number := range numbers {
			_, byP := p.Match(number)
			_, byQ := q.Match(number)
			if covers && byQ && !byP {
				t.Fatalf("%s is said to cover %s, but not %q", p, q, number)
			}
		}
		if !overlaps {
			return
		}
		number, _ := p.Common(q)
		_, byP := p.Match(number)
		_, byQ := q.Match(number)
		if !byP || !byQ {
			t.Errorf("%s and %s are said to overlap in %q, which they match: %v, %v", p, q, number, byP, byQ)
		}
	})
}

func TestExamplesMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plain().Draw(t, "p")
		if _, ok := p.Match(p.Example()); !ok {
			t.Errorf("%s does not match its example %q", p, p.Example())
		}
	})
}
