package sdp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dialtone/media/codec"
)

// WebRTC is what we say in an offer or an answer when the audio goes through ICE
// (RFC 8839) and DTLS-SRTP (RFC 5763), as browsers want it.
type WebRTC struct {
	Ufrag, Pwd string
	// Candidates are where we can be reached over UDP, best first. They are all there
	// are: nothing trickles.
	Candidates  []netip.AddrPort
	TCP         bool             // and over TCP, at the same addresses
	Reflexive   []netip.AddrPort // over UDP only, where a STUN server sees us
	Full        bool             // we are a full agent of ICE, not a lite one
	Fingerprint Fingerprint
	SSRC        uint32 // of what we send
	CNAME       string
}

// Peer is what the far side says of ICE and DTLS.
type Peer struct {
	Ufrag, Pwd string
	// Fingerprints are those of its certificate, at least one; none is of a hash that
	// has been broken.
	Fingerprints []Fingerprint
	Candidates   []Candidate
	Lite         bool   // it is a lite agent of ICE
	TLSID        string // of its DTLS association (RFC 8842 §4); "" when it has no name
	// Restart means that its ICE credentials are others than before (RFC 8839 §4.4.1.1.1):
	// ours have to be new as well.
	Restart bool
	// Offered means that it has made the offer, not we. It is known when all is agreed.
	Offered bool
	// Client means that we open the DTLS association. It is known when all is agreed.
	Client bool

	setup string
}

func (p *Peer) clone() *Peer {
	if p == nil {
		return nil
	}
	c := *p
	c.Fingerprints, c.Candidates = slices.Clone(p.Fingerprints), slices.Clone(p.Candidates)
	return &c
}

// Fingerprint is the hash of a certificate (RFC 8122 §5): "sha-256" and its value in
// upper case, "AB:CD:...".
type Fingerprint struct{ Hash, Value string }

// hashSizes are those of hashes that may vouch for a certificate, in bytes.
var hashSizes = [...]struct {
	name string
	size int
}{{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}

// NewFingerprint writes a hash.
func NewFingerprint(hash string, sum []byte) Fingerprint {
	var b strings.Builder
	for i, c := range sum {
		if i > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%02X", c)
	}
	return Fingerprint{hash, b.String()}
}

func readFingerprint(value string) (f Fingerprint, ok bool) {
	hash, text, _ := strings.Cut(value, " ")
	text = strings.TrimSpace(text)
	for _, h := range hashSizes {
		if !strings.EqualFold(h.name, hash) || len(text) != 3*h.size-1 {
			continue
		}
		sum, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		return NewFingerprint(h.name, sum), err == nil && len(sum) == h.size
	}
	return f, false
}

const (
	browserProto = "UDP/TLS/RTP/SAVPF"
	// maxFingerprints is how many of them are looked at.
	maxFingerprints = 8
	setupActive     = "active"
	setupPassive    = "passive"
)

// overDTLS reports whether proto wants keys by DTLS, whatever carries that.
func overDTLS(proto string) bool {
	p := strings.ToUpper(proto)
	return strings.HasPrefix(p, "UDP/TLS/") || strings.HasPrefix(p, "TCP/TLS/") || strings.HasPrefix(p, "TCP/DTLS/")
}

// readPeer gives what m says of ICE and DTLS; nil when that is not all that is needed.
func (s *Session) readPeer(m *Media) *Peer {
	p := &Peer{setup: "actpass"}
	p.Ufrag, _ = s.shared(m, "ice-ufrag")
	p.Pwd, _ = s.shared(m, "ice-pwd")
	if v, ok := s.shared(m, "setup"); ok {
		p.setup = strings.ToLower(v)
	}
	p.TLSID, _ = s.shared(m, "tls-id")
	_, p.Lite = attr(s.Attrs, "ice-lite")
	for _, as := range s.sections(m) {
		if len(p.Candidates) == 0 {
			p.Candidates = readCandidates(as)
		}
	}
	for _, as := range s.sections(m) {
		for i := range as {
			if f, ok := readFingerprint(as[i].Value); ok && strings.EqualFold(as[i].Key, "fingerprint") && len(p.Fingerprints) < maxFingerprints {
				p.Fingerprints = append(p.Fingerprints, f)
			}
		}
		if len(p.Fingerprints) > 0 {
			break
		}
	}
	_, mux := attr(m.Attrs, "rtcp-mux")
	switch {
	case !mux, len(p.Fingerprints) == 0, !validICE(p.Ufrag, 4), !validICE(p.Pwd, 22):
		return nil
	case p.setup != "actpass" && p.setup != setupActive && p.setup != setupPassive:
		return nil
	}
	return p
}

// validICE reports whether v is ice-char, at least so many (RFC 8839 §5.4).
func validICE(v string, least int) bool {
	if len(v) < least || len(v) > 256 {
		return false
	}
	for i := range len(v) {
		c := v[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// shared gives an attribute that all m-lines of a bundle have in common: of m, of the
// session, or of the m-line that the bundle is named by (RFC 9143 §7.2).
func (s *Session) shared(m *Media, key string) (string, bool) {
	for _, as := range s.sections(m) {
		if v, ok := attr(as, key); ok {
			return v, true
		}
	}
	return "", false
}

func (s *Session) sections(m *Media) [3][]Attr {
	out := [3][]Attr{m.Attrs, s.Attrs}
	bundle := s.bundle(m.mid())
	if bundle == nil {
		return out
	}
	for i := range s.Media {
		if s.Media[i].mid() == bundle[0] {
			out[2] = s.Media[i].Attrs
		}
	}
	return out
}

// bundle is the names of the m-lines in one bundle with mid; nil when it is in none.
func (s *Session) bundle(mid string) []string {
	for i := range s.Attrs {
		f := strings.Fields(s.Attrs[i].Value)
		if strings.EqualFold(s.Attrs[i].Key, "group") && len(f) > 1 && strings.EqualFold(f[0], "BUNDLE") && slices.Contains(f[1:], mid) {
			return f[1:]
		}
	}
	return nil
}

// mid is what m is called (RFC 5888), "" when it has no name.
func (m *Media) mid() string {
	v, _ := attr(m.Attrs, "mid")
	return v
}

// off reports whether m is switched off. One that only comes with its bundle has no
// port of its own, either (RFC 9143 §6).
func (m *Media) off() bool {
	_, bundled := attr(m.Attrs, "bundle-only")
	return m.Port == 0 && !bundled
}

// Mid is the name of our audio m-line, "" when it has none.
func (n *Negotiator) Mid() string {
	if n.audio < 0 || n.audio >= len(n.lines) {
		return ""
	}
	return n.lines[n.audio].mid()
}

// role settles who opens the DTLS association with p: its own wish, what is in force
// already, or it.
func (n *Negotiator) role(p *Peer) (client bool) {
	switch p.setup {
	case setupActive:
		return false
	case setupPassive:
		return true
	}
	before := n.peer
	return before != nil && before.Client && before.TLSID == p.TLSID && slices.Equal(before.Fingerprints, p.Fingerprints)
}

// restarts reports whether p has other ICE credentials than were in force.
func (n *Negotiator) restarts(p *Peer) bool {
	before := n.peer
	return before != nil && (before.Ufrag != p.Ufrag || before.Pwd != p.Pwd)
}

// carry adds what browsers want to know to an m-line of ours, whose packets have ssrc. They
// are told of it while nothing is sent, too: Chromium forgets who is not named, and then
// shows nothing of what comes later.
func (w *WebRTC) carry(m *Media, mid, setup string, ssrc uint32) {
	add := func(key, value string) { m.Attrs = append(m.Attrs, Attr{key, value}) }
	if mid != "" {
		add("mid", mid)
	}
	add("ice-ufrag", w.Ufrag)
	add("ice-pwd", w.Pwd)
	add("fingerprint", w.Fingerprint.Hash+" "+w.Fingerprint.Value)
	add("setup", setup)
	if ssrc != 0 {
		add("msid", "dialtone "+m.Kind)
		add("ssrc", strconv.FormatUint(uint64(ssrc), 10)+" cname:"+w.CNAME)
	}
	for i, c := range w.Candidates {
		priority := 126<<24 | uint64(65535-i)<<8 | 255 // RFC 8445 §5.1.2.1
		add("candidate", fmt.Sprintf("%d 1 udp %d %s %d typ host", i+1, priority, c.Addr(), c.Port()))
	}
	if w.TCP {
		for i, c := range w.Candidates {
			priority := 126<<24 | uint64(2<<13+8191-i)<<8 | 255 // RFC 6544 §4.2
			add("candidate", fmt.Sprintf("%d 1 tcp %d %s %d typ host tcptype passive", len(w.Candidates)+i+1, priority, c.Addr(), c.Port()))
		}
	}
	w.carryReflexive(m)
	add("end-of-candidates", "")
}

// tlsID is our name for the association that the far side calls theirs: another one
// whenever theirs is.
func tlsID(session, theirs string) string {
	sum := sha256.Sum256([]byte(session + "/" + theirs))
	return hex.EncodeToString(sum[:16])
}

// session are the attributes of our whole description: the m-lines in use are one
// bundle; a lite agent says that it is one. An answer bundles nothing that offer, which is nil in
// our own one, does not (RFC 9143 §7.3).
func (w *WebRTC) session(lines []Media, offer *Session) []Attr {
	if w == nil {
		return nil
	}
	group := "BUNDLE"
	for i := range lines {
		if mid := lines[i].mid(); mid != "" && lines[i].Port != 0 && (offer == nil || offer.bundle(mid) != nil) {
			group += " " + mid
		}
	}
	as := []Attr{{"ice-lite", ""}}
	if w.Full {
		as = trickles(offer)
	}
	if group != "BUNDLE" {
		as = append([]Attr{{"group", group}}, as...)
	}
	return as
}

// formats leaves out comfort noise: a browser that mutes goes on sending, and what
// phones send of it would be heard as it is.
func (w *WebRTC) formats(fs []codec.Format) []codec.Format {
	if w == nil {
		return fs
	}
	return slices.DeleteFunc(slices.Clone(fs), func(f codec.Format) bool { return f.Name == codec.CN.Name })
}

// clocked is how many of the audio formats fs get telephone-event at their clock: for a
// browser the first, which is the one that it sends. A Chromium that has events of two
// clocks sends those of the lower one, with the timestamps of the other.
func clocked[T any](w *WebRTC, fs []T) int {
	if w == nil {
		return len(fs)
	}
	return min(len(fs), 1)
}

// check refuses what cannot be written.
func (w *WebRTC) check() error {
	switch {
	case w == nil:
		return nil
	case !validICE(w.Ufrag, 4) || !validICE(w.Pwd, 22):
		return fmt.Errorf("sdp: local ICE credentials are too short or hold other characters")
	case len(w.Candidates) == 0:
		return fmt.Errorf("sdp: there are no local candidates for ICE")
	case w.Fingerprint == Fingerprint{}:
		return fmt.Errorf("sdp: the local fingerprint is missing")
	}
	return nil
}
