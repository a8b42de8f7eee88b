package config

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	variable  = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}`)
	hasDollar = regexp.MustCompile(`\$\{`)
)

// problem is why a value is refused and what to do; the zero value is none.
type problem struct{ reason, remedy string }

func (p problem) found() bool { return p.reason != "" }

// expand replaces ${NAME} and ${NAME:-default} by the environment; $${ stands
// for ${. A variable that is empty counts as not set when there is a default.
// What comes from the environment is not looked at again.
func expand(text string, env func(string) (string, bool)) (string, problem) {
	if !hasDollar.MatchString(text) {
		return text, problem{}
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), problem{}
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		b.WriteString(text[:i])
		m := variable.FindStringSubmatch(text[i:])
		if m == nil {
			return "", problem{"${ starts a variable that is not complete", "write ${NAME}, ${NAME:-default}, or $${ for ${ itself"}
		}
		value, ok := env(m[1])
		switch {
		case m[2] != "" && value == "":
			value = strings.TrimPrefix(m[2], ":-")
		case !ok:
			return "", problem{fmt.Sprintf("the environment variable %s is not set", m[1]), fmt.Sprintf("set it, or write ${%s:-default}", m[1])}
		}
		b.WriteString(value)
		text = text[i+len(m[0]):]
	}
}
