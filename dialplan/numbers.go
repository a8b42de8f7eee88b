package dialplan

import (
	"strings"

	"dialtone/dialplan/pattern"
)

// numbers are patterns of which one must fit, and others of which none may.
type numbers struct {
	positive, negative []pattern.Pattern
	broken             bool // a pattern was wrong, so nothing is known
}

// refusedBy gives the negative pattern that number fits, "" when it fits none.
func (n *numbers) refusedBy(number string) string {
	for _, p := range n.negative {
		if _, fits := p.Match(number); fits {
			return p.String()
		}
	}
	return ""
}

// fits reports whether number is one of them.
func (n *numbers) fits(number string) bool {
	if n.refusedBy(number) != "" {
		return false
	}
	for _, p := range n.positive {
		if _, ok := p.Match(number); ok {
			return true
		}
	}
	return len(n.positive) == 0
}

// longer reports whether one of them may begin with number and be longer, up to
// most.
func (n *numbers) longer(number string, most int) bool {
	for _, p := range n.positive {
		if p.Longer(number, most) {
			return true
		}
	}
	return len(n.positive) == 0
}

// String is what they are, for people.
func (n *numbers) String() string {
	if len(n.positive) == 0 && len(n.negative) == 0 {
		return "any number"
	}
	const shown = 8
	var parts []string
	for i, p := range n.positive {
		if i == shown {
			parts = append(parts, "...")
			break
		}
		parts = append(parts, p.String())
	}
	text := strings.Join(parts, " or ")
	for _, p := range n.negative {
		text = strings.TrimSpace(text + " but not " + p.String())
	}
	return text
}

const notPrefix = "not "

// negated takes "not " off a value.
func negated(s string) (rest string, not bool) {
	rest, not = strings.CutPrefix(s, notPrefix)
	return strings.TrimSpace(rest), not
}
