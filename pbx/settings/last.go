package settings

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/storage"
)

// How far back the last call is looked for.
const (
	lastWithin  = 7 * 24 * time.Hour
	lastRecords = 5000
)

var (
	errNoCall = errors.New("there was no such call within the last week")
	errHidden = errors.New("who called last hid the number")
)

// Last implements dialplan.Settings.
func (s *Settings) Last(extension string, caller bool) (number string, err error) {
	hidden, found := false, false
	err = s.store.CDRs(storage.CDRFilter{Since: time.Now().Add(-lastWithin), Limit: lastRecords}, func(c storage.CDR) bool {
		switch {
		case caller && called(&c, extension):
			number, hidden, found = c.From, c.Hidden, true
		case !caller && s.dialled(&c, extension):
			number, found = c.To, true
		}
		return !found
	})
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", fmt.Errorf("extension %s: %w", extension, errNoCall)
	case caller && (hidden || number == "" || number == dialplan.AnonymousNumber):
		return "", errHidden
	}
	return number, nil
}

// called reports whether a phone of extension rang in c.
func called(c *storage.CDR, extension string) bool {
	if c.From == extension && len(c.Legs) > 0 && c.Legs[0].Trunk == "" {
		return false
	}
	for i := range c.Legs {
		if l := &c.Legs[i]; i > 0 && l.Party == extension && l.Trunk == "" && l.PaidBy == "" {
			return true
		}
	}
	return false
}

// dialled reports whether c is a call of extension to somebody, and not to a feature by
// which something is set.
func (s *Settings) dialled(c *storage.CDR, extension string) bool {
	if c.From != extension || c.After != "" || len(c.Legs) == 0 || c.Legs[0].Trunk != "" {
		return false
	}
	codes := s.config().Features.Settings
	for _, code := range codes.List() {
		whole := code.Number != codes.Hide && code.Number != codes.Show
		if c.To == code.Number || whole && strings.HasPrefix(c.To, code.Number) {
			return false
		}
	}
	return c.To != ""
}
