package sipevents

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

const (
	regEvent = "reg"
	regType  = "application/reginfo+xml"
)

// registration is where an extension is registered (RFC 3680).
type registration struct {
	uri      string
	contacts []binding
}

// binding is one contact as phones are told of it.
type binding struct {
	id, uri, callID string
	cseq            uint32
	expires         time.Time
}

// Registrations adds the package reg: an extension is told of its own phones.
func (s *Service) Registrations() {
	s.Add(Package{
		Event: regEvent, ContentType: regType,
		Find: func(subscriber, user string) (string, int) {
			if user != subscriber {
				return "", sip.StatusForbidden
			}
			return subscriber, 0
		},
		State: func(extension string) (State, error) { return s.registration(extension), nil },
	})
	s.moved = append(s.moved, func(e registrar.Event) { s.Changed(regEvent, e.Contact.Extension) })
}

func (s *Service) registration(extension string) *registration {
	r := &registration{uri: "sip:" + sipedge.EscapeUser(extension) + "@" + s.Config().SIP.Domain}
	for _, c := range s.Registrar.Lookup(extension) {
		r.contacts = append(r.contacts, binding{c.Binding, c.URI, c.CallID, c.CSeq, c.Expires})
	}
	slices.SortFunc(r.contacts, func(a, b binding) int { return strings.Compare(a.id, b.id) })
	return r
}

// Same implements State. A phone that only prolongs its registration changes nothing.
func (r *registration) Same(other State) bool {
	o, ok := other.(*registration)
	return ok && r.uri == o.uri && slices.EqualFunc(r.contacts, o.contacts, func(a, b binding) bool { return a.id == b.id && a.uri == b.uri })
}

// Body implements State.
func (r *registration) Body(before State, version uint32) []byte {
	var b strings.Builder
	state := "active"
	if len(r.contacts) == 0 {
		state = "init"
		if before != nil {
			state = "terminated"
		}
	}
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"%d\" state=\"full\">\r\n<registration aor=\"%s\" id=\"aor\" state=\"%s\">\r\n", version, text(r.uri), state)
	for i := range r.contacts {
		r.contacts[i].write(&b, "active", "registered")
	}
	if was, ok := before.(*registration); ok {
		for i := range was.contacts {
			if !slices.ContainsFunc(r.contacts, func(c binding) bool { return c.id == was.contacts[i].id }) {
				was.contacts[i].write(&b, "terminated", "expired")
			}
		}
	}
	b.WriteString("</registration>\r\n</reginfo>\r\n")
	return []byte(b.String())
}

func (c *binding) write(b *strings.Builder, state, event string) {
	fmt.Fprintf(b, "<contact id=\"%s\" state=\"%s\" event=\"%s\" callid=\"%s\" cseq=\"%d\"", text(c.id), state, event, text(c.callID), c.cseq)
	if left := time.Until(c.expires); state == "active" && left > 0 {
		fmt.Fprintf(b, " expires=\"%s\"", seconds(left))
	}
	fmt.Fprintf(b, "><uri>%s</uri></contact>\r\n", text(c.uri))
}
