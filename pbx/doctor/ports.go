package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
)

// socket is one that the server opens.
type socket struct{ key, network, spec string }

func (p *patient) sockets() (list []socket) {
	add := func(key, network string, specs []string) {
		for _, spec := range specs {
			list = append(list, socket{key, network, spec})
		}
	}
	add("sip.udp", "udp", p.cfg.SIP.UDP)
	add("sip.tcp", "tcp", p.cfg.SIP.TCP)
	add("sip.tls", "tcp", p.cfg.SIP.TLS)
	add("web.listen", "tcp", p.cfg.Web.Listen)
	if port := p.cfg.Media.WebRTCPort; port != 0 && len(p.cfg.Web.Listen) > 0 {
		spec := []string{fmt.Sprintf(":%d", port)}
		add("media.webrtc_port", "udp", spec)
		add("media.webrtc_port", "tcp", spec)
	}
	if a := p.cfg.Web.ACME; a.Agree && a.HTTP != "" {
		add("web.acme.http", "tcp", []string{a.HTTP})
	}
	return list
}

// ports are free, or ours when the server runs.
func (p *patient) ports(ctx context.Context) []Finding {
	var out []Finding
	switch {
	case p.running():
		out = p.unbound()
	case p.Mistakes != nil:
		return []Finding{skipped("which ports they are to be, only a configuration without mistakes says", "")}
	default:
		for _, s := range p.sockets() {
			if err := try(ctx, s); err != nil {
				out = append(out, taken(s, err))
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	if p.running() {
		return []Finding{ok(fmt.Sprintf("all ports are ours; %d of %d for audio in use", p.status.RTPPortsUsed, p.status.RTPPorts))}
	}
	return []Finding{ok("all ports are free")}
}

// unbound are addresses of the web phone that the server runs without.
func (p *patient) unbound() (out []Finding) {
	if want, have := len(p.cfg.Web.Listen), len(p.check.Web); have < want {
		out = append(out, problem(fmt.Sprintf("the web phone has %d of the %d addresses of web.listen (%s): another program has the port", have, want, strings.Join(p.cfg.Web.Listen, ", ")), whose("tcp", p.cfg.Web.Listen[0])))
	}
	if p.status.RTPPorts > 0 && p.status.RTPPortsUsed*10 >= p.status.RTPPorts*9 {
		out = append(out, warning(fmt.Sprintf("%d of %d ports for audio are in use", p.status.RTPPortsUsed, p.status.RTPPorts), "widen media.ports"))
	}
	return out
}

// try opens a socket and closes it again.
func try(ctx context.Context, s socket) error {
	var l net.ListenConfig
	var c io.Closer
	var err error
	if s.network == "udp" {
		c, err = l.ListenPacket(ctx, "udp", s.spec)
	} else {
		c, err = l.Listen(ctx, "tcp", s.spec)
	}
	if err != nil {
		return err
	}
	return c.Close()
}

func taken(s socket, err error) Finding {
	at := fmt.Sprintf("%s %s of %s", strings.ToUpper(s.network), s.spec, s.key)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return problem(at+" is taken by another program", whose(s.network, s.spec))
	case errors.Is(err, syscall.EACCES):
		return problem(at+" may not be used by this user: it is below 1024", "use a higher port, or let the program have it: setcap cap_net_bind_service=+ep dialtone")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return problem(at+" is no address of this machine", "write one that it has, or none: \":5060\" is every one")
	}
	return problem(at+" cannot be opened: "+err.Error(), "use another")
}

func whose(network, spec string) string {
	_, port, _ := net.SplitHostPort(spec)
	option := "-ltnp"
	if network == "udp" {
		option = "-lunp"
	}
	return fmt.Sprintf("stop that program, or use another port; who has it: ss %s 'sport = :%s'", option, port)
}
