package dialplan

import (
	"errors"
	"strings"
)

// maxCallBack is how long a number may be that is called back.
const maxCallBack = 32

var errNotCalledBack = errors.New("a number that somebody else wrote is called back only when it is one that a caller can have")

// CanCallBack reports whether a number that a caller wrote can be that of a caller: digits,
// after a + or not.
func CanCallBack(number string) bool {
	digits := strings.TrimPrefix(number, "+")
	return digits != "" && strings.Trim(digits, "0123456789") == "" && len(digits) <= maxCallBack
}

// callsBack gives the number to dial for one that somebody else wrote. It must not choose
// for the one who calls back what is set, nor call for help.
func (p *Plan) callsBack(written string) (string, error) {
	number := p.dialled(strings.TrimSpace(written))
	switch {
	case p.Emergency(number):
	case p.extensions[number], CanCallBack(number) && !p.isCode(number):
		return number, nil
	}
	return "", errNotCalledBack
}

// isCode reports whether dialling the number does something instead of calling somebody: a
// feature, or a route that sets or blocks.
func (p *Plan) isCode(number string) bool {
	fits := func(context string, is func(*Route) bool) bool {
		c := p.contexts[context]
		if c == nil {
			return false
		}
		for at := range c.set.All(number) {
			if route := c.list[c.owner[at]]; route.to.refusedBy(number) == "" && is(route) {
				return true
			}
		}
		return false
	}
	return fits(PhonesContext, func(route *Route) bool {
		sets := false
		walk(route.steps, func(s Step) {
			switch s.(type) {
			case *Setting, *Block, *Unblock:
				sets = true
			}
		})
		return sets
	}) || fits(ExtensionsContext, func(route *Route) bool { return !strings.HasPrefix(route.Name, extensionRoute) })
}
