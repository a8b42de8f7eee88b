package sipua

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// attempt is the invitation of one callee. Its INVITE may ring at several phones
// behind a proxy: each To tag is an early dialog.
type attempt struct {
	u        *UA
	to       callee
	inv      call.Invitation
	progress func(call.Progress)
	log      *slog.Logger
	half     *dialog // what all dialogs of the INVITE have in common
	audio    *audio
	offer    []byte
	session  sessionTimer  // what is asked for
	refusal  *sip.Response // the last one
	alerted  bool          // a provisional response beyond 100 came
	proof    []sip.Header  // credentials that the callee asked for

	mu   sync.Mutex
	req  *sip.Request
	tx   sip.ClientTransaction
	way  sipedge.Flow    // that the INVITE took
	rang bool            // a provisional response came: CANCEL is allowed
	legs map[string]*leg // by To tag
	late *latecomers
}

func (u *UA) newAttempt(to callee, inv call.Invitation, progress func(call.Progress)) (*attempt, *dialplan.Ended) {
	if inv.Near.Formats == nil && inv.Near.Direction == media.Inactive {
		inv.Near.Direction = media.SendRecv
	}
	a := &attempt{
		u: u, to: to, inv: inv, progress: progress, legs: map[string]*leg{},
		log:   u.log.With("call", inv.CallID),
		audio: u.newAudio(to.path, to.policy),
	}
	a.half = &dialog{
		callID: newTag() + newTag(), flow: to.flow, owned: true, target: to.target, routes: to.routes,
		local: to.from, remote: sip.ToHeader{Address: to.to}, contact: to.contact,
	}
	a.half.local.Params.Add("tag", newTag())
	if e := a.makeOffer(); e != nil {
		a.audio.close()
		return nil, e
	}
	return a, nil
}

func (a *attempt) makeOffer() *dialplan.Ended {
	var err error
	if a.offer, err = a.audio.offer(a.inv.Near); err != nil {
		e := notAcceptable("callee", err)
		return e
	}
	return nil
}

// plain prepares another try without encryption, after a callee refused an offer
// with it, if the configuration leaves that to the callees.
func (a *attempt) plain() bool {
	if !a.audio.unencrypted() {
		return false
	}
	a.log.Info("encrypted audio was refused, trying in clear: srtp is optional", "contact", a.to.place)
	return a.makeOffer() == nil
}

// unseen prepares another try without video, after a callee refused an offer with it.
func (a *attempt) unseen() bool {
	if !a.audio.withoutVideo() {
		return false
	}
	a.log.Info("video was refused with the call, trying without", "contact", a.to.place)
	return a.makeOffer() == nil
}

// early is the leg for the To tag of res, nil for a response without one or when
// there are too many.
func (a *attempt) early(res *sip.Response) *leg {
	tag := toTag(res)
	if tag == "" {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.legs[tag]; l != nil {
		return l
	}
	if len(a.legs) >= maxForks {
		return nil
	}
	l := a.u.newLeg(false, a.half.fork(res), a.audio.fork())
	l.shared = true
	l.party, l.trunk = a.to.party, a.to.trunk
	if l.dialog.flow.WebSocket() {
		l.instance = a.u.instanceAt(l.party, l.dialog.flow)
	}
	l.settleWay()
	l.near, l.nearSet = a.inv.Near, true
	l.userAgent, l.calling = clean(a.to.userAgent), a.inv.CallID
	l.connected.told = call.Identity{Number: a.inv.From, Name: a.inv.FromName}
	if strings.EqualFold(a.inv.From, dialplan.AnonymousNumber) { // as trunks say that it is hidden
		l.connected.told.Number = ""
	}
	l.offering = true
	l.session.interval = a.session.interval
	a.legs[tag] = l
	a.u.table.add(l)
	return l
}

// provisional takes a 1xx.
func (a *attempt) provisional(res *sip.Response) {
	a.mu.Lock()
	a.rang = true
	a.mu.Unlock()
	if res.StatusCode == sip.StatusTrying {
		return
	}
	a.alerted = true
	p := call.Progress{Status: res.StatusCode}
	if a.to.ring && p.Status == sip.StatusSessionInProgress {
		p.Status = sip.StatusRinging
	}
	if l := a.early(res); l != nil {
		if !l.tookProvisional(res) {
			return
		}
		if l.audio.answered() && !a.to.ring {
			p.Early, p.Far = l.audio.endpoint(), l.audio.far()
		}
	}
	if a.progress != nil {
		a.progress(p)
	}
}

// answered takes the first 2xx: it is acknowledged, whatever it holds.
func (a *attempt) answered(res *sip.Response) (*leg, *dialplan.Ended) {
	l := a.early(res)
	if l == nil {
		a.decide("", nil)
		a.late.tooLate(res)
		a.abandon()
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Detail: "200 without a usable To tag", Remote: true}
	}
	a.decide(toTag(res), nil)
	l.mu.Lock()
	l.dialog.refresh(res.Contact())
	l.dialog.routes = a.half.fork(res).routes
	l.settleWay()
	l.mu.Unlock()
	a.ack(l)
	e := l.up(res)
	a.losers(l)
	if e != nil {
		if !l.finish(e, true) { // the phone ended it before it answered
			a.u.spawn(func(ctx context.Context) { l.bye(ctx, e) })
		}
		a.audio.close()
		return nil, e
	}
	return l, nil
}

// up makes an early leg one that is answered.
func (l *leg) up(res *sip.Response) *dialplan.Ended {
	var err error
	body := sdpBody(res)
	if body != nil && !l.agreedEarly || !l.audio.answered() {
		err = l.audio.takeAnswer(body)
	} else {
		err = l.audio.apply()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shared, l.offering = false, false
	l.audio.port.onLost(l.lost)
	if l.phase == over {
		return l.whyLocked()
	}
	l.phase = confirmed
	l.learn(res)
	if err != nil {
		return notAcceptable("answer of "+l.party, err)
	}
	l.edition = l.audio.current()
	l.session.agreed(l, res)
	l.startPost()
	l.modify()
	return nil
}

// losers ends and forgets the early dialogs that were not answered; their phones
// hear of it from the proxy that forked.
func (a *attempt) losers(winner *leg) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for tag, l := range a.legs {
		if l != winner {
			l.finish(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere}, false)
			delete(a.legs, tag)
		}
	}
}

// abandon frees what the attempt holds when no leg came of it.
func (a *attempt) abandon() {
	a.losers(nil)
	a.audio.close()
}

func (a *attempt) ack(l *leg) {
	a.mu.Lock()
	seq := a.req.CSeq().SeqNo
	a.mu.Unlock()
	l.mu.Lock()
	ack, flow := l.dialog.requestAt(sip.ACK, seq), l.dialog.flow
	l.mu.Unlock()
	for _, h := range a.proof { // RFC 3261 §22.1
		ack.AppendHeader(sip.HeaderClone(h))
	}
	a.u.writeACK(ack, flow)
}
