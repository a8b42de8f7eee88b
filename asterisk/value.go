package asterisk

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	variable  = regexp.MustCompile(`\$\{([^${}]+)\}`)
	setName   = regexp.MustCompile(`^_{0,2}([A-Za-z][A-Za-z0-9_]*)$`)
	upperCase = regexp.MustCompile(`[^a-z0-9_]+`)
)

// variables are the names that Set gives values anywhere in the plan.
func (h *house) variables() map[string]bool {
	out := map[string]bool{}
	for _, c := range h.made.contexts {
		for _, x := range c.extens {
			for _, p := range x.steps {
				name, _, found := strings.Cut(p.args, "=")
				if m := setName.FindStringSubmatch(strings.TrimSpace(name)); p.app == "set" && found && m != nil {
					out[ownName(m[1])] = true
				}
			}
		}
	}
	return out
}

// ownName is a variable as Dialtone may call it.
func ownName(name string) string {
	name = upperCase.ReplaceAllString(strings.ToLower(name), "_")
	return "v_" + name[:min(len(name), 28)]
}

// builtin are the variables of Asterisk that Dialtone has under another name.
func builtin(name string) string {
	return map[string]string{
		"EXTEN": "to", "CALLERID(num)": "from", "CALLERID(number)": "from", "CALLERID(name)": "from_name",
		"CALLERID(all)": "from_name", "CALLERID(dnid)": "dialled", "CALLERIDNUM": "from", "CALLERIDNAME": "from_name",
		"DIALSTATUS": "outcome", "UNIQUEID": "call_id", "CONTEXT": "context",
	}[name]
}

// value turns the variables of a text into those of Dialtone; false when one has
// no counterpart.
func (w *walk) value(text string) (string, bool) {
	ok := true
	for range 5 { // globals within globals
		again := false
		text = variable.ReplaceAllStringFunc(text, func(v string) string {
			name := v[2 : len(v)-1]
			if g, known := w.globals[name]; known && !w.made.set[ownName(name)] {
				again = true
				return g
			}
			return v
		})
		if !again {
			break
		}
	}
	if strings.Contains(text, "$[") {
		return text, false
	}
	text = variable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[2 : len(v)-1]
		if m := slice.FindStringSubmatch(name); m != nil {
			part, fine := w.part(m)
			ok = ok && fine
			return part
		}
		if to := builtin(name); to != "" {
			return "${" + to + "}"
		}
		if own := ownName(name); w.made.set[own] {
			return "${" + own + "}"
		}
		ok = false
		return v
	})
	return text, ok
}

// outcomes are the values of DIALSTATUS.
func outcome(status string) string {
	return map[string]string{
		"BUSY": "busy", "NOANSWER": "no-answer", "CHANUNAVAIL": "not-registered", "CONGESTION": "unreachable",
		"ANSWER": "answered", "CANCEL": "cancelled", "DONTCALL": "declined",
	}[status]
}

var comparison = regexp.MustCompile(`^\s*("[^"]*"|[^\s=!<>&|()"]+)\s*(==|=|!=)\s*("[^"]*"|[^\s=!<>&|()"]+)\s*$`)

// condition turns an expression of Asterisk into one of Dialtone: comparisons for
// being equal or not, joined by & and |.
func (w *walk) condition(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "$["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	for _, joint := range [][2]string{{"|", " or "}, {"&", " and "}} {
		if strings.Contains(text, joint[0]) {
			return w.joint(strings.Split(text, joint[0]), joint[1])
		}
	}
	return w.comparison(text)
}

// joint are conditions that count together.
func (w *walk) joint(texts []string, how string) (string, bool) {
	var parts []string
	for _, text := range texts {
		if text == "" {
			continue // of && and ||
		}
		one, ok := w.condition(text)
		if !ok {
			return "", false
		}
		parts = append(parts, one)
	}
	return strings.Join(parts, how), len(parts) > 0
}

// comparison is one condition.
func (w *walk) comparison(text string) (string, bool) {
	m := comparison.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	a, b := strings.Trim(m[1], `"`), strings.Trim(m[3], `"`)
	if a != "" && b != "" && a[0] == b[0] && a[0] != '$' && (strings.HasPrefix(a[1:], "${") || strings.HasPrefix(b[1:], "${")) {
		a, b = a[1:], b[1:] // x${A} = x, as long as values may be empty
	}
	left, okA := w.operand(a)
	right, okB := w.operand(b)
	if okA && okB && (left == "outcome" || right == "outcome") {
		left, okA = outcomeText(left)
		right, okB = outcomeText(right)
	}
	if !okA || !okB {
		return "", false
	}
	op := map[string]string{"=": "==", "==": "==", "!=": "!="}[m[2]]
	return left + " " + op + " " + right, left[0] != '"' || right[0] != '"'
}

// outcomeText is one side of a comparison with an outcome: ours in the place of
// Asterisk's.
func outcomeText(side string) (string, bool) {
	s, err := strconv.Unquote(side)
	if err != nil {
		return side, true // a variable
	}
	ours := outcome(s)
	return strconv.Quote(ours), ours != ""
}

// operand is one side of a comparison: a variable or a text.
func (w *walk) operand(s string) (string, bool) {
	s, ok := w.value(s)
	if !ok {
		return "", false
	}
	if m := variable.FindStringSubmatch(s); m != nil {
		return m[1], m[0] == s
	}
	return strconv.Quote(s), true
}
