package lists

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"dialtone/dialplan"
	"dialtone/dialplan/number"
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

// plans are numbering plans by country, made when they are first needed.
type plans struct {
	mu sync.Mutex
	by map[string]number.Plan
}

func (p *plans) of(country string) (number.Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if plan, ok := p.by[country]; ok {
		return plan, nil
	}
	plan, err := number.New(country)
	if err == nil {
		if p.by == nil {
			p.by = map[string]number.Plan{}
		}
		p.by[country] = plan
	}
	return plan, err
}

// canonical is number in the form in which it stands in a list: E.164 where it has
// one.
func (p *plans) canonical(country, number string) string {
	if number == "" {
		return dialplan.AnonymousNumber
	}
	if e164.MatchString(number) || number == dialplan.AnonymousNumber {
		return number
	}
	plan, err := p.of(country)
	if err != nil {
		return number
	}
	n, err := plan.Normalise(number)
	if err != nil {
		return number
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
	number := l.plans.canonical(l.config().Site.Country, text)
	if !e164.MatchString(number) && !local.MatchString(number) {
		return "", fmt.Errorf("%q: %w; write one like +4930123456, a beginning like +49180%s, or %s", text, ErrNumber, rest, dialplan.AnonymousNumber)
	}
	return number, nil
}
