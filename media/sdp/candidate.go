package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Candidate is where the far side says that it can be reached over UDP (RFC 8839 §5.1).
type Candidate struct {
	Addr     netip.AddrPort
	Priority uint32
}

// maxCandidates is how many of them are read.
const maxCandidates = 32

// readCandidates gives those of as that checks can be sent to: addresses over UDP, of RTP.
// Names behind which browsers hide their addresses (mDNS) are nobody's to look up.
func readCandidates(as []Attr) []Candidate {
	var out []Candidate
	for i := range as {
		if !strings.EqualFold(as[i].Key, "candidate") || len(out) == maxCandidates {
			continue
		}
		if c, ok := readCandidate(as[i].Value); ok {
			out = append(out, c)
		}
	}
	return out
}

func readCandidate(value string) (c Candidate, ok bool) {
	f := strings.Fields(value)
	if len(f) < 8 || f[1] != "1" || !strings.EqualFold(f[2], "udp") || !strings.EqualFold(f[6], "typ") {
		return c, false
	}
	priority, err := strconv.ParseUint(f[3], 10, 32)
	port, err2 := strconv.ParseUint(f[5], 10, 16)
	addr, err3 := netip.ParseAddr(f[4])
	if err != nil || err2 != nil || err3 != nil || port == 0 || addr.Zone() != "" {
		return c, false
	}
	return Candidate{netip.AddrPortFrom(addr.Unmap(), uint16(port)), uint32(priority)}, true
}

// carryReflexive adds the candidates that a STUN server has found. What address we have
// inside is nobody's business (RFC 8839 §5.1).
func (w *WebRTC) carryReflexive(m *Media) {
	for i, c := range w.Reflexive {
		inside := "0.0.0.0"
		if c.Addr().Is6() {
			inside = "::"
		}
		priority := 100<<24 | uint64(65535-i)<<8 | 255
		m.Attrs = append(m.Attrs, Attr{"candidate", fmt.Sprintf("%d 1 udp %d %s %d typ srflx raddr %s rport 9",
			2*len(w.Candidates)+i+1, priority, c.Addr(), c.Port(), inside)})
	}
}

// trickles says that candidates may come later, to who says the same (RFC 8838 §3). A lite
// agent has no use for them.
func trickles(offer *Session) []Attr {
	if offer == nil {
		return nil
	}
	says := func(as []Attr) bool {
		v, _ := attr(as, "ice-options")
		return slices.Contains(strings.Fields(v), "trickle")
	}
	if says(offer.Attrs) || slices.ContainsFunc(offer.Media, func(m Media) bool { return says(m.Attrs) }) {
		return []Attr{{"ice-options", "trickle"}}
	}
	return nil
}

// Trickle is what a far side sends of its candidates after its description (RFC 8840 §9).
type Trickle struct {
	Ufrag, Pwd string // "" when it does not say
	Candidates []Candidate
	End        bool // there are no more
}

// maxFragment is how long a fragment may be, in bytes.
const maxFragment = 8 << 10

// ParseTrickle reads a fragment of the type application/trickle-ice-sdpfrag: attributes,
// and m-lines with attributes of their own. Those whose a=mid is not mid are about others
// than our audio, as are those that are not the first where one of both says no name.
func ParseTrickle(body []byte, mid string) (Trickle, error) {
	var t Trickle
	if len(body) > maxFragment {
		return t, fmt.Errorf("sdp: a fragment of %d bytes is too long", len(body))
	}
	f := fragment{mid: mid}
	for line := range strings.Lines(string(body)) {
		if !f.take(strings.TrimRight(line, "\r\n")) {
			return t, fmt.Errorf("sdp: %q is no line of a fragment", line)
		}
	}
	f.end()
	t.Ufrag, _ = attr(f.ours, "ice-ufrag")
	t.Pwd, _ = attr(f.ours, "ice-pwd")
	_, t.End = attr(f.ours, "end-of-candidates")
	t.Candidates = readCandidates(f.ours)
	if t.Ufrag != "" && !validICE(t.Ufrag, 4) || t.Pwd != "" && !validICE(t.Pwd, 22) {
		return Trickle{}, fmt.Errorf("sdp: the ICE credentials of a fragment are too short or hold other characters")
	}
	return t, nil
}

// fragment is one that is being read.
type fragment struct {
	mid   string // of our audio
	lines int    // m-lines so far
	name  string // of the last
	part  []Attr // of the last
	ours  []Attr // that count
}

// take takes a line; false is none that can be in a fragment.
func (f *fragment) take(line string) bool {
	kind, value, ok := strings.Cut(line, "=")
	switch {
	case line == "":
	case len(kind) != 1 || !ok:
		return false
	case kind == "m":
		f.end()
		f.lines++
	case kind == "a":
		key, text, _ := strings.Cut(value, ":")
		if strings.EqualFold(key, "mid") {
			f.name = text
		}
		f.part = append(f.part, Attr{key, text})
	}
	return true
}

// end ends an m-line, or what comes before the first.
func (f *fragment) end() {
	if f.lines == 0 || f.name == f.mid || f.lines == 1 && (f.name == "" || f.mid == "") {
		f.ours = append(f.ours, f.part...)
	}
	f.part, f.name = nil, ""
}
