package sipua

import (
	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// connectedLine is what a phone was told of whom it talks with; the leg's mutex guards it.
type connectedLine struct {
	told   call.Identity
	header sip.Header // that says so; nil as long as the INVITE does
	due    bool       // it has not been told yet
}

// Connected implements call.Leg.
func (l *leg) Connected(with call.Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.connected
	// An INVITE of a phone's says nothing of whom it gets, so that nobody has to be hidden.
	// One that we sent did, and after a transfer it can be somebody else who is hidden.
	if c.header == nil && (with.Number == c.told.Number || l.inbound && with.Number == "") || with == c.told {
		return
	}
	h := l.ua.connectedHeader(l.trunk, l.party, with)
	if h == nil {
		return
	}
	c.told, c.header = with, h
	c.due = l.phase != inviting || !l.inbound // else the answer says so
	l.modify()
}

// connectedHeader tells a party whom it talks with; nil when it is not to be told.
func (u *UA) connectedHeader(trunk, extension string, with call.Identity) sip.Header {
	cfg := u.config()
	if trunk != "" { // numbers of ours are nobody's business out there
		return nil
	}
	uri := sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}
	if with.Number != "" {
		uri = sip.Uri{Scheme: "sip", User: sipedge.EscapeUser(with.Number), Host: cfg.SIP.Domain}
	}
	switch cfg.Extensions[extension].Connected {
	case "off":
		return nil
	case "rpid":
		return sip.NewHeader("Remote-Party-ID", identity(with.Name, uri)+";party=called;screen=yes;privacy=off")
	}
	return sip.NewHeader("P-Asserted-Identity", identity(with.Name, uri))
}
