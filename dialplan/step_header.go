package dialplan

import (
	"context"
	"slices"
	"strings"
)

// Header adds SIP headers to the calls that later steps make. Those whose names
// begin with X- may be set, and those of site.headers_out.
type Header struct {
	Placed
	// Values are the headers, by name; an empty one is not sent any more.
	Values Values `yaml:"header" main:"true"`
}

// Bounds of what is added to each call.
const (
	maxHeaders     = 20
	maxHeaderValue = 256
)

// String implements Step.
func (s *Header) String() string {
	var parts []string
	for _, v := range s.Values {
		parts = append(parts, v.Name+": "+v.Text.Value)
	}
	return "header " + strings.Join(parts, ", ")
}

// Run implements Step.
func (s *Header) Run(_ context.Context, r *Run) error {
	out := map[string]string{}
	for name, value := range r.headers {
		out[name] = value
	}
	for i := range s.Values {
		v := &s.Values[i]
		value := strings.TrimSpace(oneLine(r.expand(&v.Text)))
		if len(value) > maxHeaderValue {
			value = strings.ToValidUTF8(value[:maxHeaderValue], "")
		}
		r.note(v.Name + ": " + value)
		for name := range out {
			if strings.EqualFold(name, v.Name) {
				delete(out, name)
			}
		}
		switch {
		case value == "":
		case len(out) >= maxHeaders:
			r.note("left out, there are 20 already")
		default:
			out[v.Name] = value
		}
	}
	r.headers = out // a dial that runs may have the old ones
	return nil
}

func (s *Header) check(c *checker) {
	for i := range s.Values {
		v := &s.Values[i]
		c.text(&v.Text)
		switch {
		case ProtocolHeader(v.Name):
			c.fail(v.At, "the header "+v.Name+" is the protocol's own", "use one that begins with X-")
		case !tokenText.MatchString(v.Name):
			c.fail(v.At, quote(v.Name)+" is not the name of a header", "write one like X-Queue")
		case !strings.HasPrefix(strings.ToUpper(v.Name), "X-") && !slices.ContainsFunc(c.spec.Site.HeadersOut, func(h string) bool { return strings.EqualFold(h, v.Name) }):
			c.fail(v.At, "site.headers_out does not name the header "+v.Name, "write site: {headers_out: ["+v.Name+"]}, or use one that begins with X-")
		}
	}
}

// ProtocolHeader reports whether a SIP header steers the protocol, says who
// calls, or has to do with what the message carries; a plan may not set it.
func ProtocolHeader(name string) bool {
	lower := strings.ToLower(name)
	if len(lower) == 1 || strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "p-") ||
		strings.HasPrefix(lower, "proxy-") || strings.HasPrefix(lower, "sec-") || strings.HasPrefix(lower, "www-") {
		return true // compact forms are of one letter
	}
	return slices.Contains(protocolHeaders[:], lower)
}

var protocolHeaders = [...]string{
	"accept", "accept-encoding", "accept-language", "allow", "allow-events", "authentication-info", "authorization",
	"call-id", "contact", "cseq", "date", "diversion", "encryption", "event", "expires", "from", "geolocation",
	"history-info", "identity", "identity-info", "join", "max-forwards", "mime-version", "min-expires", "min-se", "path",
	"privacy", "rack", "reason", "record-route", "refer-to", "referred-by", "replaces", "remote-party-id", "request-disposition",
	"require", "retry-after", "route", "rseq", "security-client", "security-server", "security-verify", "server",
	"service-route", "session-expires", "session-id", "sip-etag", "sip-if-match", "subscription-state", "supported", "target-dialog",
	"timestamp", "to", "unsupported", "user-agent", "via", "warning",
}
