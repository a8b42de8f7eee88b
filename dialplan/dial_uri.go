package dialplan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// uri is an address at another host, as somebody might write it who does not know
// that other hosts are called over trunks.
type uri struct{ scheme, user, host, transport string }

var (
	uriText  = regexp.MustCompile(`^(?i:(sips?|tel):)?(?:([^@]*)@)?([^@;?]*)(.*)$`)
	uriVia   = regexp.MustCompile(`(?i);transport=(udp|tcp|tls)\b`)
	hostText = regexp.MustCompile(`^[0-9A-Za-z._:\[\]-]+$`)
)

// readURI reads sip:, sips: and tel: URIs, and user@host; false for what is none.
func readURI(s string) (uri, bool) {
	s = strings.TrimSpace(strings.Trim(s, "<>"))
	m := uriText.FindStringSubmatch(s)
	if m == nil || m[1] == "" && !strings.Contains(s, "@") {
		return uri{}, false
	}
	u := uri{scheme: strings.ToLower(m[1]), user: m[2], host: strings.ToLower(m[3])}
	if u.scheme == "tel" {
		return uri{scheme: u.scheme, user: m[3]}, true
	}
	if t := uriVia.FindStringSubmatch(m[4]); t != nil {
		u.transport = strings.ToLower(t[1])
	}
	if u.scheme == "sips" {
		u.transport = "tls"
	}
	return u, true
}

// uri refuses a text that is a URI, and says how it is called instead; false when
// it is none. via are the trunks of the step.
func (c *checker) uri(t Text, via Texts) bool {
	u, is := readURI(t.Value)
	if !is {
		return false
	}
	c.fail(t.At, quote(t.Value)+" is a URI, and other hosts are called over trunks", c.insteadOfURI(u, via))
	return true
}

func (c *checker) insteadOfURI(u uri, via Texts) string {
	dial := "dial: and the name there"
	if u.user != "" {
		dial = "dial: " + plainText(u.user)
	}
	if u.scheme == "tel" {
		return "write " + dial + " with via: and the trunk over which it is to be called"
	}
	trunk := c.trunkTo(u.host)
	switch {
	case slices.Contains(values(via), trunk):
		return "write " + dial + ", as via says where"
	case trunk != "":
		return "write " + dial + " with via: " + trunk
	case !hostText.MatchString(u.host):
		return "define a trunk for each host, and write " + dial + " with its name as via"
	}
	trunk = "partner"
	for i := 2; slices.Contains(c.spec.Trunks, trunk); i++ {
		trunk = fmt.Sprint("partner", i)
	}
	where := "host: " + plainText(u.host)
	if u.transport != "" {
		where += ", transport: " + u.transport
	}
	return fmt.Sprintf("define a trunk, %s: {%s, internal: true}, and write %s with via: %s", trunk, where, dial, trunk)
}

// trunkTo is the trunk whose host is host; "" when there is none.
func (c *checker) trunkTo(host string) string {
	for _, name := range c.spec.Trunks {
		if host != "" && strings.EqualFold(c.spec.Entries[name].Host, host) {
			return name
		}
	}
	return ""
}

// plainText is s as it is written as a value in YAML.
func plainText(s string) string {
	if strings.ContainsAny(s, `+${}[]:*#'"`) || strings.Trim(s, "0123456789") == "" {
		return `"` + s + `"`
	}
	return s
}
