package testphone

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// SDP is what a session description says about audio (RFC 8866).
type SDP struct {
	Addr       netip.AddrPort // where the sender wants its audio
	Proto      string         // "RTP/AVP", "RTP/SAVP"
	Direction  string         // "sendrecv", "sendonly", "recvonly", "inactive"
	Codecs     []string       // names in the order offered, without telephone-event
	PT         map[string]int // name to payload type; "TELEPHONE-EVENT" too
	Ptime      int            // milliseconds, 0 when absent
	Crypto     []Crypto
	MLines     []string // all m= lines, with "m="
	Version    string   // the sess-version of o=
	RTCPMux    bool
	Attributes []string // a= lines of the audio, without "a="
}

// Crypto is one a=crypto line (RFC 4568).
type Crypto struct {
	Tag   string
	Suite string
	Key   []byte // master key and salt
}

var static = map[int]string{0: "PCMU", 3: "GSM", 8: "PCMA", 9: "G722", 13: "CN", 18: "G729"}

// ParseSDP reads the parts of a description that a phone needs.
func ParseSDP(body string) (*SDP, error) {
	d := &SDP{Direction: "sendrecv", PT: map[string]int{}}
	var host string
	var port int
	var order []int
	names := map[int]string{}
	inAudio, seenAudio := false, false
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		kind, value, _ := strings.Cut(line, "=")
		switch kind {
		case "o":
			if f := strings.Fields(value); len(f) > 2 {
				d.Version = f[2]
			}
		case "c":
			if f := strings.Fields(value); len(f) == 3 && (inAudio || !seenAudio) {
				host = f[2]
			}
		case "m":
			d.MLines = append(d.MLines, line)
			f := strings.Fields(value)
			inAudio = len(f) >= 4 && f[0] == "audio" && !seenAudio
			if !inAudio {
				continue
			}
			seenAudio = true
			port, _ = strconv.Atoi(f[1])
			d.Proto = f[2]
			for _, pt := range f[3:] {
				n, err := strconv.Atoi(pt)
				if err != nil {
					return nil, fmt.Errorf("payload type %q in %q is no number", pt, line)
				}
				order = append(order, n)
			}
		case "a":
			if inAudio || !seenAudio {
				d.attribute(value, names)
			}
		}
	}
	if !seenAudio {
		return nil, fmt.Errorf("no m=audio line in %q", body)
	}
	for _, pt := range order {
		name := names[pt]
		if name == "" {
			name = static[pt]
		}
		if _, twice := d.PT[name]; name == "" || twice {
			continue
		}
		d.PT[name] = pt
		if name != "TELEPHONE-EVENT" && name != "CN" {
			d.Codecs = append(d.Codecs, name)
		}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("connection address: %w", err)
	}
	d.Addr = netip.AddrPortFrom(addr, uint16(port))
	return d, nil
}

func (d *SDP) attribute(value string, names map[int]string) {
	d.Attributes = append(d.Attributes, value)
	name, arg, _ := strings.Cut(value, ":")
	switch name {
	case "sendrecv", "sendonly", "recvonly", "inactive":
		d.Direction = name
	case "ptime":
		d.Ptime, _ = strconv.Atoi(arg)
	case "rtcp-mux":
		d.RTCPMux = true
	case "rtpmap":
		pt, format, _ := strings.Cut(arg, " ")
		encoding, _, _ := strings.Cut(format, "/")
		if n, err := strconv.Atoi(pt); err == nil {
			names[n] = strings.ToUpper(strings.TrimSpace(encoding))
		}
	case "crypto":
		f := strings.Fields(arg)
		if len(f) < 3 {
			return
		}
		inline, _, _ := strings.Cut(strings.TrimPrefix(f[2], "inline:"), "|")
		if key, err := base64.StdEncoding.DecodeString(inline); err == nil {
			d.Crypto = append(d.Crypto, Crypto{Tag: f[0], Suite: f[1], Key: key})
		}
	}
}

// clocks are the rtpmap parts of the formats that a phone can name.
var clocks = map[string]string{
	"PCMU": "PCMU/8000", "PCMA": "PCMA/8000", "G722": "G722/8000", "GSM": "GSM/8000",
	"G729": "G729/8000", "OPUS": "opus/48000/2", "CN": "CN/8000", "TELEPHONE-EVENT": "telephone-event/8000",
}

// write gives the description as a message body. session and version are the
// two numbers of o=.
func (d *SDP) write(session, version int) string {
	var b strings.Builder
	family := "IP4"
	if d.Addr.Addr().Is6() {
		family = "IP6"
	}
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("v=0")
	line("o=testphone %d %d IN %s %s", session, version, family, d.Addr.Addr())
	line("s=-")
	line("c=IN %s %s", family, d.Addr.Addr())
	line("t=0 0")
	names := d.Codecs
	if _, has := d.PT["TELEPHONE-EVENT"]; has {
		names = append(names[:len(names):len(names)], "TELEPHONE-EVENT")
	}
	pts := ""
	for _, n := range names {
		pts += " " + strconv.Itoa(d.PT[n])
	}
	line("m=audio %d %s%s", d.Addr.Port(), d.Proto, pts)
	for _, n := range names {
		line("a=rtpmap:%d %s", d.PT[n], clocks[n])
		if n == "TELEPHONE-EVENT" {
			line("a=fmtp:%d 0-16", d.PT[n])
		}
	}
	for _, c := range d.Crypto {
		line("a=crypto:%s %s inline:%s", c.Tag, c.Suite, base64.StdEncoding.EncodeToString(c.Key))
	}
	if d.Ptime > 0 {
		line("a=ptime:%d", d.Ptime)
	}
	for _, a := range d.Attributes {
		line("a=%s", a)
	}
	line("a=%s", d.Direction)
	return b.String()
}

// mirror is the direction that answers an offer of d, from the side that wants
// to do no more than mine.
func mirror(offered, mine string) string {
	send := (offered == "sendrecv" || offered == "recvonly") && (mine == "sendrecv" || mine == "sendonly")
	recv := (offered == "sendrecv" || offered == "sendonly") && (mine == "sendrecv" || mine == "recvonly")
	switch {
	case send && recv:
		return "sendrecv"
	case send:
		return "sendonly"
	case recv:
		return "recvonly"
	}
	return "inactive"
}

// newCrypto makes fresh keys for the suites named.
func newCrypto(suites []string) []Crypto {
	var out []Crypto
	for i, s := range suites {
		key := make([]byte, suiteOf(s).keyLen+suiteOf(s).saltLen)
		_, _ = rand.Read(key)
		out = append(out, Crypto{Tag: strconv.Itoa(i + 1), Suite: s, Key: key})
	}
	return out
}
