package lists

import (
	"fmt"
	"regexp"
	"strings"

	"dialtone/dialplan"
)

// rest, at the end of an entry, stands for any further digits, as in a dialplan.
const rest = "."

// maxBeginning is how long a beginning may be, with its +.
const maxBeginning = 16

// What entries look like when they are no whole number of the public network.
var (
	beginning = regexp.MustCompile(`^\+?[0-9]{1,15}$`)
	local     = regexp.MustCompile(`^[0-9*#]{1,32}$`)
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// canonical is a number in the form in which it stands in a list: E.164 where it has
// one.
func (l *Lists) canonical(text string) string {
	if text == "" {
		return dialplan.AnonymousNumber
	}
	if e164.MatchString(text) || text == dialplan.AnonymousNumber {
		return text
	}
	plan, err := l.plans.Of(l.config().Site.Country)
	if err != nil {
		return text
	}
	n, err := plan.Normalise(text)
	if err != nil {
		return text
	}
	return n.String()
}

// entryFor is what stands in a list for a number as people write it.
func (l *Lists) entryFor(list, text string) (string, error) {
	if err := l.known(list); err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if text == dialplan.AnonymousNumber {
		return text, nil
	}
	if head, ok := strings.CutSuffix(text, rest); ok {
		if !beginning.MatchString(head) {
			return "", fmt.Errorf("%q: %w, nor the beginning of some; write that like +49180%s", text, ErrNumber, rest)
		}
		return head + rest, nil
	}
	number := l.canonical(text)
	if !e164.MatchString(number) && !local.MatchString(number) {
		return "", fmt.Errorf("%q: %w; write one like +4930123456, a beginning like +49180%s, or %s", text, ErrNumber, rest, dialplan.AnonymousNumber)
	}
	return number, nil
}
