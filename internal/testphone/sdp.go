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
	EventClock int            // of the telephone-event that goes with the first codec; 0 is 8000
	Events     map[int]int    // payload types of telephone-event, by its clock
	Ptime      int            // milliseconds, 0 when absent
	Crypto     []Crypto
	MLines     []string // all m= lines, with "m="
	Version    string   // the sess-version of o=
	RTCPMux    bool
	Attributes []string // a= lines of the audio, without "a="
	Video      *VideoLine
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
	r := sdpReader{SDP: SDP{Direction: "sendrecv", PT: map[string]int{}}, names: map[int]string{}, clocks: map[int]int{}}
	for line := range strings.Lines(body) {
		if err := r.line(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, err
		}
	}
	if !r.seenAudio {
		return nil, fmt.Errorf("no m=audio line in %q", body)
	}
	r.nameCodecs()
	addr, err := netip.ParseAddr(r.host)
	if err != nil {
		return nil, fmt.Errorf("connection address: %w", err)
	}
	r.Addr = netip.AddrPortFrom(addr, uint16(r.port))
	return &r.SDP, nil
}

// sdpReader is a description that is being read.
type sdpReader struct {
	SDP
	host      string
	port      int
	types     []int          // payload types in the order of m=
	names     map[int]string // by payload type, from a=rtpmap
	clocks    map[int]int    // by payload type, from a=rtpmap
	inAudio   bool           // the last m= began the audio that counts
	seenAudio bool
	inVideo   bool // the last m= began the video that counts
}

func (r *sdpReader) line(line string) error {
	kind, value, _ := strings.Cut(line, "=")
	if kind == "m" {
		r.inVideo = strings.HasPrefix(value, "video ") && r.Video == nil
	}
	if r.inVideo {
		if r.Video == nil {
			r.Video = &VideoLine{}
		}
		r.Video.line(kind, value)
	}
	switch kind {
	case "o":
		if f := strings.Fields(value); len(f) > 2 {
			r.Version = f[2]
		}
	case "c":
		if f := strings.Fields(value); len(f) == 3 && r.concernsAudio() {
			r.host = f[2]
		}
	case "m":
		return r.media(line, strings.Fields(value))
	case "a":
		if r.concernsAudio() {
			r.attribute(value, r.names)
			r.clock(value)
		}
	}
	return nil
}

// concernsAudio reports whether the lines of this section hold for the audio: its
// own, and those before all media.
func (r *sdpReader) concernsAudio() bool { return r.inAudio || !r.seenAudio }

func (r *sdpReader) media(line string, fields []string) error {
	r.MLines = append(r.MLines, line)
	r.inAudio = len(fields) >= 4 && fields[0] == "audio" && !r.seenAudio
	if !r.inAudio {
		return nil
	}
	r.seenAudio = true
	r.port, _ = strconv.Atoi(fields[1])
	r.Proto = fields[2]
	for _, pt := range fields[3:] {
		n, err := strconv.Atoi(pt)
		if err != nil {
			return fmt.Errorf("payload type %q in %q is no number", pt, line)
		}
		r.types = append(r.types, n)
	}
	return nil
}

// nameCodecs fills PT and Codecs when all lines are read.
func (r *sdpReader) nameCodecs() {
	for _, pt := range r.types {
		name := r.names[pt]
		if name == "" {
			name = static[pt]
		}
		if _, twice := r.PT[name]; name == "" || twice {
			continue
		}
		r.PT[name] = pt
		if name != "TELEPHONE-EVENT" && name != "CN" {
			r.Codecs = append(r.Codecs, name)
		}
	}
	r.chooseEvents()
}

// clock reads the clock of a=rtpmap.
func (r *sdpReader) clock(value string) {
	arg, is := strings.CutPrefix(value, "rtpmap:")
	pt, format, _ := strings.Cut(arg, " ")
	parts := strings.Split(format, "/")
	n, err := strconv.Atoi(pt)
	if is && err == nil && len(parts) > 1 {
		r.clocks[n], _ = strconv.Atoi(strings.TrimSpace(parts[1]))
	}
}

// chooseEvents takes the telephone-event that has the clock of the first codec.
func (r *sdpReader) chooseEvents() {
	pt, has := r.PT["TELEPHONE-EVENT"]
	if !has {
		return
	}
	r.Events = map[int]int{}
	for _, other := range r.types {
		if r.names[other] == "TELEPHONE-EVENT" {
			r.Events[r.clocks[other]] = other
		}
	}
	r.PT["TELEPHONE-EVENT"], r.EventClock = pt, r.clocks[pt]
	if len(r.Codecs) > 0 {
		r.eventsFor(r.Codecs[0])
	}
}

// eventsFor takes the telephone-event that has the clock of a codec, if there is one.
func (d *SDP) eventsFor(name string) {
	if pt, has := d.Events[clockOf(name)]; has {
		d.PT["TELEPHONE-EVENT"], d.EventClock = pt, clockOf(name)
	}
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
	"G729": "G729/8000", "OPUS": "opus/48000/2", "CN": "CN/8000",
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
	pts := make([]string, len(names))
	for i, n := range names {
		pts[i] = " " + strconv.Itoa(d.PT[n])
	}
	line("m=audio %d %s%s", d.Addr.Port(), d.Proto, strings.Join(pts, ""))
	for _, n := range names {
		if n == "TELEPHONE-EVENT" {
			line("a=rtpmap:%d telephone-event/%d", d.PT[n], max(d.EventClock, rate))
			line("a=fmtp:%d 0-16", d.PT[n])
			continue
		}
		line("a=rtpmap:%d %s", d.PT[n], clocks[n])
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
	if d.Video != nil {
		b.WriteString(d.Video.text())
	}
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
