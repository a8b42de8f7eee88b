package sipua

import (
	"slices"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/media/sdp"
	"dialtone/pbx/call"
)

// videoState is what a leg knows of its video beside what was agreed. audio.mu guards it.
type videoState struct {
	on    bool           // the configuration wants video
	shown []codec.Format // that the far side has had
	// declined is what this side was ready to do when the far side had no video: it is
	// not asked for the same again.
	declined *call.Video
	offered  *sdp.LocalVideo // in our offer, while it waits, and what it was made from
	asked    call.Video
}

// farVideo is the video of far; mu is held.
func (a *audio) farVideo() call.Video {
	v := a.remote.Video
	if !a.settled && len(v.Formats) == 0 {
		v = a.idle(media.SendRecv)
	}
	v.Formats = slices.Clone(v.Formats)
	return v
}

// idle is a far side without video, which may have some when it is asked. Browsers can.
func (a *audio) idle(d media.Direction) call.Video {
	formats := a.video.shown
	if len(formats) == 0 && a.browser {
		formats = sdp.VideoFormats()
	}
	if !a.video.on || len(formats) == 0 {
		return call.Video{}
	}
	return call.Video{Formats: formats, Direction: d, Idle: true}
}

// offeredVideo is what an offer of the far side says. One that had video and offers none
// wants none.
func (a *audio) offeredVideo(r *sdp.RemoteVideo) call.Video {
	switch {
	case r != nil && a.video.on:
		a.video.shown = r.Formats
		return call.Video{Formats: r.Formats, Direction: r.Direction}
	case a.agreed.Video != nil:
		return a.idle(media.Inactive)
	case a.settled:
		return a.remote.Video
	}
	return a.idle(media.SendRecv)
}

// answerVideo is what we answer to an offer with video. A browser keeps its line when there
// is nobody to see: so it can be used later without much ado.
func (a *audio) answerVideo(near call.Video) *sdp.LocalVideo {
	far := a.remote.Video
	switch {
	case !a.video.on || len(far.Formats) == 0 || far.Idle:
		return nil
	case slices.ContainsFunc(near.Formats, func(f codec.Format) bool { return holds(far.Formats, f) }):
		return a.localVideo(near.Formats, near.Direction)
	case a.browser:
		return a.localVideo(far.Formats, media.Inactive)
	}
	return nil
}

// answeredVideo is what the far side has after our answer to its offer.
func (a *audio) answeredVideo(agreed *sdp.AgreedVideo, near call.Video) call.Video {
	far := a.remote.Video
	if agreed != nil {
		a.video.declined = nil
		return far
	}
	a.video.declined = &near
	if len(far.Formats) > 0 && !far.Idle { // refused by us
		a.video.declined = nil
		return a.idle(media.SendRecv)
	}
	return far
}

// offerVideo is what we offer: what there is, changed as near wants it, or what near wants
// to begin.
func (a *audio) offerVideo(near call.Video) *sdp.LocalVideo {
	switch live := a.agreed.Video; {
	case !a.video.on:
	case live != nil && a.wayOf(near) == media.Inactive:
		return a.localVideo(a.remote.Video.Formats, media.Inactive)
	case live != nil, a.asks(near):
		return a.localVideo(near.Formats, near.Direction)
	}
	return nil
}

// withoutVideo takes back an offer with video that was refused as a whole, and makes those
// to come without. It reports false when there was none in it.
func (a *audio) withoutVideo() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.settled || a.video.offered == nil {
		return false
	}
	a.video.on = false
	a.nego.Rollback()
	return true
}

// newVideoRefused takes note that an offer which was refused as a whole would have begun
// video, and reports whether it was one: what else is in it is worth another try.
func (a *audio) newVideoRefused() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.agreed.Video != nil || a.video.offered == nil {
		return false
	}
	a.video.decline()
	return true
}

// decline takes note that what was asked for last is not wanted.
func (v *videoState) decline() {
	asked := v.asked
	v.declined = &asked
}

// asks reports whether near wants to begin video, and was not refused.
func (a *audio) asks(near call.Video) bool {
	return a.video.on && near.Live() && (a.video.declined == nil || !a.video.declined.Equal(near))
}

// acceptedVideo is what the far side has after its answer to our offer. As for audio, it
// says nothing about a way that our offer had closed.
func (a *audio) acceptedVideo(agreed *sdp.AgreedVideo) call.Video {
	v := &a.video
	offered := v.offered
	if agreed == nil {
		if offered == nil {
			return a.farVideo()
		}
		v.decline()
		return a.idle(media.Inactive)
	}
	far := call.Video{Formats: agreed.Send, Direction: a.remote.Video.Direction}
	if offered.Direction.Send || len(v.shown) == 0 || a.agreed.Video == nil {
		far.Direction.Recv = agreed.Direction.Send
	}
	if offered.Direction.Recv || len(v.shown) == 0 || a.agreed.Video == nil {
		far.Direction.Send = agreed.Direction.Recv
	}
	v.shown, v.declined = agreed.Send, nil
	return far
}

// wayOf is which way near wants the video that there is.
func (a *audio) wayOf(near call.Video) media.Direction {
	if !slices.ContainsFunc(near.Formats, func(f codec.Format) bool { return holds(a.remote.Video.Formats, f) }) {
		return media.Inactive
	}
	return near.Direction
}

// videoDiffers reports whether near needs another offer for the video; mu is held.
func (a *audio) videoDiffers(near call.Video) bool {
	live := a.agreed.Video
	if live == nil || !a.video.on {
		return a.asks(near)
	}
	way := a.wayOf(near).And(a.remote.Video.Direction.Reverse())
	if way != live.Direction {
		return true
	}
	foreign := func(f codec.Format) bool { return !holds(near.Formats, f) }
	return way != media.Inactive && slices.ContainsFunc(live.Recv, foreign)
}

// localVideo is our side of video, whose port is opened when it is first needed; nil when
// none can be had.
func (a *audio) localVideo(formats []codec.Format, d media.Direction) *sdp.LocalVideo {
	port, err := a.open()
	if err != nil {
		return nil
	}
	l := &sdp.LocalVideo{Formats: formats, Direction: d}
	if d == media.Inactive && a.browser && port.Beside() == nil {
		return l
	}
	v, err := port.OpenVideo()
	if err != nil {
		return nil
	}
	rtpAt, rtcpAt := v.Local()
	l.RTP, l.RTCP = rtpAt.Port(), rtcpAt.Port()
	l.SSRC, _ = v.Source()
	return l
}

// configureVideo makes the port for video, beside that for audio, do what was agreed.
func configureVideo(audio *rtp.Port, a *sdp.AgreedVideo) error {
	port := audio.Beside()
	if port == nil {
		return nil
	}
	if a == nil {
		return port.Configure(rtp.Params{Direction: media.Inactive})
	}
	p := rtp.Params{
		Send: a.Send, Recv: a.Recv, Direction: a.Direction, RemoteRTP: a.RemoteRTP, RemoteRTCP: a.RemoteRTCP,
		Mux: a.Mux, Feedback: rtp.Feedback(a.Feedback), SendTime: a.SendTime,
	}
	if c := a.Crypto; c != nil {
		p.Crypto = &rtp.Crypto{
			Suite:        c.Suite,
			LocalMaster:  slices.Concat(c.LocalKey, c.LocalSalt),
			RemoteMaster: slices.Concat(c.RemoteKey, c.RemoteSalt),
		}
	}
	if port.Configure(p) != nil { // it cannot be reached, which is no reason to have no audio
		return port.Configure(rtp.Params{Direction: media.Inactive})
	}
	return nil
}

// sameVideo compares what a call has to know of.
func sameVideo(a, b *sdp.AgreedVideo) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Direction == b.Direction && slices.Equal(a.Send, b.Send) && slices.Equal(a.Recv, b.Recv)
}
