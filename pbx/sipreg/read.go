package sipreg

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

const (
	maxContacts    = 64 // in one request; registrar.max_contacts bounds what is kept
	maxPaths       = 8
	maxPathBytes   = 1024
	maxAgentBytes  = 128
	notAsked       = time.Duration(-1)
	maxExpiry      = math.MaxUint32 * time.Second
	defaultSIPPort = 5060
)

// readRequest says what a REGISTER asks for, or what is wrong with it.
func readRequest(req *sip.Request, flow sipedge.Flow) (ask registrar.Request, fault string) {
	ask = registrar.Request{
		CallID: req.CallID().Value(),
		CSeq:   req.CSeq().SeqNo,
		Flow:   registrar.Flow(flow),
	}
	if h := req.GetHeader("User-Agent"); h != nil {
		ask.UserAgent = shortened(h.Value())
	}
	if ask.Path, fault = readPath(req); fault != "" {
		return ask, fault
	}
	common := notAsked
	if h := req.GetHeader("Expires"); h != nil {
		common = expiry(h.Value())
	}
	headers := req.GetHeaders("Contact")
	if len(headers) > maxContacts {
		return ask, "Too Many Contacts In One Request"
	}
	for _, h := range headers {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			return ask, "Bad Contact"
		}
		if c.Address.Wildcard {
			ask.Wildcard = true
			continue
		}
		b, fault := readContact(c, common, flow)
		if fault != "" {
			return ask, fault
		}
		ask.Contacts = append(ask.Contacts, b)
	}
	if ask.Wildcard && (len(headers) > 1 || common != 0) {
		return ask, "Contact * Wants Expires 0 And No Other Contact"
	}
	return ask, ""
}

// readContact reads one Contact; its own expires goes before the Expires header.
func readContact(c *sip.ContactHeader, common time.Duration, flow sipedge.Flow) (b registrar.Binding, fault string) {
	if c.Address.Scheme != "sip" && c.Address.Scheme != "sips" {
		return b, "Contact Is No SIP URI"
	}
	b = registrar.Binding{URI: c.Address.String(), Q: 1, Expires: common, NAT: behindNAT(&c.Address, flow)}
	for _, p := range c.Params {
		value := sipedge.Unquote(p.V)
		switch strings.ToLower(p.K) {
		case "expires":
			b.Expires = expiry(value)
		case "q":
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return b, "Bad q In Contact"
			}
			b.Q = q
		case "+sip.instance":
			b.Instance = value
		case "reg-id":
			id, err := strconv.ParseInt(value, 10, 32)
			if err != nil || id < 1 {
				return b, "Bad reg-id In Contact"
			}
			b.RegID = int(id)
		}
	}
	if b.Instance == "" {
		b.RegID = 0 // means nothing without an instance (RFC 5626 §6)
	}
	return b, ""
}

// expiry reads delta-seconds. What cannot be read counts as nothing asked; more
// than 32 bits hold is as much as they hold (RFC 3261 §20.19).
func expiry(s string) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return notAsked
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return maxExpiry
	}
	return time.Duration(n) * time.Second
}

// behindNAT says whether the contact's address is not where it came from. Over
// TCP and TLS the port always differs.
func behindNAT(uri *sip.Uri, flow sipedge.Flow) bool {
	addr, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || addr.Unmap() != flow.Remote.Addr().Unmap() {
		return true
	}
	port := uri.Port
	if port == 0 {
		port = defaultSIPPort
	}
	return !flow.Reliable() && port != int(flow.Remote.Port())
}

// readPath gives the values of Path (RFC 3327 §4), topmost first.
func readPath(req *sip.Request) (path []string, fault string) {
	size := 0
	for _, h := range req.GetHeaders("Path") {
		for _, v := range splitList(h.Value()) {
			size += len(v)
			path = append(path, v)
		}
	}
	if len(path) > maxPaths || size > maxPathBytes {
		return nil, "Path Too Long"
	}
	for _, v := range path {
		var uri sip.Uri
		if !strings.HasPrefix(v, "<") || !strings.Contains(v, ">") || sip.ParseUri(v[1:strings.IndexByte(v, '>')], &uri) != nil {
			return nil, "Bad Path"
		}
	}
	return path, ""
}

// splitList splits at the commas outside of quotes and angle brackets.
func splitList(s string) []string {
	var list []string
	quoted, bracket, start := false, false, 0
	add := func(part string) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<', c == '>':
			bracket = c == '<'
		case c == ',' && !bracket:
			add(s[start:i])
			start = i + 1
		}
	}
	add(s[start:])
	return list
}

// lists says whether a header that lists option tags has this one.
func lists(req *sip.Request, header, tag string) bool {
	for _, h := range req.GetHeaders(header) {
		for v := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(v), tag) {
				return true
			}
		}
	}
	return false
}

// shortened is text as it is kept for people.
func shortened(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxAgentBytes)], "")
}
