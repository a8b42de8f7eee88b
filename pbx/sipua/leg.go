package sipua

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// phase is how far a leg has come.
type phase uint8

const (
	inviting  phase = iota // an INVITE without a final answer
	accepted               // our 2xx is not acknowledged yet
	confirmed              // both sides know that the call is up
	over
)

// leg implements call.Leg. mu guards all that comes below it; nothing is sent
// while it is held.
type leg struct {
	ua      *UA
	id      string
	inbound bool
	party   string
	calling string // the call that rings it; "" for a caller
	trunk   string // that the party is reached by; "" for a phone
	// instance is how the phone names itself, so that it is known when it comes back over
	// another connection; "" when it does not. It is not changed once the leg is in use.
	instance string
	log      *slog.Logger
	ctx      context.Context //nolint:containedctx // is the life of the leg, as call.Leg wants it
	cancel   context.CancelCauseFunc
	changed  chan struct{}
	infos    chan call.Info
	refuse   func(*dialplan.Ended)                     // answers the INVITE while inviting; nil for a callee
	prack    func(*sip.Request, sip.ServerTransaction) // takes a PRACK; nil for a callee

	mu        sync.Mutex
	phase     phase
	reason    *dialplan.Ended // why the phase is over
	dialog    *dialog
	audio     *audio
	shared    bool // the audio belongs to the attempt that made this early leg
	edition   int  // of the audio that the call knows of
	near      call.Want
	nearSet   bool
	heard     time.Time // of the far side's last message in the dialog
	release   func()    // lets go of the connection; nil when the leg is forgotten
	userAgent string
	methods   string    // the far side's Allow, lower case, "" when it sent none
	referred  bool      // it wanted to have the call transferred, was refused, and the log was told
	referral  *referral // the last one
	referrals int       // that it asked for
	connected connectedLine

	agreedEarly bool   // offer and answer are complete before the INVITE's final answer
	rseq        uint32 // of the last reliable provisional response received

	moved     chan struct{} // closed and replaced when remoteSeq moves on
	unacked   []*unacked    // our 2xx to INVITEs
	taken     bool          // the far side has acknowledged our answer to its call
	offering  bool          // our offer has no answer yet
	asked     chan struct{} // closed when what came of the offer in a request of ours is known; nil without one
	through   chan struct{} // closed when nothing waits for an ACK any more; nil when nobody asks
	modifying bool          // the renegotiation goroutine runs
	stubborn  *call.Want    // what the far side refused; not asked for again
	session   sessionTimer
	outbox    []call.Info
	posting   bool // the goroutine that sends outbox runs
}

func (u *UA) newLeg(inbound bool, d *dialog, a *audio) *leg {
	id := strings.ToLower(rand.Text()[:10])
	l := &leg{
		ua: u, id: id, inbound: inbound, dialog: d, audio: a,
		log:     u.log.With("leg", id),
		changed: make(chan struct{}, 1),
		infos:   make(chan call.Info, maxInfos),
		moved:   make(chan struct{}),
		heard:   time.Now(),
	}
	a.port.onLost(l.lost)
	l.release = u.edge.Hold(d.flow)
	l.ctx, l.cancel = context.WithCancelCause(context.WithoutCancel(u.ctx))
	return l
}

// ID implements call.Leg.
func (l *leg) ID() string { return l.id }

// Context implements call.Leg.
func (l *leg) Context() context.Context { return l.ctx }

// Changed implements call.Leg.
func (l *leg) Changed() <-chan struct{} { return l.changed }

// Infos implements call.Leg.
func (l *leg) Infos() <-chan call.Info { return l.infos }

// Info implements call.Leg.
func (l *leg) Info() call.LegInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.dialog
	return call.LegInfo{
		Inbound: l.inbound, Party: l.party, Trunk: l.trunk, URI: clean(d.target.String()),
		Remote:    d.flow.Transport + " " + d.flow.Remote.String(),
		SIPCallID: clean(d.callID), UserAgent: l.userAgent,
		Secure: d.flow.Secure(), DTMF: l.ua.dtmfOf(l.trunk, l.party),
	}
}

// dtmfOf is how keys are told by a trunk, or else an extension.
func (u *UA) dtmfOf(trunk, extension string) string {
	if trunk != "" {
		return u.config().Trunks[trunk].DTMF
	}
	return u.config().Extensions[extension].DTMF
}

// Media implements call.Leg.
func (l *leg) Media() media.Endpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.audio.endpoint()
}

// Far implements call.Leg.
func (l *leg) Far() call.Want {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.audio.far()
}

// Near implements call.Leg.
func (l *leg) Near(w call.Want) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.near, l.nearSet = w, true
	l.modify()
}

// Hangup implements call.Leg.
func (l *leg) Hangup(e *dialplan.Ended) { l.finish(e, true) }

// finish ends the leg once; later calls do nothing. tell says whether the far
// side has to hear of it.
func (l *leg) finish(e *dialplan.Ended, tell bool) bool {
	l.mu.Lock()
	was := l.phase
	if was == over {
		l.mu.Unlock()
		return false
	}
	l.phase, l.reason = over, e
	l.session.stop()
	if !l.shared {
		l.audio.close()
	}
	if was == confirmed || was == accepted && !tell {
		l.settleAll()
	}
	l.mu.Unlock()
	telling := l.farewell(was, e, tell)
	if telling == nil {
		l.forget() // before anybody can see that the leg is over
	}
	l.cancel(e)
	l.log.Debug("leg over", "cause", e.Cause, "detail", e.Detail, "remote", e.Remote)
	if telling != nil && !l.ua.spawn(telling) {
		l.forget()
	}
	return true
}

// farewell is what tells the far side that the leg, which was in phase was, is
// over; nil when there is nothing to tell.
func (l *leg) farewell(was phase, e *dialplan.Ended, tell bool) func(context.Context) {
	switch {
	case was == inviting && l.refuse != nil:
		return func(context.Context) { l.refuse(e) }
	case was == accepted && tell:
		return func(ctx context.Context) { l.awaitACK(ctx); l.bye(ctx, e) }
	case was == confirmed && tell:
		return func(ctx context.Context) { l.lastWord(ctx); l.bye(ctx, e) }
	}
	return nil
}

// forget takes the leg out of the table: requests for it get 481 from now on.
func (l *leg) forget() {
	l.ua.table.remove(l)
	l.mu.Lock()
	release := l.release
	l.release = nil
	l.mu.Unlock()
	if release != nil {
		release()
	}
}

// move follows the far side to another flow; mu is held.
func (l *leg) move(flow sipedge.Flow) {
	if l.trunk != "" && !flow.Reliable() {
		return // see settleWay
	}
	before := l.dialog.flow
	l.dialog.move(flow)
	if l.dialog.flow != before && l.release != nil {
		l.release()
		l.release = l.ua.edge.Hold(l.dialog.flow)
	}
}

// why is the reason for which the leg is over.
func (l *leg) why() *dialplan.Ended {
	var e *dialplan.Ended
	if errors.As(context.Cause(l.ctx), &e) {
		return e
	}
	return &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: "leg ended without a cause"}
}

// notify puts a token into Changed when something has changed since the last.
func (l *leg) notify() {
	now := l.audio.current()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now == l.edition {
		return
	}
	l.edition = now
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// allows reports whether the far side said that it understands method; mu is
// held.
func (l *leg) allows(method string) bool {
	for _, m := range strings.Split(l.methods, ",") {
		if strings.EqualFold(strings.TrimSpace(m), method) {
			return true
		}
	}
	return false
}

// learn takes from a message what it says about the far side; mu is held.
func (l *leg) learn(m headered) {
	if v := list(m, "Allow"); len(v) > 0 {
		l.methods = strings.Join(v, ",")
	}
	for _, name := range []string{"User-Agent", "Server"} {
		if v := clean(value(m, name)); v != "" && len(v) < 256 {
			l.userAgent = v
			break
		}
	}
}
