package doctor

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	packets    = 100
	packetTime = 20 * time.Millisecond
	payload    = 160 // bytes of G.711 in 20 ms
	lateTime   = 500 * time.Millisecond
	rtpHeader  = 12

	// What a call can bear, one way and back, within one machine.
	muchDelay = 60 * time.Millisecond
	muchLoss  = 1.0 // per cent
)

// echo calls the number at which a phone hears itself, and counts what comes back.
func (p *patient) echo(ctx context.Context) []Finding {
	if p.cfg.Media.SRTP == "required" {
		return []Finding{skipped("no call without encryption: media.srtp is required", "the page \"Check my connection\" of the web phone makes one with it")}
	}
	transport, at := p.sipWay()
	if transport == "" {
		return []Finding{skipped("no call: nothing listens for SIP", "")}
	}
	w, err := connect(ctx, transport, at, p.check.Name)
	if err != nil {
		return []Finding{problem("no test call: "+err.Error(), "see above, at sip")}
	}
	defer w.close()
	sound, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", netip.AddrPortFrom(at.Addr(), 0).String())
	if err != nil {
		return []Finding{problem("no test call: "+err.Error(), "")}
	}
	defer func() { _ = sound.Close() }()
	t, err := newPhone(w, p.check.Username, p.check.Domain).call(ctx, p.check.Target, p.check.Username, p.check.Password, offer(sound.LocalAddr()))
	if err != nil {
		return []Finding{problem("the test call did not work: "+err.Error(), "look into the log of the server, it says why")}
	}
	to, format, err := audio(t.answer.body)
	if err != nil {
		return []Finding{problem("the test call has no audio: "+err.Error(), "media.codecs needs PCMA or PCMU for it")}
	}
	r := exchange(ctx, sound, to, format)
	out := []Finding{r.finding(to)}
	if err := t.hangUp(ctx); err != nil {
		out = append(out, warning("the test call was not ended as it should: "+err.Error(), "look into the log of the server"))
	}
	return out
}

// sipWay is the simplest way to the server.
func (p *patient) sipWay() (transport string, at netip.AddrPort) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		if all := p.listening(transport); len(all) > 0 {
			return transport, all[0]
		}
	}
	return "", at
}

// offer is a session description of a phone with G.711.
func offer(at net.Addr) string {
	a, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return ""
	}
	family := 4
	if a.Addr().Is6() {
		family = 6
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP%d %v\r\ns=-\r\nc=IN IP%d %v\r\nt=0 0\r\nm=audio %d RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		family, a.Addr(), family, a.Addr(), a.Port())
}

// reflection is what came back of what was sent.
type reflection struct {
	sent   int
	delays []time.Duration // by arrival
	err    error
}

// exchange sends audio for two seconds and listens to what comes back.
func exchange(ctx context.Context, c net.PacketConn, to netip.AddrPort, format string) reflection {
	kind := byte(8)
	if format == "0" {
		kind = 0
	}
	dest := net.UDPAddrFromAddrPort(to)
	began := time.Now()
	var r reflection
	back := make(chan []time.Duration, 1)
	go func() { back <- listen(c, began) }()
	tick := time.NewTicker(packetTime)
	defer tick.Stop()
	for i := range packets {
		b := make([]byte, rtpHeader+payload)
		b[0], b[1] = 0x80, kind
		binary.BigEndian.PutUint16(b[2:], uint16(i))
		binary.BigEndian.PutUint32(b[4:], uint32(i*payload))
		binary.BigEndian.PutUint32(b[8:], 0x0d0c70)
		binary.BigEndian.PutUint32(b[rtpHeader:], 0x0d0c70a5) // what we know it by again
		binary.BigEndian.PutUint32(b[rtpHeader+4:], uint32(i))
		binary.BigEndian.PutUint64(b[rtpHeader+8:], uint64(time.Since(began)))
		if _, r.err = c.WriteTo(b, dest); r.err != nil {
			break
		}
		r.sent++
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.err = ctx.Err()
		}
		if r.err != nil {
			break
		}
	}
	end := time.Now().Add(lateTime) // a slow machine sends for longer
	if r.err != nil {
		end = over()
	}
	_ = c.SetReadDeadline(end)
	r.delays = <-back
	return r
}

// listen gives how long each packet took that comes back.
func listen(c net.PacketConn, began time.Time) (delays []time.Duration) {
	b := make([]byte, 2048)
	seen := map[uint32]bool{}
	for len(seen) < packets {
		n, _, err := c.ReadFrom(b)
		if err != nil {
			return delays
		}
		if n != rtpHeader+payload || binary.BigEndian.Uint32(b[rtpHeader:]) != 0x0d0c70a5 {
			continue
		}
		if i := binary.BigEndian.Uint32(b[rtpHeader+4:]); i < packets && !seen[i] {
			seen[i] = true
			delays = append(delays, time.Since(began)-time.Duration(binary.BigEndian.Uint64(b[rtpHeader+8:])))
		}
	}
	return delays
}

func (r *reflection) finding(to netip.AddrPort) Finding {
	if len(r.delays) == 0 {
		text := fmt.Sprintf("the test call was answered, but nothing of its audio came back from %v", to)
		if r.err != nil {
			text += ": " + r.err.Error()
		}
		return problem(text, "does a firewall of this machine keep media.ports (UDP) closed?")
	}
	loss := 100 * float64(r.sent-len(r.delays)) / float64(r.sent)
	sorted := slices.Sorted(slices.Values(r.delays))
	middle, most := sorted[len(sorted)/2], sorted[len(sorted)-1]
	f := ok(fmt.Sprintf("a test call: %d packets sent, %.1f %% lost, %.1f ms there and back, %.1f ms at most", r.sent, loss, ms(middle), ms(most)))
	f.Values = map[string]float64{"delay_ms": ms(middle), "delay_max_ms": ms(most), "loss_percent": loss, "packets": float64(r.sent)}
	switch {
	case loss > muchLoss:
		f.Level, f.Do = Problem, "within one machine nothing should be lost: is it overloaded (top), are its buffers full (nstat -az UdpRcvbufErrors)?"
	case middle > muchDelay:
		f.Level, f.Do = Warning, "within one machine that should be a few milliseconds: is it overloaded?"
	}
	return f
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
