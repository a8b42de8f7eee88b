package sdp

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"dialtone/media/codec"
)

// CreateOffer writes an offer of what l says. It fails with ErrGlare or ErrPending
// while another offer is open, with ErrDowngrade when l turns off encryption that
// is in use, and when l cannot be written.
func (n *Negotiator) CreateOffer(l Local) ([]byte, error) {
	if err := n.mayOffer(); err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	if n.crypto != nil && (l.Crypto == CryptoOff || l.WebRTC != nil) || n.peer != nil && l.WebRTC == nil {
		return nil, ErrDowngrade
	}
	types := slices.Clone(n.types)
	l.Formats = l.WebRTC.formats(l.Formats)
	formats := l.all()
	if err := types.assign(formats); err != nil {
		return nil, err
	}
	o := &sentOffer{
		audio:     n.audio,
		formats:   formats,
		direction: l.Direction,
		mux:       l.Mux || l.WebRTC != nil,
		levels:    n.offerLevels(&l),
		crypto:    n.offerKeys(&l),
		webrtc:    l.WebRTC != nil,
	}
	o.lines = n.offerLines(&l, o)
	if err := n.offerVideo(&l, o, &types); err != nil {
		return nil, err
	}
	n.types = types
	n.out, n.in, n.pending = o, nil, PendingSent
	return n.render(&l, o.lines, nil), nil
}

func (n *Negotiator) mayOffer() error {
	switch n.pending {
	case PendingSent:
		return ErrGlare
	case PendingReceived:
		return ErrPending
	}
	return nil
}

// offerKeys gives a key for each suite, or the suite and key in use.
func (n *Negotiator) offerKeys(l *Local) []cryptoLine {
	if n.crypto != nil {
		return []cryptoLine{n.localLine("1")}
	}
	if l.WebRTC != nil || l.Crypto == CryptoOff || !l.OfferCrypto && l.Crypto != CryptoRequired {
		return nil
	}
	if n.keys == nil {
		for i, s := range suites {
			n.keys = append(n.keys, newCryptoLine(i+1, s))
		}
	}
	return n.keys
}

// localLine is our side of the agreed encryption.
func (n *Negotiator) localLine(tag string) cryptoLine {
	c := n.crypto
	return cryptoLine{
		tag:   tag,
		suite: suite{c.Suite, len(c.LocalKey), len(c.LocalSalt)},
		key:   slices.Concat(c.LocalKey, c.LocalSalt),
	}
}

// offerLines repeats every m-line there ever was, in its place (RFC 3264 §8), and
// sets o.audio to ours.
func (n *Negotiator) offerLines(l *Local, o *sentOffer) []Media {
	lines := make([]Media, len(n.lines), len(n.lines)+1)
	for i := range n.lines {
		lines[i] = refuse(&n.lines[i])
	}
	proto, mid := "RTP/AVP", "0"
	if o.audio < 0 || o.audio >= len(lines) {
		o.audio = len(lines)
		lines = append(lines, Media{})
	} else {
		proto, mid = strings.ToUpper(lines[o.audio].Proto), lines[o.audio].mid()
	}
	switch {
	case o.webrtc:
		if !overDTLS(proto) {
			proto = browserProto
		}
	case len(o.crypto) == 0:
		proto = strings.Replace(proto, "/SAVP", "/AVP", 1)
	case n.crypto == nil:
		proto = strings.Replace(proto, "/AVP", "/SAVP", 1)
	}
	lines[o.audio] = l.media(proto, o.formats, o.direction, l.Ptime, o.mux, o.levels, o.crypto)
	if o.webrtc {
		l.WebRTC.carry(&lines[o.audio], mid, "actpass", l.WebRTC.SSRC)
	}
	return lines
}

// ReceiveOffer reads an offer of the far side, to be answered by CreateAnswer or
// refused and given to Rollback. On an error nothing has changed: a *ParseError,
// ErrNoAudio, ErrGlare or ErrPending.
func (n *Negotiator) ReceiveOffer(body []byte) (Remote, error) {
	if err := n.mayOffer(); err != nil {
		return Remote{}, err
	}
	s, err := Parse(body)
	if err != nil {
		return Remote{}, err
	}
	in := &receivedOffer{session: s}
	if err := in.readAudio(); err != nil {
		return Remote{}, err
	}
	if !n.pickRemote(in) {
		return Remote{}, in.noAudio()
	}
	for i := range in.audio {
		if p := in.audio[i].WebRTC; p != nil {
			p.Restart = n.restarts(p)
		}
	}
	in.sum = sha256.Sum256(body)
	in.remote.Unchanged = in.sum == n.heard
	n.in, n.out, n.pending = in, nil, PendingReceived
	r := in.remote
	r.Formats, r.WebRTC, r.Video = slices.Clone(r.Formats), r.WebRTC.clone(), r.Video.clone()
	return r, nil
}

// readAudio reads the audio m-lines whose protocol we can do.
func (in *receivedOffer) readAudio() error {
	for i := range in.session.Media {
		m := &in.session.Media[i]
		if _, ok := readProfile(m.Proto); !ok || !isAudio(m) {
			continue
		}
		a, err := readAudio(in.session, i, nil)
		if err != nil {
			return err
		}
		if overDTLS(m.Proto) && a.WebRTC == nil && !a.Disabled {
			continue
		}
		in.audio = append(in.audio, a)
	}
	return nil
}

// noAudio says why there is none.
func (in *receivedOffer) noAudio() error {
	for i := range in.session.Media {
		m := &in.session.Media[i]
		switch _, ok := readProfile(m.Proto); {
		case !isAudio(m):
		case overDTLS(m.Proto) && m.Port != 0:
			return fmt.Errorf("%w: %.40s needs ice-ufrag, ice-pwd, rtcp-mux and a fingerprint by SHA-256 or better", ErrNoAudio, m.Proto)
		case !ok:
			return fmt.Errorf("%w: protocol %.40q is not supported", ErrNoAudio, m.Proto)
		}
	}
	return ErrNoAudio
}

// pickRemote chooses what ReceiveOffer reports: the m-line in use, else the first
// that is not switched off. Audio that is switched off altogether is something to
// report only once there was some.
func (n *Negotiator) pickRemote(in *receivedOffer) bool {
	var found *audioLine
	for i := range in.audio {
		a := &in.audio[i]
		if !a.Disabled && (found == nil || a.index == n.audio) {
			found = a
		}
	}
	if found == nil && n.current && len(in.audio) > 0 {
		found = &in.audio[0]
		found.Formats = []codec.Format{}
	}
	if found == nil {
		return false
	}
	in.remote = found.Remote
	if v := readVideo(in.session, found); v != nil && !found.Disabled {
		in.remote.Video = &RemoteVideo{v.Formats, v.Direction}
	}
	for i := range in.audio {
		in.remote.Crypto = in.remote.Crypto || in.audio[i].Crypto && !in.audio[i].Disabled
	}
	return true
}
