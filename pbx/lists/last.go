package lists

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/storage"
)

// How far back the last caller is looked for.
const (
	lastWithin  = 24 * time.Hour
	lastRecords = 5000
)

var (
	errNobody = errors.New("nobody called from outside within the last day")
	errHidden = errors.New("the last caller from outside hid the number")
	errNone   = errors.New("what the last caller from outside showed is no number")
)

// Edit implements dialplan.Lists.
func (l *Lists) Edit(e dialplan.ListEdit) (number string, err error) {
	number = e.Number
	if number == "" {
		if number, err = l.lastCaller(e.By); err != nil {
			return "", err
		}
	}
	if e.Remove {
		return number, l.Remove(e.List, number, e.By)
	}
	added, err := l.Add(e.List, number, e.Note, e.By)
	return added.Number, err
}

// lastCaller is the number of who last called extension from outside.
func (l *Lists) lastCaller(extension string) (number string, err error) {
	found := false
	err = l.store.CDRs(storage.CDRFilter{Since: time.Now().Add(-lastWithin), Limit: lastRecords}, func(c storage.CDR) bool {
		if found = reached(&c, extension); found {
			number = c.From
		}
		return !found
	})
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("extension %s: %w", extension, errNobody)
	case number == "" || number == dialplan.AnonymousNumber:
		return "", errHidden // nobody means all of them
	case strings.HasSuffix(number, rest):
		return "", errNone // in a list, +49. would be all of Germany
	}
	return number, nil
}

// reached reports whether c came from outside and a phone of extension was called.
func reached(c *storage.CDR, extension string) bool {
	if len(c.Legs) == 0 || c.Legs[0].Trunk == "" || !c.Legs[0].Inbound {
		return false
	}
	for _, leg := range c.Legs[1:] {
		if leg.Party == extension && leg.Trunk == "" {
			return true
		}
	}
	return false
}
