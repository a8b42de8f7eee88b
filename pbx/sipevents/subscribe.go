package sipevents

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

// asking is a SUBSCRIBE that was found good.
type asking struct {
	req        *sip.Request
	tx         sip.ServerTransaction
	flow       sipedge.Flow
	subscriber string
	of         *Package
	eventID    string
	multipart  bool                    // multipart/mixed is understood
	held       bool                    // no NOTIFY goes out before the answer
	kind       string                  // of what its body sets
	set        func(subscriber string) // sets that; nil for nothing
	lasts      time.Duration
}

// serve answers SUBSCRIBE.
func (s *Service) serve(_ context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	a := asking{req: req, tx: tx, flow: flow}
	var ok bool
	if a.subscriber, ok = s.authenticate(req, tx, flow); !ok || !s.read(&a) {
		return
	}
	if req.To().Params.Has("tag") {
		s.refresh(a)
		return
	}
	s.begin(a)
}

// read reads what is asked for; otherwise it has refused the request.
func (s *Service) read(a *asking) bool {
	name, params, _ := strings.Cut(value(a.req, "Event"), ";")
	if a.of = s.packages[strings.TrimSpace(name)]; a.of == nil {
		s.refuse(*a, 489, "Bad Event", sip.NewHeader("Allow-Events", s.allowed()))
		return false
	}
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(p), "="); strings.EqualFold(k, "id") && isToken(v) {
			a.eventID = v
		}
	}
	a.multipart = a.req.GetHeader("Accept") != nil && accepts(a.req, "multipart/mixed")
	if !accepts(a.req, a.of.ContentType) {
		s.refuse(*a, sip.StatusNotAcceptable, "Not Acceptable", sip.NewHeader("Accept", a.of.ContentType))
		return false
	}
	if !s.readBody(a) {
		return false
	}
	var ok bool
	if a.lasts, ok = expiry(a.req); !ok {
		s.refuse(*a, sip.StatusBadRequest, "Bad Expires")
		return false
	}
	if a.lasts > 0 && a.lasts < minExpires {
		s.refuse(*a, sip.StatusIntervalToBrief, "Interval Too Brief", sip.NewHeader("Min-Expires", seconds(minExpires)))
		return false
	}
	if c := a.req.Contact(); c == nil || c.Address.Host == "" || c.Address.Wildcard {
		s.refuse(*a, sip.StatusBadRequest, "Missing Contact")
		return false
	}
	return true
}

// readBody reads what the body sets, if there is one; otherwise it has refused the request.
func (s *Service) readBody(a *asking) bool {
	if a.of.Read == nil || len(a.req.Body()) == 0 {
		return true
	}
	var err error
	if a.kind, a.set, err = a.of.Read(value(a.req, "Content-Type"), a.req.Body()); err != nil {
		s.Log.Info("SUBSCRIBE refused", "event", a.of.Event, "extension", a.subscriber, "because", err)
		s.refuse(*a, sip.StatusBadRequest, "Bad Body")
	}
	return err == nil
}

// begin makes a new subscription.
func (s *Service) begin(a asking) {
	resource, list, refused := s.find(a.of.Event, a.subscriber, user(a.req.Recipient))
	switch {
	case refused == 0 && list && !supports(a.req, eventList):
		s.refuse(a, statusExtensionRequired, "Extension Required", sip.NewHeader("Require", eventList))
		return
	case refused != 0:
		s.Log.Info("SUBSCRIBE refused", "event", a.of.Event, "extension", a.subscriber, "of", user(a.req.Recipient), "status", refused)
		s.refuse(a, refused, phrase(refused))
		return
	}
	req, own := a.req, randomID()
	u := &subscription{
		id: randomID(), key: keyOf(req.CallID().Value(), own, tag(req.From().Params), a.eventID),
		event: a.of.Event, eventID: a.eventID, resource: resource, subscriber: a.subscriber, list: list, multipart: a.multipart,
		callID: *req.CallID(), from: req.To().AsFrom(), to: req.From().AsTo(),
		target: *req.Contact().Address.Clone(), flow: a.flow, heard: req.CSeq().SeqNo,
		expires: time.Now().Add(a.lasts), stale: true, asked: true, sending: true,
	}
	u.members = s.members(u)
	u.from.Params.Add("tag", own)
	for _, h := range req.GetHeaders("Record-Route") {
		u.routes = append(u.routes, h.Value())
	}
	if err := s.admit(u); err != nil {
		s.Log.Warn("SUBSCRIBE refused", "event", a.of.Event, "extension", a.subscriber, "of", resource, "because", err)
		s.refuse(a, sip.StatusServiceUnavailable, "Too Many Subscriptions", sip.NewHeader("Retry-After", "600"))
		return
	}
	a.apply()
	if a.lasts > 0 {
		s.write(u)
	}
	res := sipedge.NewResponse(req, sip.StatusOK, "OK")
	res.To().Params.Add("tag", own)
	s.accept(a, u, res)
	s.mu.Lock()
	defer s.mu.Unlock()
	u.sending = false
	s.plan(u) // when it lasts for no time, it has expired and is told once (RFC 6665 §4.4.3)
}

// refresh prolongs a subscription, or ends it.
func (s *Service) refresh(a asking) {
	req := a.req
	u, status := s.prolong(&a)
	if u == nil {
		s.refuse(a, status, phrase(status))
		return
	}
	a.apply()
	s.write(u)
	s.accept(a, u, sipedge.NewResponse(req, sip.StatusOK, "OK"))
	s.mu.Lock()
	defer s.mu.Unlock()
	u.stale, u.notBefore = true, time.Time{}
	u.sending = u.sending && !a.held
	if a.kind == "" {
		u.asked = true
	} else if !slices.Contains(u.set, a.kind) {
		u.set = append(u.set, a.kind)
	}
	s.plan(u) // with no time left, it has expired and is told so
}

// prolong takes over what a SUBSCRIBE in the dialog says; no subscription means that it
// is refused.
func (s *Service) prolong(a *asking) (*subscription, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.subs[keyOf(a.req.CallID().Value(), tag(a.req.To().Params), tag(a.req.From().Params), a.eventID)]
	switch {
	case u == nil, u.subscriber != a.subscriber, u.event != a.of.Event, u.over != "":
		return nil, sip.StatusCallTransactionDoesNotExists
	case a.req.CSeq().SeqNo <= u.heard:
		return nil, sip.StatusInternalServerError // RFC 3261 §12.2.2
	}
	u.heard = a.req.CSeq().SeqNo
	u.expires = time.Now().Add(a.lasts)
	u.multipart = a.multipart
	a.held, u.sending = !u.sending, true
	u.flow, u.target = a.flow, *a.req.Contact().Address.Clone()
	return u, 0
}

// write keeps a subscription before it is confirmed.
func (s *Service) write(u *subscription) {
	s.mu.Lock()
	r := u.stored()
	s.mu.Unlock()
	s.save([]storage.Subscription{r})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs[u.key] != u { // it ended meanwhile
		s.removed = append(s.removed, u.id)
	}
}

// apply does what the body of the SUBSCRIBE asks for, if it has one.
func (a *asking) apply() {
	if a.set != nil {
		a.set(a.subscriber)
	}
}

func (s *Service) accept(a asking, u *subscription, res *sip.Response) {
	if u.list {
		res.AppendHeader(sip.NewHeader("Require", eventList))
	}
	res.AppendHeader(&sip.ContactHeader{Address: s.Edge.ContactURI(a.flow, a.req.To().Address.User)})
	res.AppendHeader(sip.NewHeader("Expires", seconds(a.lasts)))
	s.respond(a.tx, res)
}

// authenticate gives the extension that the request comes from; otherwise it has dealt
// with the request.
func (s *Service) authenticate(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) (extension string, ok bool) {
	var credentials []string
	for _, h := range req.GetHeaders("Authorization") {
		credentials = append(credentials, h.Value())
	}
	v := s.Auth.Check(string(req.Method), req.Recipient.String(), credentials, flow.Remote.Addr())
	switch v.Kind {
	case sipauth.OK:
		return v.Extension, true
	case sipauth.Blocked:
		tx.Terminate()
		return "", false
	}
	if v.Reason != "" && !v.Stale {
		s.Log.Info("a request was refused", "method", req.Method, "from", flow.Transport+" "+flow.Remote.String(), "because", v.Reason)
	}
	res := sipedge.NewResponse(req, sip.StatusUnauthorized, "Unauthorized")
	for _, c := range v.Challenges {
		res.AppendHeader(sip.NewHeader("WWW-Authenticate", c))
	}
	s.respond(tx, res)
	tx.Terminate()
	return "", false
}

func (s *Service) refuse(a asking, status int, phrase string, more ...sip.Header) {
	res := sipedge.NewResponse(a.req, status, phrase)
	for _, h := range more {
		res.AppendHeader(h)
	}
	s.respond(a.tx, res)
}

func (s *Service) respond(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		s.Log.Debug("a request could not be answered", "error", err)
	}
}

func phrase(status int) string {
	switch status {
	case sip.StatusForbidden:
		return "Forbidden"
	case sip.StatusNotFound:
		return "Not Found"
	case sip.StatusCallTransactionDoesNotExists:
		return "No Such Subscription"
	}
	return "Server Internal Error"
}

func value(req *sip.Request, name string) string {
	if h := req.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// user is whom a URI names.
func user(uri sip.Uri) string { return sipedge.UnescapeUser(uri.User) }

// accepts reports whether a phone understands a kind of body: one that says nothing does.
func accepts(req *sip.Request, kind string) bool {
	headers := req.GetHeaders("Accept")
	for _, h := range headers {
		for one := range strings.SplitSeq(h.Value(), ",") {
			one, _, _ = strings.Cut(one, ";")
			whole, _, _ := strings.Cut(kind, "/")
			if slices.Contains([]string{kind, whole + "/*", "*/*"}, strings.ToLower(strings.TrimSpace(one))) {
				return true
			}
		}
	}
	return len(headers) == 0
}

func isToken(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~") == ""
}

// expiry is how long a phone wants to be told.
func expiry(req *sip.Request) (time.Duration, bool) {
	text := strings.TrimSpace(value(req, "Expires"))
	if text == "" {
		return normalExpires, true
	}
	n, err := strconv.ParseUint(text, 10, 32)
	return min(time.Duration(n)*time.Second, normalExpires), err == nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Second) / time.Second)) }

func randomID() string { return strings.ToLower(rand.Text()) }
