package sipua

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
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
	extension, ok := u.authenticate(req, tx, flow)
	if !ok {
		return
	}
	u.reply(tx, req, sip.StatusTrying, "Trying")
	if !u.vet(req, tx) {
		return
	}
	l := u.newInLeg(req, tx, flow, extension)
	if body := sdpBody(req); body != nil {
		if err := l.audio.takeOffer(body); err != nil {
			l.refuseINVITE(refuseOffer(err))
			return
		}
	}
	u.table.add(l.leg)
	if !tx.OnCancel(l.onCancel) {
		l.onCancel(nil)
	}
	if e := u.accept(l, u.facts(req, flow, extension)); e != nil {
		l.Hangup(e)
	}
	u.spawn(l.serve)
}

// vet refuses an INVITE that cannot become a call, whoever sends it.
func (u *UA) vet(req *sip.Request, tx sip.ServerTransaction) bool {
	c := req.Contact()
	switch {
	case c == nil || c.Address.Wildcard || c.Address.Host == "":
		u.reply(tx, req, sip.StatusBadRequest, "Missing Contact")
	case len(req.GetHeaders("Contact")) > 1:
		u.reply(tx, req, sip.StatusBadRequest, "More Than One Contact")
	case !u.vetBody(req, tx), !u.vetSession(req, tx):
	default:
		return true
	}
	return false
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
func (u *UA) facts(req *sip.Request, flow sipedge.Flow, extension string) dialplan.Facts {
	f := dialplan.Facts{
		To: unescape(req.Recipient.User), From: unescape(req.From().Address.User), FromName: displayName(req.From().DisplayName),
		Extension: extension, Source: flow.Remote, Transport: strings.ToLower(flow.Transport),
		UserAgent: clean(value(req, "User-Agent")), SIPCallID: clean(req.CallID().Value()),
	}
	if extension != "" {
		f.From = extension
		if name := u.config().Extensions[extension].Name; name != "" {
			f.FromName = clean(name)
		}
	}
	f.Anonymous, f.Headers = anonymous(req), picked(req, u.config().Site.Headers)
	if mf := req.MaxForwards(); mf != nil {
		f.MaxForwards = int(min(mf.Val(), 255))
	}
	return f
}
