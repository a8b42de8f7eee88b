package sipua

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/numbering"
	"dialtone/pbx/sipedge"
)

// origin is whose call an INVITE is: of an extension that proved it, or of a trunk.
type origin struct{ extension, trunk string }

// outsideContext is where calls of a trunk enter the plan that does not say.
const outsideContext = "outside"

// numbers is how a trunk reads and writes them.
func (u *UA) numbers(t config.Trunk) numbering.Numbers { return u.plans.Of(t, u.config().Site.Country) }

// fromOutside fills in what a trunk says of caller and callee. Nothing that it says
// makes its call one of an extension.
func (u *UA) fromOutside(f *dialplan.Facts, req *sip.Request, flow sipedge.Flow) {
	t := u.config().Trunks[f.Trunk]
	n := u.numbers(t)
	f.Context = t.Context
	if f.Context == "" {
		f.Context = outsideContext
	}
	f.To = calledOf(req, n, t.Username, u.trunks.Contact(f.Trunk, flow).User)
	f.From, f.FromName = "", ""
	if !anonymous(req) {
		f.From, f.FromName = callerOf(req, n)
		f.Verified = vouched(req, n, f.From)
	}
}

// calledOf is the number that was called. A Request-URI that only names our
// registration says nothing of it; then To does, or what a proxy put into
// P-Called-Party-ID (RFC 7315 §4.2) before it wrote the Request-URI anew.
func calledOf(req *sip.Request, n numbering.Numbers, account, contact string) string {
	target := req.Recipient.User
	if num, ok := n.Read(unescape(target)); ok && target != contact && target != account {
		return num.String()
	}
	for _, name := range []string{"P-Called-Party-ID", "To"} {
		if num, ok := n.Read(unescape(partyOf(value(req, name)).user)); ok {
			return num.String()
		}
	}
	return n.E164(unescape(target))
}

// callerOf is the number of the caller and its name: what the trunk asserts
// (RFC 3325), or says by Remote-Party-ID, or else From.
func callerOf(req *sip.Request, n numbering.Numbers) (number, name string) {
	from := party{user: req.From().Address.User, name: displayName(req.From().DisplayName)}
	for _, v := range append(list(req, "P-Asserted-Identity"), list(req, "Remote-Party-ID")...) {
		p := partyOf(v)
		if p.user == "" || p.called {
			continue
		}
		if p.name == "" {
			p.name = from.name
		}
		from = p
		break
	}
	return n.E164(unescape(from.user)), from.name
}

// vouched reports whether the trunk says that it checked the caller's number
// (verstat, 3GPP TS 24.229 §7.2A.20, ATIS-1000074), and nowhere that it did not. What
// it says of another number does not count.
func vouched(req *sip.Request, n numbering.Numbers, caller string) bool {
	passed := false
	if caller == "" {
		return false
	}
	for _, v := range append(list(req, "P-Asserted-Identity"), value(req, "From")) {
		p := partyOf(v)
		if p.verstat == "" || n.E164(unescape(p.user)) != caller {
			continue
		}
		switch strings.ToLower(p.verstat) {
		case "tn-validation-passed", "tn-validation-passed-a", "tn-validation-passed-b", "tn-validation-passed-c":
			passed = true
		default:
			return false
		}
	}
	return passed
}

// party is somebody in a header such as From: a number or a user, and a name.
type party struct {
	user, name string
	verstat    string // what the trunk found out about the number; "" when it does not say
	called     bool   // by a parameter of Remote-Party-ID
}

// partyOf reads one value of such a header, with a sip or a tel URI.
func partyOf(v string) party {
	var p party
	for _, param := range split(v, ';')[1:] {
		k, who, _ := strings.Cut(param, "=")
		p.called = p.called || strings.EqualFold(strings.TrimSpace(k), "party") && strings.EqualFold(strings.TrimSpace(who), "called")
	}
	if i := opening(v); i >= 0 {
		p.name = displayName(strings.Trim(strings.TrimSpace(v[:i]), `"`))
		v, _, _ = strings.Cut(v[i+1:], ">")
	}
	v = strings.TrimSpace(v)
	if len(v) > 4 && strings.EqualFold(v[:4], "tel:") { // RFC 3966
		var params string
		p.user, params, _ = strings.Cut(v[4:], ";")
		p.verstat = verstatOf(params)
		return p
	}
	if uri, ok := parseURI("<" + v + ">"); ok {
		p.user = uri.User
		_, params, _ := strings.Cut(uri.User, ";") // of the number (RFC 3261 §19.1.6)
		p.verstat = verstatOf(params)
		if of, ok := param(uri.UriParams, verstat); ok && p.verstat == "" {
			p.verstat = of
		}
	}
	return p
}

const verstat = "verstat"

// verstatOf finds it among the parameters of a number.
func verstatOf(params string) string {
	for _, p := range strings.Split(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, verstat) {
			return v
		}
	}
	return ""
}

// takeChannel counts the call of a caller outside: it has its channel already,
// however many there are.
func (u *UA) takeChannel(l *leg, caller string) {
	l.mu.Lock()
	l.party = caller
	l.settleWay()
	l.mu.Unlock()
	release, _ := u.trunks.Acquire(l.trunk, true)
	context.AfterFunc(l.ctx, release)
}
