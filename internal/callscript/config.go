package callscript

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// perServer is how many ports a server has, and the last of them are not for RTP: the very last
// have names, those before are to spare.
const (
	perServer = 500
	others    = 20
	named     = 8
)

// When all ports are taken: how often one looks again, and for how long.
const (
	lookAgain = 100 * time.Millisecond
	lookUntil = time.Minute
)

// ports are where one server listens, the same after a restart: those for RTP, and others
// behind them.
type ports struct{ udp, tcp, tls, udp6, media, provider, provider2, page, webrtc int }

// marks stand in a configuration for where providers are, and for ports of the web phone.
func (p ports) marks() *strings.Replacer {
	at := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	return strings.NewReplacer("$PROVIDER2", at(p.provider2), "$PROVIDER", at(p.provider), "$PAGE", at(p.page), "$WEBRTC", strconv.Itoa(p.webrtc))
}

// freePorts finds ports that nobody has, or waits until some are free. They are the server's until room is closed.
func freePorts() (p ports, room io.Closer, err error) {
	first, room, err := soonFree()
	last := first + perServer
	return ports{
		media: first, udp: last - 1, tcp: last - 2, tls: last - 3, udp6: last - 4,
		provider: last - 5, provider2: last - 6, page: last - 7, webrtc: last - 8,
	}, room, err
}

// soonFree waits for a range: there are few, and others' tests give theirs back.
func soonFree() (first int, room io.Closer, err error) {
	again, late := time.NewTicker(lookAgain), time.After(lookUntil)
	defer again.Stop()
	for {
		if first, room, err = freeRange(); err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return first, room, err
		}
		select {
		case <-late:
			return 0, nil, err
		case <-again.C:
		}
	}
}

// freeRange takes ports that neither the kernel gives to anybody nor other tests use. Servers of
// other packages' tests look for some at the same time: who listens on the TCP port with the
// number of the first one has them.
func freeRange() (first int, room io.Closer, err error) {
	for first = 2000; first+perServer <= 10000; first += perServer {
		if room, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first))); err != nil {
			continue
		}
		if err = unused(first+perServer-others, first+perServer); err == nil {
			return first, room, nil
		}
		_ = room.Close()
	}
	return 0, nil, fmt.Errorf("no ports are free: %w", err)
}

// unused says which of the ports from first to before last somebody has.
func unused(first, last int) error {
	for port := first; port < last; port++ {
		for _, host := range []string{"127.0.0.1", "::1"} {
			at := net.JoinHostPort(host, strconv.Itoa(port))
			u, err := net.ListenPacket("udp", at)
			if err != nil {
				return err
			}
			_ = u.Close()
			t, err := net.Listen("tcp", at)
			if err != nil {
				return err
			}
			_ = t.Close()
		}
	}
	return nil
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
	fmt.Fprintf(&b, "media:\n  ports: %d-%d\n  codecs: [PCMU, PCMA]\n", p.media, p.media+perServer-1-others)
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
