package sipua

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/media/sdp"
	"dialtone/media/webrtc"
)

// Candidates of a browser that come after its description (RFC 8840).
const (
	tricklePackage = "trickle-ice"
	trickleType    = "application/trickle-ice-sdpfrag"
)

// onPackage takes an INFO with an Info-Package (RFC 6086 §4.2).
func (l *leg) onPackage(name string, req *sip.Request, tx sip.ServerTransaction) {
	name, _, _ = strings.Cut(name, ";")
	audio := l.browserAudio()
	if audio == nil || !strings.EqualFold(strings.TrimSpace(name), tricklePackage) {
		l.ua.respond(tx, l.response(req, 469, "Bad Info Package", sip.NewHeader("Recv-Info", l.packages())))
		return
	}
	kind := ""
	if t := req.ContentType(); t != nil {
		kind, _, _ = strings.Cut(t.Value(), ";")
	}
	if !strings.EqualFold(strings.TrimSpace(kind), trickleType) {
		l.ua.respond(tx, l.response(req, sip.StatusUnsupportedMediaType, "Unsupported Media Type", sip.NewHeader("Accept", trickleType)))
		return
	}
	if err := audio.trickled(req.Body()); err != nil {
		l.log.Info("candidates of a browser not taken", "error", err)
		l.ua.respond(tx, l.response(req, sip.StatusBadRequest, "Bad Request"))
		return
	}
	l.ua.respond(tx, l.response(req, sip.StatusOK, "OK"))
}

// browserAudio is the audio of a leg that is a browser's; nil for a phone.
func (l *leg) browserAudio() *audio {
	l.mu.Lock()
	a := l.audio
	l.mu.Unlock()
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.browser {
		return nil
	}
	return a
}

// packages are those that INFO may have, for Recv-Info.
func (l *leg) packages() string {
	if l.browserAudio() == nil {
		return ""
	}
	return tricklePackage
}

// answersPackages adds to the answer to a request that speaks of packages which ones we
// take.
func (l *leg) answersPackages(req *sip.Request, res *sip.Response) {
	if (req.Method == sip.INVITE || req.Method == sip.UPDATE) && (hasToken(req, "Supported", tricklePackage) || len(req.GetHeaders("Recv-Info")) > 0) {
		res.AppendHeader(sip.NewHeader("Recv-Info", l.packages()))
	}
}

// trickled takes candidates. They are of use to a full agent of ICE only.
func (a *audio) trickled(body []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, err := sdp.ParseTrickle(body, a.nego.Mid())
	if err != nil || len(t.Candidates) == 0 {
		return err
	}
	conn, err := a.port.connect(a.hub, a.bind)
	if err != nil {
		return err
	}
	var more []webrtc.Candidate
	for _, c := range t.Candidates {
		more = append(more, webrtc.Candidate(c))
	}
	conn.Trickle(t.Ufrag, more)
	return nil
}
