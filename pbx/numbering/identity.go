package numbering

import (
	"cmp"
	"strings"

	"dialtone/config"
	"dialtone/pbx/call"
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

// Identify says who calls o.Number over a trunk. payer is the extension o.As, and
// caller the number of the caller, as the call knows it.
func (n Numbers) Identify(o call.Outgoing, t config.Trunk, payer config.Extension, caller string) Identity {
	id := t.CallerID
	own := n.own(o, t, payer)
	who := Identity{Own: own, Shown: own}
	who.Foreign = o.Diverted != "" && (id.Forwarded == "diversion" || id.Forwarded == "history")
	if who.Foreign {
		who.Behalf = own
		if _, ok := n.Read(o.Diverted); ok {
			who.Behalf = n.written(id.Format, o.Diverted)
		}
		if caller != "" {
			who.Shown = n.written(id.Format, caller)
		}
	}
	who.Hidden = (o.Anonymous || who.Foreign && caller == "") && id.Hidden != "number" && !o.Emergency
	return who
}

// own is the number of ours that a call is made from.
func (n Numbers) own(o call.Outgoing, t config.Trunk, payer config.Extension) string {
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
