package dialplan

import (
	"regexp"
	"strings"
)

// What is written into numbers so that people can read them (RFC 3966 §3), and the
// zero in brackets that is dialled inside a country only.
var (
	separated  = regexp.MustCompile(`^(\+|\(\+?)?[0-9][0-9*# ()./-]*$`)
	separators = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "")
)

const ownZero = "(0)"

// dialled is a number as routes see it: 030-123 45 is 03012345. Names keep what is in
// them, and so does what is an extension or a feature as it stands.
func (p *Plan) dialled(number string) string {
	if !strings.ContainsAny(number, " -.()/") || !separated.MatchString(number) || p.Takes(ExtensionsContext, number) {
		return number
	}
	if strings.HasPrefix(number, "+") {
		number = strings.Replace(number, ownZero, "", 1)
	}
	return separators.Replace(number)
}
