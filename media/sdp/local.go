package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"dialtone/media"
	"dialtone/media/codec"
)

// Local is what our side is ready to do in an offer or an answer.
type Local struct {
	// Addr is the address that the far side sends to: the external one behind
	// NAT.
	Addr netip.Addr
	// RTP and RTCP are our ports. RTCP may be 0 when it is RTP+1.
	RTP, RTCP uint16
	// Formats are what we accept, best first. An entry for telephone-event means
	// that events are wanted, at the clock of every audio format. Payload types
	// are wishes: an offer uses them where they are free, an answer uses the
	// offerer's.
	Formats []codec.Format
	// FollowOffer makes an answer keep the offerer's order of formats, instead of
	// that of Formats.
	FollowOffer bool
	Direction   media.Direction
	// Ptime is how many milliseconds of audio we want a packet to hold; 0 says
	// nothing in an offer and repeats what was offered in an answer.
	Ptime int
	// Crypto is the policy for SRTP. Once audio was encrypted, only encrypted
	// audio is offered and accepted.
	Crypto CryptoPolicy
	// OfferCrypto makes an offer RTP/SAVP with keys, unless Crypto is off.
	// CryptoRequired does so, too.
	OfferCrypto bool
	// Mux offers to share the port of RTP with RTCP. It is accepted in any case.
	Mux bool
	// Levels offers to say in packets how loud they are (RFC 6464). It is accepted in
	// any case.
	Levels bool
	// WebRTC makes an offer what browsers want, and lets an answer take such an offer and
	// no other; Crypto then says nothing. nil is audio without ICE and DTLS.
	WebRTC *WebRTC
	// Video is offered, and accepted where it is offered; nil is none, or port 0.
	Video *LocalVideo
}

// check refuses what cannot be written.
func (l *Local) check() error {
	if !l.Addr.IsValid() || l.Addr.IsUnspecified() {
		return fmt.Errorf("sdp: local address %s cannot be given to the far side", l.Addr)
	}
	if l.RTP == 0 {
		return errors.New("sdp: local RTP port is not set")
	}
	if err := l.WebRTC.check(); err != nil {
		return err
	}
	audio := false
	for _, f := range l.Formats {
		if !validFormat(canonical(f)) {
			return fmt.Errorf("sdp: local format %q cannot be written", f.String())
		}
		audio = audio || f.IsAudio()
	}
	if !audio {
		return errors.New("sdp: local formats hold no audio")
	}
	return nil
}

// rtcp is the port for a=rtcp, 0 when that line is not needed.
func (l *Local) rtcp() uint16 {
	if l.RTCP == l.RTP+1 {
		return 0
	}
	return l.RTCP
}

// audio are the audio formats, each once.
func (l *Local) audio() []codec.Format {
	fs := make([]codec.Format, 0, len(l.Formats)+2)
	for _, f := range l.Formats {
		if f = canonical(f); f.IsAudio() {
			fs = appendNew(fs, f)
		}
	}
	return fs
}

// all are the formats of an offer: audio, the events for its clocks, comfort
// noise.
func (l *Local) all() []codec.Format {
	fs := l.audio()
	n := len(fs)
	for i := range clocked(l.WebRTC, fs) {
		if e, ok := l.event(fs[i].Clock); ok {
			fs = appendNew(fs, e)
		}
	}
	for _, f := range l.Formats {
		f = canonical(f)
		if isEvent(f) && l.WebRTC == nil || !f.IsAudio() && !isEvent(f) && hasClock(fs[:n], f.Clock) {
			fs = appendNew(fs, f)
		}
	}
	return fs
}

// event is telephone-event at a clock, when events are wanted.
func (l *Local) event(clock int) (codec.Format, bool) {
	var e codec.Format
	for _, f := range l.Formats {
		if f = canonical(f); isEvent(f) && (e.Name == "" || f.Clock == clock) {
			e = f
		}
	}
	if e.Clock != clock {
		e.Clock, e.PT = clock, 0
	}
	return e, e.Name != ""
}

func isEvent(f codec.Format) bool { return f.Name == codec.DTMF.Name }

func hasClock(fs []codec.Format, clock int) bool {
	for _, f := range fs {
		if f.Clock == clock {
			return true
		}
	}
	return false
}

func appendNew(fs []codec.Format, f codec.Format) []codec.Format {
	if _, known := same(fs, f); known {
		return fs
	}
	return append(fs, f)
}

// same finds f among fs, rather with equal parameters than with others.
func same(fs []codec.Format, f codec.Format) (codec.Format, bool) {
	var found codec.Format
	ok := false
	for _, g := range fs {
		if g.Same(f) && (!ok || g.Fmtp == f.Fmtp && found.Fmtp != f.Fmtp) {
			found, ok = g, true
		}
	}
	return found, ok
}

// media makes our audio m-line.
func (l *Local) media(proto string, fs []codec.Format, dir media.Direction, ptime int, mux bool, levels media.Levels, keys []cryptoLine) Media {
	m := Media{Kind: "audio", Port: l.RTP, Ports: 1, Proto: proto, Attrs: make([]Attr, 0, 2*len(fs)+6)}
	m.describe(fs)
	if ptime > 0 {
		m.Attrs = append(m.Attrs, Attr{"ptime", strconv.Itoa(ptime)})
	}
	if port := l.rtcp(); port != 0 {
		m.Attrs = append(m.Attrs, Attr{"rtcp", strconv.Itoa(int(port))})
	}
	if mux {
		m.Attrs = append(m.Attrs, Attr{"rtcp-mux", ""})
	}
	if levels.ID != 0 {
		m.Attrs = append(m.Attrs, levelsAttr(levels))
	}
	for _, k := range keys {
		m.Attrs = append(m.Attrs, k.attr())
	}
	m.Attrs = append(m.Attrs, Attr{dir.String(), ""})
	return m
}
