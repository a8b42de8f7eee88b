package numbering

import (
	"cmp"
	"strings"

	"dialtone/config"
	"dialtone/dialplan"
)

// Identity is who calls, as a trunk is to be told.
type Identity struct {
	Own    string // the number of ours that the call is made from
	Shown  string // the number that the callee is to see: Own, or the caller's
	Behalf string // the number of ours that was called before; "" unless Foreign
	// Foreign is true when the call of somebody outside goes out again over a trunk
	// that is told on whose behalf.
	Foreign bool
	Hidden  bool // the callee is to see no number
}

// Caller is who makes a call to the outside.
type Caller struct {
	Number    string           // as the call knows it
	Anonymous bool             // hides it
	Diverted  string           // the number that was called, E.164, when the caller is from outside
	Payer     config.Extension // that pays
}

// Identify says who calls o.Number over a trunk.
func (n Numbers) Identify(o dialplan.Outside, t config.Trunk, c Caller) Identity {
	id := t.CallerID
	own := n.own(o, t, c.Payer)
	who := Identity{Own: own, Shown: own}
	who.Foreign = c.Diverted != "" && (id.Forwarded == "diversion" || id.Forwarded == "history")
	if who.Foreign {
		who.Behalf = own
		if _, ok := n.Read(c.Diverted); ok {
			who.Behalf = n.written(id.Format, c.Diverted)
		}
		if c.Number != "" {
			who.Shown = n.written(id.Format, c.Number)
		}
	}
	who.Hidden = (c.Anonymous || who.Foreign && c.Number == "") && id.Hidden != "number" && !o.Emergency
	return who
}

// own is the number of ours that a call is made from.
func (n Numbers) own(o dialplan.Outside, t config.Trunk, payer config.Extension) string {
	abroad := ""
	if callee, ok := n.Read(o.Number); ok {
		for country, number := range t.CallerID.ByCountry {
			if strings.EqualFold(country, callee.Country) {
				abroad = number
			}
		}
	}
	chosen := cmp.Or(o.CallerID, payer.CallerID, abroad, t.CallerID.Number)
	if chosen == "" {
		return cmp.Or(t.Username, o.As)
	}
	return n.written(t.CallerID.Format, chosen)
}

// written is a number as the trunk wants to read those of callers.
func (n Numbers) written(format, user string) string {
	if num, ok := n.Read(user); ok {
		return n.write(format, num)
	}
	return user
}
