package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dialtone/config"
	"dialtone/pbx/api"
)

// banner is what a person needs to know to make the first call.
type banner struct {
	version   string
	program   string   // how to call it again
	hosts     []string // addresses of this machine, the best one first
	addresses []api.Address
	web       []netip.AddrPort // where browsers reach it
	cfg       *config.Config
	setup     setup

	configVersion string
}

func bannerOf(ctx context.Context, server exchange, s setup) banner {
	return banner{version: version(), program: program(), hosts: hostAddresses(ctx), addresses: server.Addresses(), web: server.WebAddresses(), cfg: server.Config(), setup: s, configVersion: server.Status().ConfigVersion}
}

// versionText is a version behind a file's name, "" for none.
func versionText(version string) string {
	if version == "" {
		return ""
	}
	return " (version " + version + ")"
}

func (b banner) print(w io.Writer) error {
	out := &lines{}
	out.add("")
	out.add("Dialtone " + b.version + " is ready for phones.")
	out.add("")
	for _, transport := range transports() {
		if list := listening(b.addresses, transport); list != "" {
			out.row("SIP over "+strings.ToUpper(transport), list)
		}
	}
	if at := b.webPhone(); at != "" {
		out.row("Web phone", at)
	}
	out.row("Audio", "UDP ports "+b.cfg.Media.Ports)
	if at := b.browserAudio(); at != "" {
		out.row("  of browsers", at)
	}
	out.add("")
	if b.setup.accounts != "" {
		b.addAccounts(out)
		out.add("")
	}
	b.addDial(out)
	out.add("")
	if b.setup.accounts != "" {
		out.row("Accounts", b.setup.accounts)
		out.row("Data", b.setup.data)
		out.row("Config", fmt.Sprintf("none; %q writes one for you to edit", b.program+" init"))
	} else {
		out.row("Config", b.setup.file+versionText(b.configVersion))
		out.row("Data", b.setup.data)
	}
	out.row("Look inside", b.program+" ctl status"+b.setup.ctlFlags())
	out.row("Stop", "Ctrl-C")
	out.add("")
	_, err := io.WriteString(w, out.text.String())
	return err
}

// browserAudio is where the audio of browsers goes; "" when there is none.
func (b banner) browserAudio() string {
	if len(b.web) == 0 || b.cfg.Media.WebRTCPort == 0 {
		return ""
	}
	text := fmt.Sprintf("UDP and TCP port %d", b.cfg.Media.WebRTCPort)
	if b.cfg.Web.TURN.Relay {
		text += fmt.Sprintf(", or through %d where networks are strict", b.web[0].Port())
	}
	return text
}

// webPhone is what people type into their browsers; "" when nothing listens there.
func (b banner) webPhone() string {
	if len(b.web) == 0 {
		return ""
	}
	at := b.web[0]
	host := b.cfg.Web.Name
	switch {
	case host != "":
	case !at.Addr().IsUnspecified():
		host = at.Addr().String()
	case len(b.hosts) > 0:
		host = b.hosts[0]
	default:
		host = "127.0.0.1"
	}
	if at.Port() == 443 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "https://" + host + "/"
	}
	return "https://" + net.JoinHostPort(host, strconv.Itoa(int(at.Port()))) + "/"
}

// program is how this one was called, without the folder when that is long.
func program() string {
	if name := os.Args[0]; !filepath.IsAbs(name) {
		return name
	}
	return filepath.Base(os.Args[0])
}

// lines are text with some rows in columns.
type lines struct{ text strings.Builder }

func (l *lines) add(line string) { l.text.WriteString(line + "\n") }

func (l *lines) row(name string, cells ...string) {
	var line strings.Builder
	fmt.Fprintf(&line, "  %-14s", name)
	for _, cell := range cells {
		fmt.Fprintf(&line, "%-24s", cell)
	}
	l.add(strings.TrimRight(line.String(), " "))
}

// transports in the order in which people try them.
func transports() []string { return []string{"udp", "tcp", "tls"} }

// listening is where a transport listens: "port 5060 of 192.0.2.5, [2001:db8::5]".
func listening(addresses []api.Address, transport string) string {
	hosts := map[string][]string{} // by port
	var ports []string
	for _, a := range addresses {
		host, port, err := net.SplitHostPort(a.Address)
		if a.Transport != transport || err != nil {
			continue
		}
		if hosts[port] == nil {
			ports = append(ports, port)
		}
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
			host = "every address"
		}
		hosts[port] = append(hosts[port], host)
	}
	for i, port := range ports {
		ports[i] = "port " + port + " of " + strings.Join(hosts[port], ", ")
	}
	return strings.Join(ports, "; ")
}

// addAccounts adds the first two accounts as phones ask for them.
func (b banner) addAccounts(out *lines) {
	numbers := slices.Sorted(maps.Keys(b.cfg.Extensions))
	numbers = numbers[:min(2, len(numbers))]
	row := func(name string, value func(number string) string) {
		var cells []string
		for _, number := range numbers {
			cells = append(cells, value(number))
		}
		out.row(name, cells...)
	}
	out.add("  Type into two phones:")
	row("  Server", func(string) string { return b.server() })
	row("  User", func(number string) string { return number })
	row("  Password", func(number string) string { return b.cfg.Extensions[number].Password.Reveal() })
	out.row("  Transport", b.transports())
}

// server is what a phone needs to know, with the port where it is not the one
// that phones take by themselves: the first address of this machine that the
// best transport listens on.
func (b banner) server() string {
	for _, transport := range transports() {
		for _, host := range append(b.hosts, "") {
			for _, a := range b.addresses {
				at, port, err := net.SplitHostPort(a.Address)
				if a.Transport != transport || err != nil || !serves(at, host) {
					continue
				}
				if port == "5060" || transport == "tls" && port == "5061" {
					return orElse(host, at)
				}
				return net.JoinHostPort(orElse(host, at), port)
			}
		}
	}
	return "127.0.0.1"
}

// serves tells whether what listens at an address can be reached at host; ""
// is any host.
func serves(at, host string) bool {
	ip, err := netip.ParseAddr(at)
	return host == "" || at == host || err == nil && ip.IsUnspecified()
}

// transports are those that listen, with their ports: "UDP 5060 or TLS 5061".
func (b banner) transports() string {
	var all []string
	for _, transport := range transports() {
		for _, a := range b.addresses {
			_, port, err := net.SplitHostPort(a.Address)
			text := strings.ToUpper(transport) + " " + port
			if a.Transport == transport && err == nil && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, " or ")
}

func (b banner) addDial(out *lines) {
	var numbers []string
	messages := ""
	if len(b.cfg.Mailboxes()) > 0 {
		messages = b.cfg.Features.Voicemail
	}
	for _, f := range []struct{ number, text string }{
		{b.cfg.Features.Echo, "hear yourself"},
		{b.cfg.Features.Tone, "hear a tone"},
		{b.cfg.Features.Music, "hear music"},
		{messages, "hear your messages"},
	} {
		if f.number != "" {
			numbers = append(numbers, f.number+" "+f.text)
		}
	}
	extensions := slices.Sorted(maps.Keys(b.cfg.Extensions))
	switch n := len(extensions); {
	case n > 2:
		numbers = append(numbers, fmt.Sprintf("%s … %s each other", extensions[0], extensions[n-1]))
	case n > 0:
		numbers = append(numbers, strings.Join(extensions, " and ")+" each other")
	default:
		numbers = append(numbers, "no phone may register: the configuration has no extensions")
	}
	for i, line := range numbers {
		out.row([]string{"Dial", ""}[min(i, 1)], line)
	}
}

const maxHosts = 6 // that are worth a line

// hostAddresses are the addresses of this machine that phones elsewhere can
// use, the one that packets to the world leave from first.
func hostAddresses(ctx context.Context) []string {
	var hosts []string
	add := func(ip netip.Addr) {
		text := ip.Unmap().String()
		if ip.IsGlobalUnicast() && !slices.Contains(hosts, text) && len(hosts) < maxHosts {
			hosts = append(hosts, text)
		}
	}
	// Nothing is sent: connecting only asks the system for a route.
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "udp", far); err == nil {
			if local, ok := conn.LocalAddr().(*net.UDPAddr); ok {
				add(local.AddrPort().Addr())
			}
			_ = conn.Close()
		}
	}
	interfaces, _ := net.InterfaceAddrs() // without them, what is known is enough
	for _, a := range interfaces {
		if network, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(network.IP); ok {
				add(ip)
			}
		}
	}
	return hosts
}
