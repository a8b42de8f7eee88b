package sdp

import (
	"slices"
	"strconv"
	"strings"

	"dialtone/media"
	"dialtone/media/codec"
)

func decimal(n uint8) string { return strconv.Itoa(int(n)) }

// answerVideo accepts the video m-line beside audio line a in lines, if there is one and l
// wants it.
func (n *Negotiator) answerVideo(a *audioLine, l *Local, g *Agreed, lines []Media, types *payloadTypes) error {
	v := readVideo(n.in.session, a)
	if v == nil || l.Video == nil {
		return nil
	}
	pairs := matchVideo(v.Formats, l.Video.Formats)
	keys, crypto, ok := n.videoKey(v, g)
	if len(pairs) == 0 || !ok {
		return nil
	}
	if err := types.follow(pairs); err != nil {
		return err
	}
	out := &AgreedVideo{
		Direction: l.Video.Direction.And(v.Direction.Reverse()), RemoteRTP: v.RTP, RemoteRTCP: v.RTCP,
		Mux: v.Mux, Crypto: crypto, Feedback: v.feedback, SendTime: v.sendTime, index: v.index,
	}
	out.Send, out.Recv = split(pairs)
	proto := lines[v.index].Proto
	lines[v.index] = l.Video.media(l, proto, out.Recv, out.Direction, v.Mux, v.feedback, v.sendTime, keys)
	g.Video = out
	return nil
}

// videoKey settles the keys for v, whose audio is as g says: both are encrypted or none.
func (n *Negotiator) videoKey(v *videoLine, g *Agreed) (keys []cryptoLine, c *Crypto, ok bool) {
	switch {
	case g.WebRTC != nil:
		return nil, nil, true
	case g.Crypto == nil:
		return nil, nil, !v.Secure
	case len(v.crypto) == 0:
		return nil, nil, false
	}
	theirs := v.crypto[0]
	ours := newCryptoLine(0, theirs.suite)
	ours.tag = theirs.tag
	if c := n.videoCrypto; c != nil && c.Suite == theirs.suite.name && slices.Equal(slices.Concat(c.RemoteKey, c.RemoteSalt), theirs.key) {
		ours = c.line(theirs.tag)
	}
	return []cryptoLine{ours}, agree(ours, theirs), true
}

// line is our side of c.
func (c *Crypto) line(tag string) cryptoLine {
	return cryptoLine{
		tag:   tag,
		suite: suite{c.Suite, len(c.LocalKey), len(c.LocalSalt)},
		key:   slices.Concat(c.LocalKey, c.LocalSalt),
	}
}

// sentVideo is the video of an offer.
type sentVideo struct {
	index     int
	formats   []codec.Format
	direction media.Direction
	keys      []cryptoLine
	sendTime  uint8
}

// offerVideo adds the video of l to the lines of o: in the place of what there is or was.
// One that was refused before comes back with another name (RFC 9429 §5.2.2).
func (n *Negotiator) offerVideo(l *Local, o *sentOffer, types *payloadTypes) error {
	if l.Video == nil {
		return nil
	}
	formats := offeredVideo(l.Video.Formats)
	if len(formats) == 0 {
		return nil
	}
	if err := types.assign(formats); err != nil {
		return err
	}
	v := &sentVideo{index: n.video, formats: formats, direction: l.Video.Direction}
	if v.index < 0 || v.index < len(o.lines) && !isVideo(&o.lines[v.index]) {
		v.index = slices.IndexFunc(o.lines, func(m Media) bool { return isVideo(&m) })
	}
	if v.index < 0 || v.index >= len(o.lines) {
		v.index = len(o.lines)
		o.lines = append(o.lines, Media{})
	}
	proto := o.lines[o.audio].Proto
	mid := strconv.FormatUint(n.version+1, 10)
	if live := n.agreed.Video; live != nil && live.index == v.index {
		proto, mid = strings.ToUpper(n.lines[v.index].Proto), n.lines[v.index].mid()
	} else if slices.ContainsFunc(o.lines, func(m Media) bool { return m.mid() == mid }) {
		mid = "v" + mid
	}
	v.keys = n.offerVideoKeys(o)
	if o.webrtc {
		v.sendTime = n.offerSendTime(o)
	}
	o.lines[v.index] = l.Video.media(l, proto, formats, l.Video.Direction, o.mux, allFeedback, v.sendTime, v.keys)
	if o.webrtc {
		l.WebRTC.carry(&o.lines[v.index], mid, "actpass", l.Video.SSRC)
	}
	o.video = v
	return nil
}

// offerSendTime is the number of before, or one that the audio does not have: in a bundle
// they are the same for all.
func (n *Negotiator) offerSendTime(o *sentOffer) uint8 {
	switch live := n.agreed.Video; {
	case live != nil && live.SendTime != 0 && live.SendTime != o.levels.ID:
		return live.SendTime
	case o.levels.ID == sendTimeID:
		return sendTimeID + 1
	}
	return sendTimeID
}

// offerVideoKeys gives keys when the audio has some.
func (n *Negotiator) offerVideoKeys(o *sentOffer) []cryptoLine {
	switch {
	case len(o.crypto) == 0:
		return nil
	case n.videoCrypto != nil:
		return []cryptoLine{n.videoCrypto.line("1")}
	}
	var keys []cryptoLine
	for i, k := range o.crypto { // the suites of the audio
		keys = append(keys, newCryptoLine(i+1, k.suite))
	}
	return keys
}

// acceptVideo compares the video of an answer with that of our offer; nil when it was
// refused.
func (n *Negotiator) acceptVideo(o *sentOffer, s *Session) *AgreedVideo {
	v := o.video
	if v == nil || v.index >= len(s.Media) || !isVideo(&s.Media[v.index]) || s.Media[v.index].off() {
		return nil
	}
	m := &s.Media[v.index]
	a, err := readAudio(s, v.index, v.formats)
	if err != nil {
		return nil
	}
	out := &AgreedVideo{
		Direction: v.direction.And(a.Direction.Reverse()), RemoteRTP: a.RTP, RemoteRTCP: a.rtcp,
		Mux: o.mux && a.Mux, Feedback: allFeedback.and(m.feedback()), index: v.index,
	}
	if out.Mux {
		out.RemoteRTCP = a.RTP
	}
	if id, _, _ := readExtension(s, m, sendTimeURI); id == v.sendTime {
		out.SendTime = id
	}
	if !out.take(&a, v) || len(v.keys) == 0 && !o.webrtc && a.Secure {
		return nil
	}
	return out
}

// take takes over the formats and the key of the answer a to our offer v, and reports
// whether they can be used.
func (out *AgreedVideo) take(a *audioLine, v *sentVideo) bool {
	for _, f := range a.Formats {
		ours, offered := same(v.formats, f)
		if _, known := same(out.Send, f); offered && !known {
			out.Send, out.Recv = append(out.Send, f), append(out.Recv, ours)
		}
	}
	if len(v.keys) > 0 {
		out.Crypto = takenKey(v.keys, a.crypto)
	}
	return len(out.Send) > 0 && (len(v.keys) == 0 || out.Crypto != nil)
}

// takenKey finds which of our keys an answer took.
func takenKey(ours, theirs []cryptoLine) *Crypto {
	for _, t := range theirs {
		for _, o := range ours {
			if o.tag == t.tag && strings.EqualFold(o.suite.name, t.suite.name) {
				return agree(o, t)
			}
		}
	}
	return nil
}
