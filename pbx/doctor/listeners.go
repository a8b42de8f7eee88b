package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// listeners answer OPTIONS, on each transport.
func (p *patient) listeners(ctx context.Context) []Finding {
	var out, good []Finding
	var texts []string
	for _, transport := range []string{"udp", "tcp", "tls"} {
		for _, at := range p.listening(transport) {
			f := p.ask(ctx, transport, at)
			if f.Level != OK {
				out = append(out, f)
				continue
			}
			good = append(good, f)
			texts = append(texts, f.Text)
		}
	}
	if len(good)+len(out) == 0 {
		return []Finding{skipped("nothing listens for SIP", "")}
	}
	if len(good) > 0 {
		all := ok("SIP is answered: " + strings.Join(texts, ", "))
		all.Values = map[string]float64{}
		for _, f := range good {
			for k, v := range f.Values {
				all.Values[k] = v
			}
		}
		out = append(out, all)
	}
	return out
}

// ask sends OPTIONS.
func (p *patient) ask(ctx context.Context, transport string, at netip.AddrPort) Finding {
	name := strings.ToUpper(transport)
	w, err := connect(ctx, transport, at, p.check.Name)
	if err != nil {
		return problem(fmt.Sprintf("no connection by %s to %v: %v", name, at, err), "does a firewall of this machine, or sip.allow or sip.deny, keep it out?")
	}
	defer w.close()
	a, err := newPhone(w, "doctor", p.check.Domain).options(ctx)
	if err != nil {
		return problem(fmt.Sprintf("%s at %v does not answer: %v", name, at, err), "does a firewall of this machine, or sip.allow or sip.deny, keep it out?")
	}
	f := ok(fmt.Sprintf("%s in %.1f ms", name, ms(a.took)))
	f.Values = map[string]float64{transport + "_ms": ms(a.took)}
	return f
}

// webSocket is the way of browsers: the upgrade, with the subprotocol, and SIP over it.
func (p *patient) webSocket(ctx context.Context) []Finding {
	at := p.web()
	if len(at) == 0 {
		return []Finding{skipped("there is no web phone", "")}
	}
	host := p.browserName(at[0])
	w, err := connect(ctx, "ws", at[0], host)
	if err != nil {
		return []Finding{problem(fmt.Sprintf("no WebSocket at wss://%s/ws: %v", hostPort(host, at[0].Port()), err), "look into the log of the server; a proxy before it has to pass on Upgrade and Connection")}
	}
	defer w.close()
	a, err := newPhone(w, "doctor", p.check.Domain).options(ctx)
	if err != nil {
		return []Finding{problem("the WebSocket opens, but SIP over it is not answered: "+err.Error(), "look into the log of the server: dialtone ctl trace on")}
	}
	f := ok(fmt.Sprintf("browsers reach the exchange by wss://%s/ws; it answers in %.1f ms", hostPort(host, at[0].Port()), ms(a.took)))
	f.Values = map[string]float64{"ws_ms": ms(a.took)}
	return []Finding{f}
}
