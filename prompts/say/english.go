package say

import (
	"strings"
	"time"
)

// english is the American way, or the British one, which has and in its numbers and
// the day before the month.
type english struct{ british bool }

func (english) Language() string { return "en" }

func (e english) Number(n int64, _ bool) []string { return signed(n, e.cardinal) }

func (e english) cardinal(n int64) (out []string) {
	for _, scale := range [...]struct {
		of   int64
		name string
	}{{1_000_000, "number/million"}, {1000, "number/thousand"}} {
		if n >= scale.of {
			out = append(append(out, e.hundreds(n/scale.of)...), scale.name)
			n %= scale.of
			if n == 0 {
				return out
			}
		}
	}
	if e.british && len(out) > 0 && n < 100 {
		out = append(out, "say/and")
	}
	return append(out, e.hundreds(n)...)
}

// hundreds says 0 to 999.
func (e english) hundreds(n int64) (out []string) {
	if n < 100 {
		return []string{number(n)}
	}
	out = []string{number(n / 100), "number/hundred"}
	if n %= 100; n > 0 {
		if e.british {
			out = append(out, "say/and")
		}
		out = append(out, number(n))
	}
	return out
}

func (e english) Ordinal(n int) []string { return ordinal(e, n) }

// ordinal is that of a language which has prompts for 1 to 31.
func ordinal(g Grammar, n int) []string {
	if n < 1 || n > 31 {
		return g.Number(int64(n), false)
	}
	return []string{"ordinal/" + number(int64(n))[len("number/"):]}
}

func (e english) Date(t time.Time, year bool) []string {
	out := []string{weekday(t), month(t)}
	out = append(out, e.Ordinal(t.Day())...)
	if e.british {
		out = []string{weekday(t), "say/the", e.Ordinal(t.Day())[0], "say/of", month(t)}
	}
	if year {
		out = append(out, e.year(int64(t.Year()))...)
	}
	return out
}

// year says 1926 as nineteen twenty-six, and 2005 as a number.
func (e english) year(n int64) []string {
	century, rest := n/100, n%100
	switch {
	case n < 1100 || n > 9999 || century%10 == 0 && rest < 10:
		return e.Number(n, false)
	case rest == 0:
		return []string{number(century), "number/hundred"}
	case rest < 10:
		return []string{number(century), "say/oh", number(rest)}
	}
	return []string{number(century), number(rest)}
}

func (english) Time(hour, minute, clock int) []string {
	if clock == 24 {
		out := []string{number(int64(hour))}
		if hour > 0 && hour < 10 {
			out = []string{number(0), number(int64(hour))}
		}
		if minute == 0 {
			return append(out, "say/hundred-hours")
		}
		return append(out, minutes(minute)...)
	}
	switch {
	case hour == 0 && minute == 0:
		return []string{"say/midnight"}
	case hour == 12 && minute == 0:
		return []string{"say/noon"}
	}
	half := "say/am"
	if hour >= 12 {
		half = "say/pm"
	}
	out := []string{number(int64((hour+11)%12 + 1))}
	if minute > 0 {
		out = append(out, minutes(minute)...)
	}
	return append(out, half)
}

// minutes says those behind the hour: oh five.
func minutes(m int) []string {
	if m < 10 {
		return []string{"say/oh", number(int64(m))}
	}
	return []string{number(int64(m))}
}

func (e english) Amount(major int64, minor int, c Currency) []string {
	var parts [][]string
	if major != 0 || minor == 0 || c.minor == "" {
		parts = append(parts, append(e.Number(major, false), c.unit(major != 1 && major != -1)))
	}
	if minor > 0 && c.minor != "" {
		parts = append(parts, append(e.Number(int64(minor), false), c.part(minor != 1)))
	}
	return listed(parts, "say/and")
}

func (e english) Duration(d time.Duration) []string {
	var parts [][]string
	for _, u := range lasting(d) {
		name := "unit/" + u.unit
		if u.n != 1 {
			name += "-plural"
		}
		parts = append(parts, append(e.Number(u.n, false), name))
	}
	return listed(parts, "say/and")
}

// Phone says each digit, in the groups that are written; else in threes, with the
// rest at the end.
func (english) Phone(s string) []string {
	var list [][]string
	for _, group := range phoneGroups(s, inThrees) {
		list = append(list, digits(group))
	}
	return groups(list)
}

// phoneGroups splits a number as it is written; one that is not, by split. A sign at
// the beginning stays with the first group.
func phoneGroups(s string, split func(string) []string) []string {
	written := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" -./()\u00a0\u202f", r) })
	if len(written) != 1 {
		return written
	}
	sign := ""
	if strings.HasPrefix(written[0], "+") {
		sign = "+"
	}
	out := split(written[0][len(sign):])
	if len(out) > 0 {
		out[0] = sign + out[0]
	} else if sign != "" {
		out = []string{sign}
	}
	return out
}

// inThrees splits 2125550123 into 212 555 0123: the last group has up to four.
func inThrees(s string) (out []string) {
	for len(s) > 4 {
		out = append(out, s[:3])
		s = s[3:]
	}
	if s != "" {
		out = append(out, s)
	}
	return out
}
