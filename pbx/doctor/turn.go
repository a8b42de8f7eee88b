package doctor

import (
	"context"
	"crypto/md5" //nolint:gosec // is what RFC 8656 makes keys with
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"dialtone/pbx/api"
)

// relays are the servers of TURN that browsers are given: each has to lend us an address.
func (p *patient) relays(ctx context.Context) []Finding {
	var out []Finding
	for _, s := range p.check.ICE {
		for _, u := range s.URLs {
			if strings.HasPrefix(u, "turn") {
				out = append(out, relay(ctx, u, s))
			}
		}
	}
	if len(out) == 0 {
		return []Finding{skipped("there is no relay (TURN): browsers whose network lets neither UDP nor TCP through to media.webrtc_port have no audio", "web.turn in the documentation of the web phone")}
	}
	return out
}

func relay(ctx context.Context, url string, s api.ICEServer) Finding {
	lent, took, err := lend(ctx, url, s)
	if err != nil {
		return problem(fmt.Sprintf("the relay %s lends no address: %v", url, err), "is its port open, and are its user name and password right?")
	}
	f := ok(fmt.Sprintf("the relay %s lends %v", url, lent))
	f.Values = map[string]float64{"relay_ms": took}
	return f
}

// lend asks a relay for an address (RFC 8656 §7), and gives it back.
func lend(ctx context.Context, url string, s api.ICEServer) (lent netip.AddrPort, took float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*checkTime)
	defer cancel()
	conn, stream, err := dialRelay(ctx, url)
	if err != nil {
		return lent, 0, err
	}
	defer func() { _ = conn.Close() }()
	c := way{Conn: conn, stream: stream}
	udp := []byte{17, 0, 0, 0}
	r, _, err := c.ask(ctx, newPacket(allocate).add(attrTransport, udp))
	if err != nil {
		return lent, 0, err
	}
	if code, words := r.refusal(); code != 401 {
		return lent, 0, fmt.Errorf("it does not ask for a password, but says %d %s", code, words)
	}
	realm, nonce := r.attrs[attrRealm], r.attrs[attrNonce]
	key := md5.Sum([]byte(s.Username + ":" + string(realm) + ":" + s.Credential)) //nolint:gosec // see above
	prove := func(b packet) packet {
		return b.add(attrUsername, []byte(s.Username)).add(attrRealm, realm).add(attrNonce, nonce).seal(key[:])
	}
	r, t, err := c.ask(ctx, prove(newPacket(allocate).add(attrTransport, udp)))
	if err != nil {
		return lent, 0, err
	}
	if r.kind != allocate|success {
		code, words := r.refusal()
		return lent, 0, fmt.Errorf("%d %s", code, words)
	}
	lent, _ = address(r.attrs[attrRelayed])
	_, _, _ = c.ask(ctx, prove(newPacket(refresh).add(attrLifetime, make([]byte, 4)))) // it is given back anyway when the connection ends
	return lent, ms(t), nil
}

// dialRelay connects to turn:host:port?transport=tcp and the like.
func dialRelay(ctx context.Context, url string) (c net.Conn, stream bool, err error) {
	scheme, rest, _ := strings.Cut(url, ":")
	rest, query, _ := strings.Cut(rest, "?")
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		if host, port = strings.Trim(rest, "[]"), "3478"; scheme == "turns" {
			port = "5349"
		}
	}
	at := net.JoinHostPort(host, port)
	switch {
	case scheme == "turns":
		c, err = (&tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true}}).DialContext(ctx, "tcp", at)
		return c, true, err
	case query == "transport=tcp":
		c, err = (&net.Dialer{}).DialContext(ctx, "tcp", at)
		return c, true, err
	}
	c, err = (&net.Dialer{}).DialContext(ctx, "udp", at)
	return c, false, err
}
