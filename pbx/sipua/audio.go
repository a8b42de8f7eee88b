package sipua

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/media/sdp"
	"dialtone/media/webrtc"
	"dialtone/pbx/call"
)

// audio is the audio of one dialog: what was negotiated, and the port that does
// it. Early dialogs of one INVITE share the port. Safe for concurrent use.
type audio struct {
	engine    *rtp.Engine
	bind      netip.Addr
	advertise netip.Addr
	crypto    sdp.CryptoPolicy
	allowed   []string // names of the audio formats of this extension, best first
	ordered   bool     // the extension has an order of its own
	encrypt   bool     // offers are encrypted
	hub       *webrtc.Hub
	external  netip.Addr // sip.external

	mu      sync.Mutex
	nego    *sdp.Negotiator
	port    *sharedPort
	browser bool            // the audio goes by ICE and DTLS
	remote  call.Want       // see call.Leg.Far
	told    call.Want       // remote, when it was last agreed upon
	offered media.Direction // in our offer, while it waits
	agreed  sdp.Agreed
	settled bool // something was agreed
	video   videoState
	edition int // counts what was agreed, and what the far side said, when it differs
}

// newAudio is the audio of a leg.
func (u *UA) newAudio(p audioPath, policy audioPolicy) *audio {
	return &audio{
		engine: u.engine, bind: p.bind, advertise: p.advertise,
		crypto: policy.crypto, allowed: policy.codecs, ordered: policy.ordered,
		encrypt: policy.crypto != sdp.CryptoOff && (p.secure || policy.open),
		nego:    sdp.NewNegotiator(rand.Uint64()), port: &sharedPort{far: p.far},
		hub: u.hub, external: u.externalAddr(), browser: p.browser && u.hub != nil,
		video: videoState{on: policy.video},
	}
}

// audioPolicy is what the configuration of now wants of the audio of a leg.
type audioPolicy struct {
	codecs  []string // names, best first
	ordered bool     // they are an order of this party's own
	crypto  sdp.CryptoPolicy
	open    bool // keys may be offered over signalling that anybody can read
	video   bool // there may be some
}

// audioOf is the policy for an extension.
func (u *UA) audioOf(extension string) audioPolicy {
	cfg := u.config()
	p := audioPolicy{codecs: cfg.Media.Codecs, crypto: cryptoPolicy(cfg.Media.SRTP), video: cfg.Media.Video}
	if e := cfg.Extensions[extension]; len(e.Codecs) > 0 {
		p.codecs, p.ordered = e.Codecs, true
	}
	return p
}

// audioPath is where the audio of a leg is to flow.
type audioPath struct {
	bind, advertise netip.Addr
	far             netip.Addr // where the signalling comes from
	secure          bool       // the signalling is: keys may be offered
	browser         bool       // it is one, to judge by the signalling
}

func cryptoPolicy(srtp string) sdp.CryptoPolicy {
	switch srtp {
	case "off":
		return sdp.CryptoOff
	case "required":
		return sdp.CryptoRequired
	}
	return sdp.CryptoOptional
}

// fork is the audio of one more early dialog of the same INVITE: it answers the
// same offer by itself and shares the port.
func (a *audio) fork() *audio {
	a.mu.Lock()
	defer a.mu.Unlock()
	return &audio{
		engine: a.engine, bind: a.bind, advertise: a.advertise, crypto: a.crypto, allowed: a.allowed,
		ordered: a.ordered, encrypt: a.encrypt, nego: a.nego.Clone(), port: a.port, remote: a.remote, offered: a.offered,
		hub: a.hub, external: a.external, browser: a.browser, video: a.video,
	}
}

// endpoint is the port; one that carries nothing when none can be had.
func (a *audio) endpoint() media.Endpoint {
	a.mu.Lock()
	defer a.mu.Unlock()
	if port, err := a.open(); err == nil {
		return port
	}
	return silence{}
}

func (a *audio) close() { a.port.close() }

func (a *audio) far() call.Want {
	a.mu.Lock()
	defer a.mu.Unlock()
	return call.Want{Formats: slices.Clone(a.remote.Formats), Direction: a.remote.Direction, Video: a.farVideo()}
}

// takeOffer reads an offer of the far side, to be answered by answer.
func (a *audio) takeOffer(body []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.takeOfferLocked(body)
}

func (a *audio) takeOfferLocked(body []byte) error {
	r, err := a.nego.ReceiveOffer(body)
	if err != nil {
		return err
	}
	if err := a.browsed(r); err != nil {
		a.nego.Rollback()
		return err
	}
	if !r.Disabled {
		if _, err := a.common(r.Formats, call.Want{}); err != nil {
			a.nego.Rollback()
			return err
		}
	}
	a.remote = call.Want{Formats: r.Formats, Direction: r.Direction, Video: a.offeredVideo(r.Video)}
	return nil
}

// answer makes the answer to the offer that was taken. On an error the offer is
// still open.
func (a *audio) answer(near call.Want) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answerLocked(near)
}

func (a *audio) answerLocked(near call.Want) ([]byte, error) {
	formats, err := a.common(a.remote.Formats, near)
	if err != nil {
		return nil, err
	}
	l, err := a.local(formats, near)
	if err != nil {
		return nil, err
	}
	l.Video = a.answerVideo(near.Video)
	body, agreed, err := a.nego.CreateAnswer(l)
	if err != nil {
		return nil, err
	}
	far := a.remote
	far.Video = a.answeredVideo(agreed.Video, near.Video)
	return body, a.settle(agreed, far)
}

// answerTo takes an offer of the far side and answers it at once. What was agreed
// stays when that fails.
func (a *audio) answerTo(body []byte, near call.Want) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.remote
	if err := a.takeOfferLocked(body); err != nil {
		return nil, err
	}
	answer, err := a.answerLocked(near)
	if err != nil {
		a.nego.Rollback()
		a.remote = before
	}
	return answer, err
}

// offer makes an offer of what near and the configuration have in common.
func (a *audio) offer(near call.Want) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	formats, err := a.common(nil, near)
	if err != nil {
		return nil, err
	}
	l, err := a.local(formats, near)
	if err != nil {
		return nil, err
	}
	l.Video = a.offerVideo(near.Video)
	body, err := a.nego.CreateOffer(l)
	if err == nil {
		a.offered, a.video.offered, a.video.asked = near.Direction, l.Video, near.Video
	}
	return body, err
}

// takeAnswer reads the answer to our offer; no body is an error. The offer stays
// open when it fails.
func (a *audio) takeAnswer(body []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if body == nil {
		return errNoAnswer
	}
	agreed, err := a.nego.ReceiveAnswer(body)
	if err != nil {
		return err
	}
	far := call.Want{Formats: agreed.Send, Direction: a.remote.Direction}
	if a.offered.Send || !a.settled {
		far.Direction.Recv = agreed.Direction.Send
	}
	if a.offered.Recv || !a.settled {
		far.Direction.Send = agreed.Direction.Recv
	}
	far.Video = a.acceptedVideo(agreed.Video)
	return a.settle(agreed, far)
}

var errNoAnswer = errors.New("the answer to our offer is missing")

// unencrypted takes back an offer with keys that was refused, and makes those to
// come without. It reports false when encryption is required, was not offered or
// is in use.
func (a *audio) unencrypted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.browser || !a.encrypt || a.crypto != sdp.CryptoOptional || a.settled {
		return false
	}
	a.encrypt = false
	a.nego.Rollback()
	return true
}

func (a *audio) rollback() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nego.Rollback()
}

// answered reports whether our offer, or the far side's, has its answer.
func (a *audio) answered() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settled
}

// settle makes the port do what was agreed; mu is held.
func (a *audio) settle(agreed sdp.Agreed, far call.Want) error {
	if !a.settled || !sameAgreed(a.agreed, agreed) || !equal(a.told, far) {
		a.edition++
	}
	a.agreed, a.remote, a.told, a.settled = agreed, far, far, true
	port, err := a.open()
	if err != nil {
		return err
	}
	if err := port.Configure(portParams(agreed)); err != nil {
		return err
	}
	if err := configureVideo(port, agreed.Video); err != nil || agreed.WebRTC == nil {
		return err
	}
	return a.meet(agreed.WebRTC)
}

// sameAgreed compares what a call has to know of.
func sameAgreed(a, b sdp.Agreed) bool {
	return a.Direction == b.Direction && a.Disabled == b.Disabled && slices.Equal(a.Send, b.Send) && slices.Equal(a.Recv, b.Recv) &&
		sameVideo(a.Video, b.Video)
}

// current is the edition of what is agreed.
func (a *audio) current() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.edition
}

// apply makes the port do what was agreed here, after another early dialog had it.
func (a *audio) apply() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.settled {
		return nil
	}
	return a.settle(a.agreed, a.remote)
}

// differs reports whether near needs another offer: the direction is not what
// both sides allow, a format may be sent that near does not have, or one is sent that
// has to be converted although another does not.
func (a *audio) differs(near call.Want) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.settled || a.agreed.Disabled {
		return false
	}
	if near.Direction.And(a.remote.Direction.Reverse()) != a.agreed.Direction || a.videoDiffers(near.Video) {
		return true
	}
	if len(near.Formats) == 0 {
		return false
	}
	sent := audible(a.agreed.Recv)
	if near.Best && a.better(near.Formats, sent) {
		return true
	}
	direct := func(f codec.Format) bool { return holds(near.Formats, f) }
	if len(sent) > 0 && !direct(sent[0]) && slices.ContainsFunc(sent, direct) {
		return true
	}
	return slices.ContainsFunc(sent, func(f codec.Format) bool { return !direct(f) && !holds(near.Made, f) })
}

// better reports whether the first of wanted that the far side has, and may be used,
// was not agreed on; mu is held.
func (a *audio) better(wanted, agreed []codec.Format) bool {
	var usable []codec.Format
	for _, f := range wanted {
		if f.IsAudio() && a.rank(f) >= 0 && holds(a.remote.Formats, f) {
			usable = append(usable, f)
		}
	}
	if a.ordered {
		slices.SortStableFunc(usable, func(f, g codec.Format) int { return a.order(f) - a.order(g) })
	}
	return len(usable) > 0 && !holds(agreed, usable[0])
}

// local is what we say in an offer or an answer; mu is held.
func (a *audio) local(formats []codec.Format, near call.Want) (sdp.Local, error) {
	port, err := a.open()
	if err != nil {
		return sdp.Local{}, err
	}
	rtpAt, rtcpAt := port.Local()
	l := sdp.Local{
		Addr: a.advertise, RTP: rtpAt.Port(), RTCP: rtcpAt.Port(), Formats: formats, Direction: near.Direction,
		Crypto: a.crypto, OfferCrypto: a.encrypt, Levels: near.Levels,
	}
	if a.browser {
		err = a.introduce(&l, port)
	}
	return l, err
}
