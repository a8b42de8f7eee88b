package sipua

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

// contact is a phone as the registrar knows it.
type contact struct {
	registrar.Contact
	uri  sip.Uri
	path []sip.Uri
	flow sipedge.Flow
}

// String implements call.Contact.
func (c *contact) String() string { return clean(c.URI) + " by " + c.flow.String() }

// way is the flow to call the phone by. It is zero, which has its URI followed,
// when the connection that it registered over is gone; but what was to go by TLS
// must not go by anything else, a browser cannot be connected to, and nothing must go
// where a phone merely says.
func (c *contact) way() sipedge.Flow {
	if c.Status == registrar.Gone && !c.flow.Secure() && !c.flow.WebSocket() && c.leadsBack() {
		return sipedge.Flow{}
	}
	return c.flow
}

// leadsBack reports whether the contact leads to the address that it was registered
// from: another one may be that of a trunk, which takes calls of ours.
func (c *contact) leadsBack() bool {
	hop := c.uri
	if len(c.path) > 0 {
		hop = c.path[0]
	}
	addr, err := netip.ParseAddr(strings.Trim(hop.Host, "[]"))
	_, elsewhere := param(hop.UriParams, "maddr")
	return err == nil && !elsewhere && addr.Unmap() == c.flow.Remote.Addr().Unmap()
}

// Contacts implements call.Dialer.
func (u *UA) Contacts(extension string) ([]call.Contact, error) {
	e, ok := u.config().Extensions[extension]
	switch {
	case !ok:
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "extension " + clean(extension) + " is not configured"}
	case e.DND:
		return nil, &dialplan.Ended{Cause: dialplan.CauseDoNotDisturb}
	}
	var contacts []call.Contact
	for _, c := range u.registrar.Lookup(extension) {
		if k, err := readContact(c); err != nil {
			u.log.Warn("contact cannot be called", "extension", extension, "error", err)
		} else {
			contacts = append(contacts, k)
		}
	}
	if len(contacts) == 0 {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotRegistered, Detail: "no phone is registered as " + extension}
	}
	return contacts, nil
}

func readContact(c registrar.Contact) (*contact, error) {
	uri, ok := parseURI("<" + c.URI + ">")
	if !ok {
		return nil, fmt.Errorf("contact %q is not a SIP URI", clean(c.URI))
	}
	uri.Headers = nil
	k := &contact{Contact: c, uri: uri, flow: sipedge.Flow{
		Transport: strings.ToLower(c.Peer.Transport), Local: c.Peer.Local, Remote: c.Peer.Remote,
	}}
	for _, p := range c.Path {
		for _, item := range split(p, ',') {
			if r, ok := parseURI(item); ok {
				k.path = append(k.path, r)
			}
		}
	}
	return k, nil
}
