package dialplan

import (
	"fmt"
	"strings"
)

// Nearest gives the candidate that name was most likely meant to be, "" when
// none is near.
func Nearest(name string, candidates []string) string {
	name = strings.ToLower(name)
	if len(name) > 64 {
		return ""
	}
	best, bestDistance := "", 0
	for _, c := range candidates {
		d := distance(strings.ReplaceAll(name, "-", "_"), strings.ToLower(c))
		if len(c) >= 3 && len(name) >= 3 && (strings.HasPrefix(name, c) || strings.HasPrefix(c, name)) {
			d = 1
		}
		if d <= max(1, min(len(c), len(name))/3) && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours between a and b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Instead says what to write instead of a name that is none of known.
func Instead(name string, known []string) string {
	switch near := Nearest(name, known); {
	case near != "":
		return fmt.Sprintf("did you mean %q?", near)
	case len(known) == 0:
		return "there is none"
	case len(known) == 1:
		return "there is only " + known[0]
	case len(known) <= 12:
		return "there are " + strings.Join(known, ", ")
	}
	return "define it, or use another"
}
