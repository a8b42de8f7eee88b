package sipevents

import (
	"cmp"
	"fmt"
	"strings"

	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

const (
	presenceEvent = "presence"
	presenceType  = "application/pidf+xml"
)

// presence is whether an extension can be reached (RFC 3863), and whether it is busy
// (RFC 4480).
type presence struct {
	uri      string
	open     bool
	note     string
	activity string
}

func (l *lamps) presence(extension string) (State, error) {
	cfg := l.Config()
	p := presence{uri: "sip:" + sipedge.EscapeUser(extension) + "@" + cfg.SIP.Domain, note: "Not registered"}
	if len(l.Registrar.Lookup(extension)) > 0 {
		p.open, p.note = true, "Available"
	}
	if said := l.said.of(extension); said != nil {
		p.open, p.activity, p.note = p.open && said.open, said.activity, cmp.Or(said.note, p.note)
	}
	if l.quiet(extension) {
		p.open, p.note, p.activity = false, "Do not disturb", "busy"
	}
	for _, d := range l.of(extension) {
		switch {
		case d.State == call.Up || d.State == call.Held || d.Initiator:
			p.note, p.activity = "On the phone", "on-the-phone"
		case p.activity == "":
			p.note = "Ringing"
		}
	}
	return p, nil
}

// Same implements State.
func (p presence) Same(other State) bool { return p == other }

// Body implements State.
func (p presence) Body(State, uint32) []byte {
	basic := "closed"
	if p.open {
		basic = "open"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"%s\">\r\n", text(p.uri))
	fmt.Fprintf(&b, "<tuple id=\"phone\"><status><basic>%s</basic></status><contact>%s</contact><note>%s</note></tuple>\r\n", basic, text(p.uri), text(p.note))
	if p.activity != "" {
		fmt.Fprintf(&b, "<dm:person id=\"person\"><rpid:activities><rpid:%s/></rpid:activities><dm:note>%s</dm:note></dm:person>\r\n", p.activity, text(p.note))
	}
	b.WriteString("</presence>\r\n")
	return []byte(b.String())
}
