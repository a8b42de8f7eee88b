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

// subscription is a dialog in which a phone is told. mu keeps NOTIFYs in order and guards
// seq; Service.mu guards what a refresh changes, which waits for no NOTIFY.
type subscription struct {
	mailbox string
	key     string // Call-ID and both tags

	routes []string
	from   sip.FromHeader // ours
	to     sip.ToHeader
	callID sip.CallIDHeader

	mu  sync.Mutex
	seq uint32

	target  sip.Uri
	flow    sipedge.Flow
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
	u := s.subs.byKey[keyOf(req.CallID().Value(), local, remote)]
	if u != nil && u.mailbox == extension {
		u.expires = time.Now().Add(lasts)
		u.flow, u.target = flow, req.Contact().Address
	}
	s.mu.Unlock()
	if u == nil || u.mailbox != extension {
		s.respond(tx, response(req, sip.StatusCallTransactionDoesNotExists, "No Such Subscription"))
		return
	}
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

// notify tells the phone in its dialog.
func (s *Service) notify(ctx context.Context, u *subscription) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s.mu.Lock()
	left := time.Until(u.expires)
	if left <= 0 && u.over == "" {
		u.over = "timeout"
		s.subs.remove(u)
	}
	state := "active;expires=" + seconds(left)
	if u.over != "" {
		state = "terminated;reason=" + u.over
	}
	target, flow := u.target, u.flow
	s.mu.Unlock()
	req := sip.NewRequest(sip.NOTIFY, target)
	for _, r := range u.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	u.seq++
	from, to, callID := u.from, u.to, u.callID
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: u.seq, MethodName: sip.NOTIFY})
	status, err := s.send(ctx, req, flow, u.mailbox, state)
	if ctx.Err() != nil || err == nil && status < 300 {
		return
	}
	// RFC 6665 §4.2.2: who does not answer, or knows nothing of it, is told no more.
	s.Log.Debug("a subscription is over", "extension", u.mailbox, "phone", fmt.Sprint(flow.Remote), "status", status, "error", err)
	s.mu.Lock()
	s.subs.remove(u)
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
