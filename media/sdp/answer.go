package sdp

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"dialtone/media/codec"
)

// CreateAnswer answers the offer last received with what l says of it. One audio
// stream is accepted: the one in use, else the first that can be, encrypted ones
// first unless l turns encryption off; every other m-line gets port 0. It may be
// called again, until the next offer, when the final answer differs from the
// provisional one.
//
// It fails with *NoCommonFormatError, ErrCryptoRequired, ErrCryptoRefused, ErrNoCrypto
// or ErrDowngrade; then the offer is still open, for another try or for Rollback.
func (n *Negotiator) CreateAnswer(l Local) ([]byte, Agreed, error) {
	if n.in == nil {
		return nil, Agreed{}, ErrNoOffer
	}
	if err := l.check(); err != nil {
		return nil, Agreed{}, err
	}
	if n.in.remote.Disabled {
		return n.answerDisabled(&l)
	}
	first := ErrNoWebRTC
	l.Formats = l.WebRTC.formats(l.Formats)
	if n.peer != nil {
		first = ErrDowngrade
	}
	for i, a := range n.candidates(&l) {
		body, agreed, err := n.answer(a, &l)
		if err == nil {
			return body, agreed, nil
		}
		if i == 0 {
			first = err
		}
	}
	return nil, Agreed{}, first
}

// candidates are the audio m-lines that may be accepted, best first.
func (n *Negotiator) candidates(l *Local) []*audioLine {
	var as []*audioLine
	for i := range n.in.audio {
		if a := &n.in.audio[i]; !a.Disabled && (a.WebRTC != nil) == (l.WebRTC != nil) {
			as = append(as, a)
		}
	}
	rank := func(a *audioLine) int {
		switch {
		case n.current && a.index == n.audio:
			return 0
		case a.Secure && l.Crypto != CryptoOff:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(as, func(a, b *audioLine) int { return rank(a) - rank(b) })
	return as
}

// answerDisabled confirms that the far side switched the audio off.
func (n *Negotiator) answerDisabled(l *Local) ([]byte, Agreed, error) {
	lines := n.refuseAll()
	agreed := n.settle(Agreed{Disabled: true}, lines, n.in.audio[0].index, n.in.sum)
	return n.render(l, lines, n.in.session), agreed, nil
}

func (n *Negotiator) refuseAll() []Media {
	lines := make([]Media, len(n.in.session.Media))
	for i := range lines {
		lines[i] = refuse(&n.in.session.Media[i])
	}
	return lines
}

// answer accepts m-line a.
func (n *Negotiator) answer(a *audioLine, l *Local) ([]byte, Agreed, error) {
	var theirKey *cryptoLine
	var err error
	if a.WebRTC == nil {
		theirKey, err = n.chooseKey(a, l.Crypto)
	}
	if err != nil {
		return nil, Agreed{}, err
	}
	pairs, err := match(a.Formats, l)
	if err != nil {
		return nil, Agreed{}, err
	}
	types := slices.Clone(n.types)
	if err := types.follow(pairs); err != nil {
		return nil, Agreed{}, err
	}
	g := Agreed{
		Direction: l.Direction.And(a.Direction.Reverse()),
		RemoteRTP: a.RTP, RemoteRTCP: a.RTCP, Mux: a.Mux,
		Ptime: ptimeFor(&a.Remote), MaxPtime: a.MaxPtime, Levels: answerLevels(a.Levels),
	}
	g.Send, g.Recv = split(pairs)
	if g.WebRTC = a.WebRTC.clone(); g.WebRTC != nil {
		g.WebRTC.Client, g.WebRTC.Offered = n.role(g.WebRTC), true
	}
	var keys []cryptoLine
	if theirKey != nil {
		ourKey := n.answerKey(*theirKey)
		g.Crypto = agree(ourKey, *theirKey)
		keys = []cryptoLine{ourKey}
	}
	ptime := l.Ptime
	if ptime == 0 {
		ptime = a.Ptime
	}
	lines := n.refuseAll()
	if err := n.answerVideo(a, l, &g, lines, &types); err != nil {
		return nil, Agreed{}, err
	}
	n.types = types
	lines[a.index] = l.media(lines[a.index].Proto, g.Recv, g.Direction, ptime, g.Mux, g.Levels, keys)
	if g.WebRTC != nil {
		setup := setupPassive
		if g.WebRTC.Client {
			setup = setupActive
		}
		l.WebRTC.carry(&lines[a.index], n.in.session.Media[a.index].mid(), setup, l.WebRTC.SSRC)
		if theirs := g.WebRTC.TLSID; theirs != "" {
			lines[a.index].Attrs = append(lines[a.index].Attrs, Attr{"tls-id", tlsID(n.id, theirs)})
		}
		if v := g.Video; v != nil {
			l.WebRTC.carry(&lines[v.index], n.in.session.Media[v.index].mid(), setup, l.Video.SSRC)
		}
	}
	agreed := n.settle(g, lines, a.index, n.in.sum)
	return n.render(l, lines, n.in.session), agreed, nil
}

// chooseKey takes the first usable a=crypto line, which the offerer likes best
// (RFC 4568 §5.1.2); none means audio in clear. On RTP/AVP it is what phones
// offer that would rather have encryption but do not insist.
func (n *Negotiator) chooseKey(a *audioLine, policy CryptoPolicy) (*cryptoLine, error) {
	switch {
	case n.crypto != nil && policy == CryptoOff:
		return nil, ErrDowngrade
	case policy == CryptoOff && a.Secure:
		return nil, ErrCryptoRefused
	case policy == CryptoOff:
		return nil, nil
	case len(a.crypto) > 0:
		return &a.crypto[0], nil
	case n.crypto != nil:
		return nil, because(ErrDowngrade, a.refused)
	case a.Secure:
		return nil, because(ErrNoCrypto, a.refused)
	case policy == CryptoRequired:
		return nil, because(ErrCryptoRequired, a.refused)
	}
	return nil, nil
}

// because adds why an a=crypto line was left out.
func because(err, reason error) error {
	if reason == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, reason)
}

// answerKey is our line for theirs. The key in use stays as long as the far side
// keeps its own (RFC 4568 §7.1.4).
func (n *Negotiator) answerKey(theirs cryptoLine) cryptoLine {
	if c := n.crypto; c != nil && c.Suite == theirs.suite.name &&
		bytes.Equal(slices.Concat(c.RemoteKey, c.RemoteSalt), theirs.key) {
		return n.localLine(theirs.tag)
	}
	k := newCryptoLine(0, theirs.suite)
	k.tag = theirs.tag
	return k
}

// ReceiveAnswer reads the answer to our last offer. It may be called again, until
// the next offer, when the final answer differs from the provisional one.
//
// It fails with a *ParseError, ErrNoAudio, *NoCommonFormatError, ErrCryptoRequired,
// ErrNoCrypto, ErrDowngrade or ErrNoOffer; then the offer is still open, for
// Rollback.
func (n *Negotiator) ReceiveAnswer(body []byte) (Agreed, error) {
	o := n.out
	if o == nil {
		return Agreed{}, ErrNoOffer
	}
	s, err := Parse(body)
	if err != nil {
		return Agreed{}, err
	}
	i := o.answerIn(s)
	if i < 0 {
		return Agreed{}, ErrNoAudio
	}
	a, err := readAudio(s, i, o.formats)
	if err != nil {
		return Agreed{}, err
	}
	g := Agreed{Disabled: true}
	if !a.Disabled {
		if g, err = n.accept(o, &a); err != nil {
			return Agreed{}, err
		}
		g.Video = n.acceptVideo(o, s)
	}
	return n.settle(g, o.lines, o.audio, sha256.Sum256(body)), nil
}

// answerIn finds the m-line that answers our audio: the one in its place, or the
// only one when the far side left out m-lines.
func (o *sentOffer) answerIn(s *Session) int {
	if o.audio < len(s.Media) && isAudio(&s.Media[o.audio]) {
		return o.audio
	}
	return slices.IndexFunc(s.Media, func(m Media) bool { return isAudio(&m) })
}

// accept compares an answer with our offer.
func (n *Negotiator) accept(o *sentOffer, a *audioLine) (Agreed, error) {
	g := Agreed{
		Direction: o.direction.And(a.Direction.Reverse()),
		RemoteRTP: a.RTP, RemoteRTCP: a.rtcp, Mux: o.mux && a.Mux,
		Ptime: ptimeFor(&a.Remote), MaxPtime: a.MaxPtime, Levels: acceptLevels(o.levels, a.Levels),
	}
	if g.Mux {
		g.RemoteRTCP = a.RTP
	}
	for _, f := range a.Formats {
		ours, offered := same(o.formats, f)
		if _, known := same(g.Send, f); offered && !known {
			g.Send, g.Recv = append(g.Send, f), append(g.Recv, ours)
		}
	}
	if !slices.ContainsFunc(g.Send, codec.Format.IsAudio) {
		return Agreed{}, &NoCommonFormatError{Offered: a.Formats, Wanted: o.formats}
	}
	var err error
	if o.webrtc {
		g.WebRTC, err = n.acceptPeer(a)
	} else {
		g.Crypto, err = n.acceptKey(o, a)
	}
	return g, err
}

// acceptPeer takes what the answer to an offer of ICE and DTLS says. Who answers
// without saying so opens the association (RFC 8842 §5.3).
func (n *Negotiator) acceptPeer(a *audioLine) (*Peer, error) {
	if a.WebRTC == nil {
		return nil, ErrNoWebRTC
	}
	p := a.WebRTC.clone()
	p.Client, p.Restart = p.setup == setupPassive, n.restarts(p)
	return p, nil
}

// acceptKey finds which of our keys the answer took: it repeats our tag and suite
// (RFC 4568 §5.1.3). An offer with keys is never answered in clear.
func (n *Negotiator) acceptKey(o *sentOffer, a *audioLine) (*Crypto, error) {
	if len(o.crypto) == 0 {
		if a.Secure {
			return nil, ErrNoCrypto
		}
		return nil, nil
	}
	for _, theirs := range a.crypto {
		for _, ours := range o.crypto {
			if ours.tag == theirs.tag && strings.EqualFold(ours.suite.name, theirs.suite.name) {
				return agree(ours, theirs), nil
			}
		}
	}
	switch {
	case n.crypto != nil:
		return nil, because(ErrDowngrade, a.refused)
	case len(a.crypto) > 0 || a.refused != nil:
		return nil, because(ErrNoCrypto, a.refused)
	}
	return nil, ErrCryptoRequired
}
