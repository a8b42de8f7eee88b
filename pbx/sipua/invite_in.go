package sipua

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// onINVITE takes a new call, or a re-INVITE of one that is up.
func (u *UA) onINVITE(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	if toTag(req) != "" {
		u.inDialog((*leg).onReINVITE)(ctx, req, tx, flow)
		return
	}
	if u.draining.Load() {
		u.replyOnce(tx, req, sip.StatusServiceUnavailable, "Server Stops", retryAfter(30))
		return
	}
	from, ok := u.authenticate(req, tx, flow)
	if !ok {
		return
	}
	u.reply(tx, req, sip.StatusTrying, "Trying")
	if !u.vet(req, tx) {
		return
	}
	l := u.newInLeg(req, tx, flow, from)
	if body := sdpBody(req); body != nil {
		if err := l.audio.takeOffer(body); err != nil {
			l.refuseINVITE(refuseOffer(err))
			return
		}
	}
	facts := u.facts(req, flow, from)
	if from.trunk != "" {
		u.takeChannel(l.leg, facts.From)
	}
	u.table.add(l.leg)
	if !tx.OnCancel(l.onCancel) {
		l.onCancel(nil)
	}
	if e := u.admit(req, l, facts); e != nil {
		l.Hangup(e)
	}
	u.spawn(l.serve)
}

// admit starts the call of l: one of its own, or with Replaces (RFC 3891) the one whose
// place it takes.
func (u *UA) admit(req *sip.Request, l *inLeg, facts dialplan.Facts) *dialplan.Ended {
	text := list(req, "Replaces")
	if len(text) == 0 || u.takeOver == nil {
		return u.accept(l, facts)
	}
	k, early, _ := readReplaces(text[0])
	if facts.Extension == "" {
		u.log.Info("call refused", "source", facts.Source, "from", facts.From, "reason", "calls are not taken over by those outside")
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "calls are not taken over by those outside"}
	}
	if k.local == call.LampTag { // of a lamp, not of a dialog
		return u.takeOver(l, facts, call.Taking{Call: k.callID, Of: unescape(k.remote)})
	}
	found := u.table.named(k)
	if found == nil || found.trunk != "" { // which nobody here may take the place of
		return &dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: "the call is not there any more"}
	}
	switch id, rings := found.rings(); {
	case rings && id != "":
		return u.takeOver(l, facts, call.Taking{Call: id, Of: found.party})
	case rings: // it has not been answered by us (RFC 3891 §3)
		return &dialplan.Ended{Cause: dialplan.CauseNoCall, Detail: "that call cannot be taken over before it is answered"}
	case early:
		return &dialplan.Ended{Cause: dialplan.CauseBusy, Status: sip.StatusBusyHere, Detail: "the call has been answered"}
	}
	// A page that was loaded again is the same phone, and has lost its dialog.
	same := found.instance != "" && found.instance == l.instance && found.party == l.party
	return u.takeOver(l, facts, call.Taking{Leg: found.id, Of: found.party, Resumes: same})
}

// rings reports whether the leg is not answered yet, and the call that rings it.
func (l *leg) rings() (id string, yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calling, l.phase == inviting
}

// vet refuses an INVITE that cannot become a call, whoever sends it.
func (u *UA) vet(req *sip.Request, tx sip.ServerTransaction) bool {
	c := req.Contact()
	switch {
	case c == nil || c.Address.Wildcard || c.Address.Host == "":
		u.reply(tx, req, sip.StatusBadRequest, "Missing Contact")
	case len(req.GetHeaders("Contact")) > 1:
		u.reply(tx, req, sip.StatusBadRequest, "More Than One Contact")
	case !vetReplaces(req):
		u.reply(tx, req, sip.StatusBadRequest, "Bad Replaces")
	case !u.vetBody(req, tx), !u.vetSession(req, tx):
	default:
		return true
	}
	return false
}

// vetReplaces reports whether a Replaces of req, if it has one, can be read (RFC 3891 §3).
func vetReplaces(req *sip.Request) bool {
	all := list(req, "Replaces")
	if len(all) == 0 {
		return true
	}
	_, _, ok := readReplaces(all[0])
	return ok && len(all) == 1
}

// vetBody refuses bodies that are not plain SDP (RFC 3261 §8.2.3).
func (u *UA) vetBody(req *sip.Request, tx sip.ServerTransaction) bool {
	if len(req.Body()) == 0 {
		return true
	}
	if sdpBody(req) == nil {
		u.reply(tx, req, sip.StatusUnsupportedMediaType, "Unsupported Media Type", sip.NewHeader("Accept", "application/sdp"))
		return false
	}
	return true
}

// sdpBody is the session description in m, nil when there is none.
func sdpBody(m interface {
	Body() []byte
	ContentType() *sip.ContentTypeHeader
},
) []byte {
	body := m.Body()
	if len(body) == 0 {
		return nil
	}
	if t := m.ContentType(); t != nil && !strings.EqualFold(split(t.Value(), ';')[0], "application/sdp") {
		return nil
	}
	return body
}

// anonymous reports whether the caller asks not to be named (RFC 3323 §4.1).
func anonymous(req *sip.Request) bool {
	from := req.From().Address
	if strings.EqualFold(from.Host, "anonymous.invalid") || strings.EqualFold(from.User, "anonymous") {
		return true
	}
	for _, wish := range split(value(req, "Privacy"), ';') { // RFC 3323 §4.2
		switch strings.ToLower(wish) {
		case "id", "user", "header":
			return true
		}
	}
	return false
}

const maxPicked = 256 // characters of a header that routes can look at

// picked are the headers of req that routes may look at, nil when it has none.
func picked(req *sip.Request, names []string) map[string]string {
	var out map[string]string
	for _, name := range names {
		text := clean(value(req, name))
		if text == "" {
			continue
		}
		if r := []rune(text); len(r) > maxPicked {
			text = string(r[:maxPicked])
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = text
	}
	return out
}

// facts is what a route can match on.
func (u *UA) facts(req *sip.Request, flow sipedge.Flow, from origin) dialplan.Facts {
	f := dialplan.Facts{
		To: unescape(req.Recipient.User), From: unescape(req.From().Address.User), FromName: displayName(req.From().DisplayName),
		Extension: from.extension, Trunk: from.trunk, Source: flow.Remote, Transport: strings.ToLower(flow.Transport),
		UserAgent: clean(value(req, "User-Agent")), SIPCallID: clean(req.CallID().Value()),
	}
	switch {
	case from.extension != "":
		own := u.config().Extensions[from.extension]
		f.From, f.Language = from.extension, own.Language
		if own.Name != "" {
			f.FromName = clean(own.Name)
		}
	case from.trunk != "":
		u.fromOutside(&f, req, flow)
	}
	f.Forwards = forwards(req)
	f.Anonymous, f.Headers = anonymous(req), picked(req, u.config().Site.Headers)
	if mf := req.MaxForwards(); mf != nil {
		f.MaxForwards = int(min(mf.Val(), 255))
	}
	return f
}
