package sdp

import (
	"bytes"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dialtone/media"
	"dialtone/media/codec"
)

// Pending is which offer waits for its answer.
type Pending uint8

// The states between offer and answer (RFC 3264 §4).
const (
	PendingNone     Pending = iota // none: either side may offer
	PendingSent                    // ours, for ReceiveAnswer or Rollback
	PendingReceived                // the far side's, for CreateAnswer or Rollback
)

// String says it in a word.
func (p Pending) String() string {
	switch p {
	case PendingSent:
		return "offer sent"
	case PendingReceived:
		return "offer received"
	}
	return "none"
}

// Agreed is what an offer and its answer settled. It shares no memory with the
// Negotiator.
type Agreed struct {
	// Send are the formats that the far side accepts, with its payload types;
	// Recv are the same formats, in the same order, with ours.
	Send, Recv []codec.Format
	// Direction is from our point of view.
	Direction media.Direction
	// RemoteRTP and RemoteRTCP are where the far side wants to receive. They are
	// not valid when it gave no usable address (see Remote).
	RemoteRTP, RemoteRTCP netip.AddrPort
	Mux                   bool // RTCP shares the ports of RTP, both ways
	Ptime                 int  // milliseconds of audio in a packet that we send; 20 unless asked otherwise
	MaxPtime              int  // milliseconds, 0 for no limit
	Levels                media.Levels
	Crypto                *Crypto // nil when the audio is in clear
	WebRTC                *Peer   // nil when the audio goes without ICE and DTLS
	Video                 *AgreedVideo
	Disabled              bool // the audio stream is switched off (port 0); nothing else is set
}

func (a Agreed) clone() Agreed {
	a.Send, a.Recv = slices.Clone(a.Send), slices.Clone(a.Recv)
	a.WebRTC = a.WebRTC.clone()
	a.Crypto, a.Video = a.Crypto.clone(), a.Video.clone()
	return a
}

// Negotiator keeps the offers and answers of one dialog in order over its whole
// life (RFC 3264): whose turn it is, our o= line, the m-lines, the payload types
// that we gave away, our SRTP keys. A method that fails changes nothing that the
// far side could notice. It is not safe for concurrent use.
type Negotiator struct {
	id      string
	origin  netip.Addr // in o=, which stays as it was first sent
	version uint64
	sent    []byte  // our last description
	lines   []Media // of the last exchange: kind, protocol, formats
	audio   int     // the m-line in use, -1 before there is one
	types   payloadTypes
	keys    []cryptoLine // offered while no suite is agreed
	peer    *Peer        // likewise, of ICE and DTLS
	crypto  *Crypto      // last agreed; audio that was encrypted once stays so
	agreed  Agreed
	current bool
	// video is the m-line of video in use, or that was, -1 before there was one, and
	// videoCrypto what was last agreed for it.
	video       int
	videoCrypto *Crypto
	pending     Pending
	out         *sentOffer        // our last offer, until another is made or received
	in          *receivedOffer    // the far side's last offer, likewise
	heard       [sha256.Size]byte // the far side's description in force
}

// sentOffer is what an answer is compared with.
type sentOffer struct {
	lines     []Media
	audio     int
	formats   []codec.Format
	direction media.Direction
	mux       bool
	levels    media.Levels
	crypto    []cryptoLine
	webrtc    bool
	video     *sentVideo // nil when there is none
}

// receivedOffer is what an answer is made from.
type receivedOffer struct {
	session *Session
	audio   []audioLine // usable or switched off, in the order of the offer
	remote  Remote
	sum     [sha256.Size]byte
}

// NewNegotiator starts a dialog's negotiation. The session id goes into o=,
// shortened to 62 bits because some phones read it as a signed number.
func NewNegotiator(sessionID uint64) *Negotiator {
	return &Negotiator{id: strconv.FormatUint(sessionID&(1<<62-1), 10), audio: -1, video: -1}
}

// Pending is which offer waits for its answer.
func (n *Negotiator) Pending() Pending { return n.pending }

// Current is what was last agreed; false before the first answer.
func (n *Negotiator) Current() (Agreed, bool) { return n.agreed.clone(), n.current }

// Rollback forgets the offer that waits for an answer, after it was refused by
// either side. What was agreed before goes on.
func (n *Negotiator) Rollback() {
	if n.pending != PendingNone {
		n.pending, n.in, n.out = PendingNone, nil, nil
	}
}

// Clone copies the state, for another dialog that comes of the same INVITE: every
// early dialog of a forked call answers the one offer by itself.
func (n *Negotiator) Clone() *Negotiator {
	c := *n // what it points to is replaced, never changed
	return &c
}

// settle makes a the current agreement.
func (n *Negotiator) settle(a Agreed, lines []Media, audio int, heard [sha256.Size]byte) Agreed {
	n.agreed, n.current, n.pending = a, true, PendingNone
	n.lines, n.audio, n.heard = lines, audio, heard
	if a.WebRTC != nil {
		n.peer = a.WebRTC
	}
	if a.Crypto != nil {
		n.crypto, n.keys = a.Crypto, nil
	}
	if a.Video != nil {
		n.video, n.videoCrypto = a.Video.index, a.Video.Crypto
	}
	return a.clone()
}

// render writes our description; its version goes up by one when it differs from
// the one before (RFC 3264 §8). offer is what it answers, if anything.
func (n *Negotiator) render(l *Local, lines []Media, offer *Session) []byte {
	addr := l.Addr.Unmap().WithZone("")
	if !n.origin.IsValid() {
		n.origin = addr
	}
	s := Session{
		Origin: Origin{User: "-", ID: n.id, Version: strconv.FormatUint(n.version, 10), Host: n.origin.String()},
		Name:   "-",
		Host:   addr.String(),
		Attrs:  l.WebRTC.session(lines, offer),
		Media:  lines,
	}
	body := s.append(make([]byte, 0, cap(n.sent)+512))
	if !bytes.Equal(body, n.sent) {
		n.version++
		s.Origin.Version = strconv.FormatUint(n.version, 10)
		body = s.append(body[:0])
		n.sent = bytes.Clone(body)
	}
	return body
}

// refuse is m with port 0, as it stands in our descriptions.
func refuse(m *Media) Media {
	r := Media{Kind: m.Kind, Ports: 1, Proto: m.Proto, Formats: m.Formats}
	if len(r.Formats) == 0 {
		r.Formats = []string{"0"}
	}
	if mid := m.mid(); mid != "" && strings.Contains(strings.ToUpper(m.Proto), "TLS") {
		// Some libraries take a line without a direction for one that goes both ways.
		r.Attrs = []Attr{{"mid", mid}, {media.Inactive.String(), ""}}
	}
	return r
}

const defaultPtime = 20 // milliseconds (RFC 3551 §4.2)

// ptimeFor is how much audio to put in a packet for the far side.
func ptimeFor(r *Remote) int {
	p := r.Ptime
	if p == 0 {
		p = defaultPtime
	}
	if r.MaxPtime > 0 {
		p = min(p, r.MaxPtime)
	}
	return p
}
