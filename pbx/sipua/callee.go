package sipua

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// callee is whom an attempt invites, and what it writes into the INVITE: what
// differs between a phone and a server of a trunk.
type callee struct {
	party     string // extension or number
	trunk     string // "" for a phone
	place     string // URI and flow, for the log
	userAgent string // as far as it is known
	target    sip.Uri
	routes    []sip.Uri
	flow      sipedge.Flow   // zero: the URI is followed
	from      sip.FromHeader // without a tag
	to        sip.Uri
	contact   sip.Uri
	headers   []sip.Header // that say who calls
	path      audioPath
	policy    audioPolicy
	patience  time.Duration // without any response; 0 is as long as the transaction lasts
	ring      bool          // what it sends before the answer is not passed on
}

// phone is the callee for a contact of an extension.
func (u *UA) phone(c *contact, inv call.Invitation) callee {
	from, domain := inv.From, u.config().SIP.Domain
	if from == "" {
		from = "anonymous"
	}
	local := sip.Uri{Scheme: "sip", User: sipedge.EscapeUser(from), Host: domain}
	headers := []sip.Header{sip.NewHeader("P-Asserted-Identity", identity(inv.FromName, local))}
	at := func(user string) sip.Uri { return sip.Uri{Scheme: "sip", User: sipedge.EscapeUser(user), Host: domain} }
	if len(inv.Diversions) > 0 {
		way := earlier(inv.Forwards, inv.Diversions)
		headers = append(headers, diversion(at, way), history(at, way, inv.To))
	}
	if by := inv.ReferredBy; by != "" { // as it proved to be, whatever its REFER says (RFC 3892 §2.2)
		headers = append(headers, sip.NewHeader("Referred-By", identity(u.config().Extensions[by].Name, at(by))))
	}
	return callee{
		party: c.Extension, place: c.String(), userAgent: c.UserAgent,
		target: c.uri, routes: c.path, flow: c.way(),
		from:    sip.FromHeader{DisplayName: quotedName(inv.FromName), Address: local},
		to:      sip.Uri{Scheme: "sip", User: sipedge.EscapeUser(inv.To), Host: domain},
		contact: u.edge.ContactURI(c.flow, from),
		headers: headers,
		path:    u.path(c.flow), policy: u.audioOf(c.Extension),
	}
}
