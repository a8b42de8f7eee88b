package say

import (
	"strings"
	"time"
)

type french struct{}

func (french) Language() string { return "fr" }

func (f french) Number(n int64, feminine bool) []string {
	return signed(n, func(n int64) []string { return f.cardinal(n, feminine) })
}

func (f french) cardinal(n int64, feminine bool) (out []string) {
	switch m := n / 1_000_000; {
	case m == 1:
		out = []string{number(1), "number/million"}
	case m > 1:
		out = append(f.hundreds(m, false), "number/millions")
	}
	n %= 1_000_000
	switch t := n / 1000; {
	case t == 1: // no un before mille
		out = append(out, "number/thousand")
	case t > 1:
		out = append(append(out, f.hundreds(t, false)...), "number/thousand")
	}
	if n %= 1000; n > 0 || len(out) == 0 {
		out = append(out, f.hundreds(n, feminine)...)
	}
	return out
}

// hundreds says 0 to 999.
func (french) hundreds(n int64, feminine bool) (out []string) {
	if h := n / 100; h > 0 {
		if h > 1 { // no un before cent
			out = append(out, number(h))
		}
		out = append(out, "number/hundred")
		if n %= 100; n == 0 {
			return out
		}
	}
	name := number(n)
	if feminine && n%10 == 1 && n != 11 && n != 71 && n != 91 {
		name += "-feminine"
	}
	return append(out, name)
}

func (f french) Ordinal(n int) []string { return ordinal(f, n) }

func (f french) Date(t time.Time, year bool) []string {
	out := []string{weekday(t), number(int64(t.Day())), month(t)}
	if t.Day() == 1 {
		out[1] = "ordinal/1"
	}
	if year {
		out = append(out, f.Number(int64(t.Year()), false)...)
	}
	return out
}

// Time has 24 hours only.
func (f french) Time(hour, minute, _ int) []string {
	var out []string
	switch hour {
	case 0:
		out = []string{"say/midnight"}
	case 12:
		out = []string{"say/noon"}
	default:
		out = f.count(counted{int64(hour), "hour"})
	}
	if minute > 0 {
		out = append(out, f.Number(int64(minute), true)...)
	}
	return out
}

// count says some of a unit: nought and one of it are no plural.
func (f french) count(u counted) []string {
	name := "unit/" + u.unit
	if u.n > 1 {
		name += "-plural"
	}
	return append(f.Number(u.n, u.unit != "day"), name)
}

func (f french) Amount(major int64, minor int, c Currency) []string {
	var parts [][]string
	if major != 0 || minor == 0 || c.minor == "" {
		parts = append(parts, f.money(major, c))
	}
	if minor > 0 && c.minor != "" {
		parts = append(parts, append(f.Number(int64(minor), false), c.part(minor > 1)))
	}
	return listed(parts, "say/and")
}

// money says un million d'euros, but un million un euros.
func (f french) money(n int64, c Currency) []string {
	out := f.Number(n, c.code == "gbp") // une livre
	switch {
	case n == 0 || n%1_000_000 != 0 || n > maxNumber || n < -maxNumber:
		return append(out, c.unit(n > 1 || n < -1))
	case c.code == "eur":
		return append(out, "say/d-euros")
	}
	return append(out, "say/de", c.unit(true))
}

func (f french) Duration(d time.Duration) []string {
	var parts [][]string
	for _, u := range lasting(d) {
		parts = append(parts, f.count(u))
	}
	return listed(parts, "say/and")
}

// Phone says pairs as numbers: zéro un, quarante-deux.
func (f french) Phone(s string) []string {
	var list [][]string
	for _, group := range phoneGroups(s, inPairs) {
		list = append(list, f.group(group))
	}
	return groups(list)
}

// group says up to two digits as a number, more as digits.
func (f french) group(s string) []string {
	bare := strings.TrimPrefix(s, "+")
	if len(bare) != 2 || bare[0] == '0' || strings.Trim(bare, "0123456789") != "" {
		return digits(s)
	}
	out := digits(s[:len(s)-len(bare)])
	return append(out, number(int64(bare[0]-'0')*10+int64(bare[1]-'0')))
}

// inPairs splits 33142685300 into 33 1 42 68 53 00: one that is left over comes
// behind the country code of France, else first.
func inPairs(s string) (out []string) {
	if rest, ok := strings.CutPrefix(s, "33"); ok && len(rest) == 9 {
		out, s = []string{"33"}, rest
	}
	if len(s)%2 == 1 {
		out, s = append(out, s[:1]), s[1:]
	}
	for ; s != ""; s = s[2:] {
		out = append(out, s[:2])
	}
	return out
}
