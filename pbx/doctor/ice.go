package doctor

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// candidate is where the server tells a browser to send its audio.
type candidate struct {
	transport string // "udp", "tcp"
	at        netip.AddrPort
}

const checkTime = 2 * time.Second

// browsers calls as one does, asks where to send audio, and sends a check to each place.
func (p *patient) browsers(ctx context.Context) []Finding {
	at := p.web()
	switch {
	case len(at) == 0:
		return []Finding{skipped("there is no web phone", "")}
	case p.cfg.Media.WebRTCPort == 0:
		return []Finding{problem("browsers have no audio: media.webrtc_port is 0", "write a port, 8444 is usual, and open it in the firewall, UDP and TCP")}
	}
	host := p.browserName(at[0])
	w, err := connect(ctx, "ws", at[0], host)
	if err != nil {
		return []Finding{problem("no test call of a browser: "+err.Error(), "see above, at websocket")}
	}
	defer w.close()
	ufrag, pwd := rand.Text()[:8], rand.Text()
	t, err := newPhone(w, p.check.Username, p.check.Domain).call(ctx, p.check.Target, p.check.Username, p.check.Password, browserOffer(ufrag, pwd))
	if err != nil {
		return []Finding{problem("the test call of a browser did not work: "+err.Error(), fmt.Sprintf("can port %d (media.webrtc_port) be had? The log of the server says so at its start", p.cfg.Media.WebRTCPort))}
	}
	out := p.checkAll(ctx, t.answer.body, ufrag)
	if err := t.hangUp(ctx); err != nil {
		out = append(out, warning("the test call of a browser was not ended as it should: "+err.Error(), "look into the log of the server"))
	}
	return out
}

// checkAll sends a check to each candidate of an answer.
func (p *patient) checkAll(ctx context.Context, answer, ufrag string) []Finding {
	all, theirs, key := candidates(answer)
	if len(all) == 0 {
		return []Finding{problem("the server tells browsers no address for their audio", "has this machine an address besides the loopback? Else set sip.external")}
	}
	reached, lost := map[string][]string{}, map[string][]string{}
	values := map[string]float64{}
	for _, c := range all {
		took, err := c.check(ctx, theirs+":"+ufrag, key)
		if err != nil {
			lost[c.transport] = append(lost[c.transport], c.at.String())
			continue
		}
		if old, known := values[c.transport+"_ms"]; !known || ms(took) < old {
			values[c.transport+"_ms"] = ms(took)
		}
		reached[c.transport] = append(reached[c.transport], c.at.String())
	}
	var out []Finding
	for _, transport := range []string{"udp", "tcp"} {
		out = append(out, p.heard(transport, reached[transport], lost[transport])...)
	}
	out[0].Values = values
	return out
}

func (p *patient) heard(transport string, reached, lost []string) []Finding {
	name, port := strings.ToUpper(transport), p.cfg.Media.WebRTCPort
	switch {
	case len(reached) == 0 && len(lost) == 0:
		return []Finding{warning("browsers are told no address for "+name, "can port "+strconv.Itoa(port)+" be had? The log of the server says so at its start")}
	case len(reached) == 0:
		return []Finding{problem(fmt.Sprintf("audio of browsers is not heard by %s at %s", name, strings.Join(lost, ", ")),
			fmt.Sprintf("open %s port %d (media.webrtc_port) in the firewall", name, port))}
	}
	text := fmt.Sprintf("audio of browsers is heard by %s at %s", name, strings.Join(reached, ", "))
	if len(lost) == 0 {
		return []Finding{ok(text)}
	}
	// Routers often do not let one out and in again, so this may be right for those outside.
	return []Finding{ok(text), warning(fmt.Sprintf("not at %s, seen from this machine", strings.Join(lost, ", ")),
		"when that is the address of the router, try from outside, with \"Check my connection\" in the web phone")}
}

// check is one of ICE, as the side that chooses the way sends it.
func (c *candidate) check(ctx context.Context, username, key string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, c.transport, c.at.String())
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	tie := make([]byte, 8)
	_, _ = rand.Read(tie)
	request := newPacket(binding).add(attrUsername, []byte(username)).
		add(attrPriority, binary.BigEndian.AppendUint32(nil, 1<<24)).add(attrControlling, tie).
		seal([]byte(key)).fingerprint()
	r, took, err := way{conn, c.transport == "tcp", c.transport == "tcp"}.ask(ctx, request)
	switch {
	case err != nil:
		return 0, err
	case r.kind != binding|success:
		code, words := r.refusal()
		return 0, fmt.Errorf("%d %s", code, words)
	}
	if _, ok := address(r.attrs[attrMapped]); !ok && c.at.Addr().Is4() {
		return 0, errors.New("the answer does not say where the check came from")
	}
	return took, nil
}

// candidates are those of an answer, with the credentials to check them.
func candidates(body string) (all []candidate, ufrag, pwd string) {
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if text, found := strings.CutPrefix(line, "a=ice-ufrag:"); found {
			ufrag = text
		}
		if text, found := strings.CutPrefix(line, "a=ice-pwd:"); found {
			pwd = text
		}
		text, found := strings.CutPrefix(line, "a=candidate:")
		f := strings.Fields(text)
		if !found || len(f) < 8 {
			continue
		}
		ip, err := netip.ParseAddr(f[4])
		port, wrong := strconv.ParseUint(f[5], 10, 16)
		if err != nil || wrong != nil {
			continue
		}
		if c := (candidate{strings.ToLower(f[2]), netip.AddrPortFrom(ip, uint16(port))}); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all, ufrag, pwd
}

// browserOffer is one as browsers make it; nobody is going to show that certificate.
func browserOffer(ufrag, pwd string) string {
	sum := make([]byte, 32)
	_, _ = rand.Read(sum)
	fingerprint := strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
	return strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0",
		"c=IN IP4 0.0.0.0", "a=mid:0", "a=ice-ufrag:" + ufrag, "a=ice-pwd:" + pwd, "a=ice-options:trickle",
		"a=fingerprint:sha-256 " + fingerprint, "a=setup:actpass", "a=rtcp-mux", "a=sendrecv",
		"a=rtpmap:111 opus/48000/2", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "",
	}, "\r\n")
}
