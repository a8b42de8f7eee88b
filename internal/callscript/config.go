package callscript

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// ports are where one server listens, the same after a restart.
type ports struct{ udp, tcp, tls, udp6, media, provider, provider2 int }

// marks stand in a configuration for where providers are.
func (p ports) marks() *strings.Replacer {
	at := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	return strings.NewReplacer("$PROVIDER2", at(p.provider2), "$PROVIDER", at(p.provider))
}

// freePorts finds ports that nobody has. slot tells servers that run at the same
// time apart, for their RTP ranges.
func freePorts(slot int) (ports, error) {
	p := ports{media: 12000 + slot*1000}
	for _, want := range []struct {
		to      *int
		network string
		host    string
	}{{&p.udp, "udp", "127.0.0.1"}, {&p.udp6, "udp", "::1"}, {&p.tcp, "tcp", "127.0.0.1"}, {&p.tls, "tcp", "127.0.0.1"}, {&p.provider, "udp", "127.0.0.1"}, {&p.provider2, "udp", "127.0.0.1"}} {
		at := net.JoinHostPort(want.host, "0")
		if want.network == "udp" {
			c, err := net.ListenPacket("udp", at)
			if err != nil {
				return p, err
			}
			*want.to = c.LocalAddr().(*net.UDPAddr).Port
			defer c.Close()
			continue
		}
		l, err := net.Listen("tcp", at)
		if err != nil {
			return p, err
		}
		*want.to = l.Addr().(*net.TCPAddr).Port
		defer l.Close()
	}
	return p, nil
}

// password is that of an extension of the default configuration.
func password(extension string) string { return "phone-" + extension + "-key" }

// defaults is the configuration that a script starts from.
func defaults(dir string, p ports) string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: %s\n", filepath.Join(dir, "data"))
	fmt.Fprintf(&b, "log:\n  level: debug\n")
	fmt.Fprintf(&b, "sip:\n  domain: dialtone\n")
	fmt.Fprintf(&b, "  udp: [\"127.0.0.1:%d\", \"[::1]:%d\"]\n", p.udp, p.udp6)
	fmt.Fprintf(&b, "  tcp: [\"127.0.0.1:%d\"]\n", p.tcp)
	fmt.Fprintf(&b, "  tls: [\"127.0.0.1:%d\"]\n", p.tls)
	fmt.Fprintf(&b, "  rate_per_source: 10000\n")
	fmt.Fprintf(&b, "media:\n  ports: %d-%d\n  codecs: [PCMU, PCMA]\n", p.media, p.media+999)
	fmt.Fprintf(&b, "web:\n  listen: []\n")
	fmt.Fprintf(&b, "calls:\n  max: 200\n  ring_timeout: 20s\n  drain_timeout: 1s\n")
	fmt.Fprintf(&b, "extensions:\n")
	for n := 100; n < 110; n++ {
		fmt.Fprintf(&b, "  \"%d\": {password: %s}\n", n, password(strconv.Itoa(n)))
	}
	return b.String()
}

// section is a top-level key with what stands below it, entry by entry.
type section struct {
	head    string
	entries []entry
}

type entry struct{ key, text string }

// merge puts the entries of over in the place of those with the same name in
// base, two levels deep, and adds the others. It knows as much of YAML as the
// scripts use: keys at the margin, entries below them indented by two blanks.
func merge(base, over string) string {
	sections := sectionsOf(base)
	for _, o := range sectionsOf(over) {
		known := false
		for i := range sections {
			if keyOf(sections[i].head) == keyOf(o.head) {
				known = true
				sections[i].merge(o)
			}
		}
		if !known {
			sections = append(sections, o)
		}
	}
	var b strings.Builder
	for _, s := range sections {
		b.WriteString(s.head + "\n")
		for _, e := range s.entries {
			b.WriteString(e.text)
		}
	}
	return b.String()
}

func (s *section) merge(o section) {
	if len(o.entries) == 0 {
		*s = o
		return
	}
	for _, e := range o.entries {
		known := false
		for i := range s.entries {
			if s.entries[i].key == e.key {
				s.entries[i], known = e, true
			}
		}
		if !known {
			s.entries = append(s.entries, e)
		}
	}
}

func sectionsOf(text string) []section {
	var out []section
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		switch {
		case strings.TrimSpace(l) == "" || strings.HasPrefix(strings.TrimSpace(l), "#"):
		case !strings.HasPrefix(l, " "):
			out = append(out, section{head: l})
		case len(out) == 0:
		case strings.HasPrefix(l, "  ") && !strings.HasPrefix(l, "   "):
			s := &out[len(out)-1]
			s.entries = append(s.entries, entry{keyOf(l), l + "\n"})
		default:
			if s := &out[len(out)-1]; len(s.entries) > 0 {
				s.entries[len(s.entries)-1].text += l + "\n"
			}
		}
	}
	return out
}

func keyOf(l string) string {
	key, _, _ := strings.Cut(strings.TrimSpace(l), ":")
	return strings.Trim(key, `"`)
}
