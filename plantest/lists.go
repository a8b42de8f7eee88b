package plantest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"dialtone/dialplan"
)

// lists are those of one test, dialplan.Lists.
type lists struct {
	e164 func(string) string
	mu   sync.Mutex
	on   map[string][]string // numbers by list
}

// rest, at the end of an entry, stands for any further digits.
const rest = "."

// newLists has what is on the lists in all tests, and in this one.
func (w *world) newLists(all ...map[string]dialplan.Texts) *lists {
	l := &lists{e164: w.e164, on: map[string][]string{}}
	for _, of := range all {
		for name, numbers := range of {
			for _, t := range numbers {
				entry := t.Value
				if !strings.HasSuffix(entry, rest) {
					entry = l.e164(entry)
				}
				l.on[name] = append(l.on[name], entry)
			}
		}
	}
	return l
}

// Listed implements dialplan.Lists.
func (l *lists) Listed(list, number string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number == "" {
		number = dialplan.AnonymousNumber
	}
	number = l.e164(number)
	for _, entry := range l.on[list] {
		if head, beginning := strings.CutSuffix(entry, rest); entry == number || beginning && strings.HasPrefix(number, head) && number != head {
			return entry
		}
	}
	return ""
}

// Edit implements dialplan.Lists. Nobody called before the test.
func (l *lists) Edit(e dialplan.ListEdit) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Number == "" {
		return "", errors.New("nobody called from outside before the test")
	}
	number := l.e164(e.Number)
	there := slices.Contains(l.on[e.List], number)
	switch {
	case e.Remove && !there:
		return number, errors.New(number + " is not on list " + e.List)
	case e.Remove:
		l.on[e.List] = slices.DeleteFunc(l.on[e.List], func(entry string) bool { return entry == number })
	case !there:
		l.on[e.List] = append(l.on[e.List], number)
	}
	return number, nil
}

// lists checks that there are such lists.
func (r reader) lists(lists map[string]dialplan.Texts, path string) {
	known := append(slices.Sorted(maps.Keys(r.Config.Lists)), dialplan.BlockList)
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		if !slices.Contains(known, name) && len(lists[name]) > 0 {
			r.undefined(dialplan.Text{Value: name, At: lists[name][0].At}, path, "list", known)
		}
	}
}
