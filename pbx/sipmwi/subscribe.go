package sipmwi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

// subscription is a dialog in which a phone is told. mu guards what changes, and keeps
// NOTIFYs in order; Service.mu guards expires and over.
type subscription struct {
	mailbox string
	key     string // Call-ID and both tags

	mu     sync.Mutex
	target sip.Uri
	flow   sipedge.Flow
	routes []string
	from   sip.FromHeader // ours
	to     sip.ToHeader
	callID sip.CallIDHeader
	seq    uint32

	expires time.Time
	over    string // why it ends; "" while it goes on
}

func keyOf(callID, local, remote string) string { return callID + "\x00" + local + "\x00" + remote }

// serve answers SUBSCRIBE.
func (s *Service) serve(_ context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	extension, ok := s.authenticate(req, tx, flow)
	if !ok {
		return
	}
	if name, _, _ := strings.Cut(value(req, "Event"), ";"); strings.TrimSpace(name) != event {
		res := response(req, 489, "Bad Event")
		res.AppendHeader(sip.NewHeader("Allow-Events", event))
		s.respond(tx, res)
		return
	}
	lasts, ok := expiry(req)
	if !ok {
		s.respond(tx, response(req, sip.StatusBadRequest, "Bad Expires"))
		return
	}
	if lasts > 0 && lasts < minExpires {
		res := response(req, sip.StatusIntervalToBrief, "Interval Too Brief")
		res.AppendHeader(sip.NewHeader("Min-Expires", seconds(minExpires)))
		s.respond(tx, res)
		return
	}
	contact := req.Contact()
	if contact == nil || contact.Address.Host == "" {
		s.respond(tx, response(req, sip.StatusBadRequest, "Missing Contact"))
		return
	}
	if _, again := req.To().Params.Get("tag"); again {
		s.refresh(req, tx, flow, extension, lasts)
		return
	}
	s.begin(req, tx, flow, extension, lasts)
}

// begin makes a new subscription.
func (s *Service) begin(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow, extension string, lasts time.Duration) {
	if !s.Config().HasMailbox(extension) {
		s.respond(tx, response(req, sip.StatusNotFound, "No Mailbox"))
		return
	}
	res := response(req, sip.StatusOK, "OK")
	tag := randomID()
	res.To().Params.Add("tag", tag)
	remote, _ := req.From().Params.Get("tag")
	u := &subscription{
		mailbox: extension, key: keyOf(req.CallID().Value(), tag, remote), target: req.Contact().Address, flow: flow,
		from: sip.FromHeader{Address: req.To().Address}, to: sip.ToHeader{Address: req.From().Address}, callID: *req.CallID(),
		expires: time.Now().Add(lasts),
	}
	u.from.Params.Add("tag", tag)
	u.to.Params.Add("tag", remote)
	for _, h := range req.GetHeaders("Record-Route") {
		u.routes = append(u.routes, h.Value())
	}
	if !s.admit(u) {
		s.respond(tx, response(req, sip.StatusServiceUnavailable, "Too Many Subscriptions"))
		return
	}
	s.accept(req, tx, res, flow, lasts)
	s.Changed(extension) // when lasts is 0, it has expired and is told once (RFC 6665 §4.4.3)
}

// refresh prolongs a subscription, or ends it.
func (s *Service) refresh(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow, extension string, lasts time.Duration) {
	local, _ := req.To().Params.Get("tag")
	remote, _ := req.From().Params.Get("tag")
	s.mu.Lock()
	u := s.subs[keyOf(req.CallID().Value(), local, remote)]
	if u != nil && u.mailbox == extension {
		u.expires = time.Now().Add(lasts)
	}
	s.mu.Unlock()
	if u == nil || u.mailbox != extension {
		s.respond(tx, response(req, sip.StatusCallTransactionDoesNotExists, "No Such Subscription"))
		return
	}
	u.mu.Lock()
	u.flow, u.target = flow, req.Contact().Address
	u.mu.Unlock()
	s.accept(req, tx, response(req, sip.StatusOK, "OK"), flow, lasts)
	s.Changed(u.mailbox) // with lasts 0, it has expired and is told so
}

func (s *Service) accept(req *sip.Request, tx sip.ServerTransaction, res *sip.Response, flow sipedge.Flow, lasts time.Duration) {
	res.AppendHeader(&sip.ContactHeader{Address: s.Edge.ContactURI(flow, req.To().Address.User)})
	res.AppendHeader(sip.NewHeader("Expires", seconds(lasts)))
	for _, h := range req.GetHeaders("Record-Route") {
		res.AppendHeader(sip.HeaderClone(h))
	}
	s.respond(tx, res)
}

// admit keeps u, when there is room.
func (s *Service) admit(u *subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	var oldest *subscription
	for _, o := range s.subs {
		if o.mailbox == u.mailbox {
			if n++; oldest == nil || o.expires.Before(oldest.expires) {
				oldest = o
			}
		}
	}
	if n >= maxOfOne { // a phone that was restarted does not end its old ones
		delete(s.subs, oldest.key)
	}
	if len(s.subs) >= maxAll {
		return false
	}
	s.subs[u.key] = u
	return true
}

// of are the subscriptions of a mailbox.
func (s *Service) of(mailbox string) (list []*subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.subs {
		if u.mailbox == mailbox {
			list = append(list, u)
		}
	}
	return list
}

// expired takes those that are over.
func (s *Service) expired(now time.Time) (list []*subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, u := range s.subs {
		if !now.Before(u.expires) {
			u.over = "timeout"
			delete(s.subs, key)
			list = append(list, u)
		}
	}
	return list
}

// notify tells the phone in its dialog.
func (s *Service) notify(ctx context.Context, u *subscription) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s.mu.Lock()
	left := time.Until(u.expires)
	if left <= 0 && u.over == "" {
		u.over = "timeout"
		delete(s.subs, u.key)
	}
	state := "active;expires=" + seconds(left)
	if u.over != "" {
		state = "terminated;reason=" + u.over
	}
	s.mu.Unlock()
	req := sip.NewRequest(sip.NOTIFY, u.target)
	for _, r := range u.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	u.seq++
	from, to, callID := u.from, u.to, u.callID
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: u.seq, MethodName: sip.NOTIFY})
	status, err := s.send(ctx, req, u.flow, u.mailbox, state)
	if ctx.Err() != nil || err == nil && status < 300 {
		return
	}
	// RFC 6665 §4.2.2: who does not answer, or knows nothing of it, is told no more.
	s.Log.Debug("a subscription is over", "extension", u.mailbox, "phone", fmt.Sprint(u.flow.Remote), "status", status, "error", err)
	s.mu.Lock()
	delete(s.subs, u.key)
	s.mu.Unlock()
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
		s.Log.Info("SUBSCRIBE refused", "from", flow.Transport+" "+flow.Remote.String(), "because", v.Reason)
	}
	res := response(req, sip.StatusUnauthorized, "Unauthorized")
	for _, c := range v.Challenges {
		res.AppendHeader(sip.NewHeader("WWW-Authenticate", c))
	}
	s.respond(tx, res)
	tx.Terminate()
	return "", false
}

func (s *Service) respond(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		s.Log.Debug("SUBSCRIBE could not be answered", "error", err)
	}
}

func response(req *sip.Request, code int, phrase string) *sip.Response {
	res := sip.NewResponse(code, phrase)
	for _, h := range req.Headers() {
		switch h.Name() {
		case "Via", "From", "To", "Call-ID", "CSeq":
			res.AppendHeader(sip.HeaderClone(h))
		}
	}
	return res
}

func value(req *sip.Request, name string) string {
	if h := req.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
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
