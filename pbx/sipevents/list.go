package sipevents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

const (
	eventList               = "eventlist"
	listType                = "application/rlmi+xml"
	statusExtensionRequired = sip.StatusExtensionRequired

	// maxSaid is how many bytes of documents one NOTIFY of a list carries: it must fit
	// into a datagram. The others follow in the next.
	maxSaid = 32 << 10
)

// find is what a subscriber watches that asks for a user: one resource, or a list.
func (s *Service) find(event, subscriber, user string) (resource string, list bool, refused int) {
	p := s.packages[event]
	if resource, refused = p.Find(subscriber, user); refused == sip.StatusNotFound && p.Members != nil && p.Members(user) != nil {
		return user, true, 0
	}
	return resource, false, refused
}

// members are those of the list that u is for, nil when it is for none.
func (s *Service) members(u *subscription) []string {
	if !u.list {
		return nil
	}
	return s.packages[u.event].Members(u.resource)
}

// roll is how all members of a list are (RFC 4662).
type roll struct {
	uri, domain, kind string
	of                []entry
}

// entry is one member of a list.
type entry struct {
	number, name string
	refused      int   // why the subscriber is not told of it, 0 for no reason
	is           State // nil when it is not told of, or not yet
}

// list is how the members are that u is for.
func (s *Service) list(u *subscription) (State, error) {
	cfg, p := s.Config(), s.packages[u.event]
	r := &roll{uri: "sip:" + sipedge.EscapeUser(u.resource) + "@" + cfg.SIP.Domain, domain: cfg.SIP.Domain, kind: p.ContentType}
	for _, number := range s.members(u) {
		e := entry{number: number, name: nameOf(cfg, number)}
		if _, e.refused = p.Find(u.subscriber, number); e.refused == 0 {
			is, err := p.State(number)
			if err != nil {
				return nil, err
			}
			if d, ok := is.(*dialogs); ok {
				d.whole = true // versions of parts have gaps: none may build on the one before
			}
			e.is = is
		}
		r.of = append(r.of, e)
	}
	return r, nil
}

func nameOf(cfg *config.Config, number string) string { return cfg.Extensions[number].Name }

// Same implements State.
func (r *roll) Same(other State) bool {
	o, ok := other.(*roll)
	return ok && r.uri == o.uri && slices.EqualFunc(r.of, o.of, entry.same)
}

// same reports whether two entries tell the same.
func (e entry) same(o entry) bool {
	return e.alike(o) && (e.is == nil) == (o.is == nil) && (e.is == nil || e.is.Same(o.is))
}

// alike reports whether two entries are of the same member, however that is.
func (e entry) alike(o entry) bool {
	return e.number == o.number && e.name == o.name && e.refused == o.refused
}

// Body implements State.
func (r *roll) Body(before State, version uint32) []byte { return r.Say(before, version, true).Body }

// Say implements Speaker. The first names all members, those after it the ones that have
// changed.
func (r *roll) Say(before State, version uint32, _ bool) Saying {
	was, _ := before.(*roll)
	full := was == nil || !slices.EqualFunc(r.of, was.of, entry.alike)
	knows := &roll{uri: r.uri, domain: r.domain, kind: r.kind, of: slices.Clone(r.of)}
	var list strings.Builder
	fmt.Fprintf(&list, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"%s\" version=\"%d\" fullState=\"%t\">\r\n", text(r.uri), version, full)
	parts, said := []bodyPart{{}}, 0
	for i, e := range r.of {
		var old State
		if !full {
			if old = was.of[i].is; e.same(was.of[i]) {
				continue
			}
		}
		id := fmt.Sprintf("%d.%d@%s", version, i, r.domain)
		var body []byte
		if e.is != nil {
			body = e.is.Body(old, version)
		}
		switch {
		case said > 0 && said+len(body) > maxSaid: // it is told of in the next
			if knows.of[i].is = old; full {
				r.write(&list, e, "", "")
			}
		case e.is != nil:
			said += len(body)
			parts = append(parts, bodyPart{r.kind, id, body})
			r.write(&list, e, `state="active"`, id)
		default:
			r.write(&list, e, `state="terminated" reason="rejected"`, "")
		}
	}
	list.WriteString("</list>\r\n")
	parts[0] = bodyPart{listType + `;charset="UTF-8"`, fmt.Sprintf("%d@%s", version, r.domain), []byte(list.String())}
	return Saying{fmt.Sprintf("multipart/related;type=%q;start=\"<%s>\";boundary=%q", listType, parts[0].id, boundary), assemble(parts), knows}
}

// write writes what the list says of a member; id is where its document is.
func (r *roll) write(b *strings.Builder, e entry, instance, id string) {
	fmt.Fprintf(b, "<resource uri=\"%s\">", text("sip:"+sipedge.EscapeUser(e.number)+"@"+r.domain))
	if e.name != "" {
		fmt.Fprintf(b, "<name>%s</name>", text(e.name))
	}
	if instance != "" {
		fmt.Fprintf(b, "<instance id=\"%s\" %s", text(e.number), instance)
		if id != "" {
			fmt.Fprintf(b, " cid=\"%s\"", text(id))
		}
		b.WriteString("/>")
	}
	b.WriteString("</resource>\r\n")
}
