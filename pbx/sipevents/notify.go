package sipevents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// plan sets when something is to be done about u; s.mu is held.
func (s *Service) plan(u *subscription) {
	if s.ctx == nil || s.ctx.Err() != nil || u.sending || s.subs[u.key] != u {
		return
	}
	at := u.expires
	switch {
	case u.over != "":
		at = time.Now()
	case u.stale && u.notBefore.Before(at):
		at = u.notBefore
	}
	if wait := time.Until(at); wait > 0 {
		u.timer.Reset(wait)
		return
	}
	s.begins(u)
}

// due is when the timer of u has run out.
func (s *Service) due(u *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan(u)
}

// begins tells the phone of u; s.mu is held.
func (s *Service) begins(u *subscription) {
	u.timer.Stop()
	if u.over == "" && !time.Now().Before(u.expires) {
		u.over = "timeout"
	}
	u.sending = true
	s.sending.Go(func() { s.tell(s.ctx, u) })
}

// tell has a phone told how things are, unless it knows that.
func (s *Service) tell(ctx context.Context, u *subscription) {
	s.mu.Lock()
	before, over, force := u.told, u.over, u.asked || u.over != ""
	if force {
		before = nil
	}
	for _, kind := range u.set {
		if was, ok := before.(Settable); ok {
			before = was.Without(kind)
		}
	}
	u.stale, u.asked, u.set = false, false, nil
	s.mu.Unlock()
	now, err := s.state(u, over)
	switch {
	case err != nil:
		s.Log.Error("how a phone's lamp is to be is not known", "event", u.event, "of", u.resource, "error", err)
	case !force && before != nil && now.Same(before):
		s.mu.Lock()
		defer s.mu.Unlock()
		u.sending = false
		s.plan(u)
		return
	}
	status := 0
	var say Saying
	if err == nil {
		say, status, err = s.notify(ctx, u, now, before, over)
	}
	s.told(ctx, u, now, say.Knows, over, status, err)
}

// Why subscriptions end; nothing is said then of what is watched.
const noResource, rejected = "noresource", "rejected"

// state is how things are that u watches, nil when it may not know any more.
func (s *Service) state(u *subscription, over string) (State, error) {
	switch {
	case over == noResource || over == rejected:
		return nil, nil //nolint:nilnil // a State that says nothing
	case u.list:
		return s.list(u)
	}
	return s.packages[u.event].State(u.resource)
}

// told notes how a NOTIFY fared.
func (s *Service) told(ctx context.Context, u *subscription, now, knows State, over string, status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.sending = false
	good := err == nil && status < 300
	switch {
	case ctx.Err() != nil:
		return
	case over != "":
		s.drop(u)
		return
	case good:
		u.told, u.failed, u.notBefore = knows, 0, time.Now().Add(interval)
		u.stale = u.stale || !now.Same(knows)
	case err == nil && final(status):
		// RFC 6665 §4.2.2: who knows nothing of it is told no more.
		s.Log.Debug("a subscription is over", "event", u.event, "of", u.resource, "extension", u.subscriber, "phone", fmt.Sprint(u.flow.Remote), "status", status)
		s.drop(u)
		return
	default:
		s.Log.Debug("a phone is not told", "event", u.event, "of", u.resource, "extension", u.subscriber, "phone", fmt.Sprint(u.flow.Remote), "status", status, "error", err)
		u.told, u.stale, u.asked = nil, true, true
		u.notBefore = time.Now().Add(min(firstRetry<<min(u.failed, 10), lastRetry))
		u.failed++
	}
	s.plan(u)
}

// final reports whether a status says that the phone will never take the NOTIFY.
func final(status int) bool {
	switch status {
	case sip.StatusRequestTimeout, sip.StatusTemporarilyUnavailable, 491:
		return false
	}
	return status < 500 || status >= 600 || status == sip.StatusNotImplemented
}

// notify sends one NOTIFY and gives the status of the answer.
func (s *Service) notify(ctx context.Context, u *subscription, now, before State, over string) (say Saying, status int, err error) {
	s.mu.Lock()
	version := u.seq
	u.seq++
	state := "active;expires=" + seconds(time.Until(u.expires))
	if over != "" {
		state = "terminated;reason=" + over
	}
	req := sip.NewRequest(sip.NOTIFY, *u.target.Clone())
	for _, r := range u.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	from, to, callID, flow, multipart := u.from, u.to, u.callID, u.flow, u.multipart
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: u.seq, MethodName: sip.NOTIFY})
	s.mu.Unlock()
	event := u.event
	if u.eventID != "" {
		event += ";id=" + u.eventID
	}
	switch now := now.(type) {
	case nil:
	case Speaker:
		say = now.Say(before, version, multipart)
	default:
		say = Saying{s.packages[u.event].ContentType, now.Body(before, version), now}
	}
	if u.list {
		req.AppendHeader(sip.NewHeader("Require", eventList))
	}
	m := message{event, state, say.ContentType, say.Body}
	status, err = s.send(ctx, req, flow, u.resource, m)
	if !errors.Is(err, sipedge.ErrFlowGone) {
		return say, status, err
	}
	other, found := s.wayTo(u)
	if !found {
		return say, 0, err
	}
	s.mu.Lock()
	u.flow = other
	s.mu.Unlock()
	status, err = s.send(ctx, req, other, u.resource, m)
	return say, status, err
}

// wayTo is how the phone of a subscription is reached that has registered anew, since the
// connection closed over which it subscribed.
func (s *Service) wayTo(u *subscription) (sipedge.Flow, bool) {
	s.mu.Lock()
	target, before := u.target, u.flow
	s.mu.Unlock()
	var near []sipedge.Flow
	for _, c := range s.Registrar.Lookup(u.subscriber) {
		var uri sip.Uri
		flow := sipedge.Flow(c.Peer)
		if err := sip.ParseUri(c.URI, &uri); err != nil || flow == before {
			continue
		}
		if uri.Host == target.Host && uri.Port == target.Port {
			return flow, true
		}
		if flow.Remote.Addr() == before.Remote.Addr() && flow.Transport == before.Transport {
			near = append(near, flow)
		}
	}
	if len(near) == 1 {
		return near[0], true
	}
	return sipedge.Flow{}, false
}

// message is what a NOTIFY says.
type message struct {
	event, state, contentType string
	body                      []byte
}

// send completes a NOTIFY, sends it, and gives the status of the answer.
func (s *Service) send(ctx context.Context, req *sip.Request, flow sipedge.Flow, as string, m message) (status int, err error) {
	for _, name := range []string{"Contact", "Event", "Subscription-State", "Content-Type"} {
		req.RemoveHeader(name)
	}
	req.AppendHeader(&sip.ContactHeader{Address: s.Edge.ContactURI(flow, sipedge.EscapeUser(as))})
	req.AppendHeader(sip.NewHeader("Event", m.event))
	req.AppendHeader(sip.NewHeader("Subscription-State", m.state))
	if m.contentType != "" {
		req.AppendHeader(sip.NewHeader("Content-Type", m.contentType))
	}
	req.SetBody(m.body)
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	tx, err := s.Edge.Request(ctx, req, flow)
	if err != nil {
		return 0, err
	}
	res, err := sipedge.Final(ctx, tx)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, nil
}
