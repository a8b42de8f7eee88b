package sipua

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/rtp"
	"dialtone/media/webrtc"
	"dialtone/pbx/call"
	"dialtone/pbx/numbering"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

// What the user agent says of itself (RFC 3261 §20.5, §20.37).
const (
	allow     = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER"
	supported = "timer, 100rel, replaces, norefersub"
)

// Bounds of what one dialog may make us keep.
const (
	maxInfos  = 16
	maxForks  = 16 // early dialogs of one INVITE
	maxUnsent = 32 // INFO bodies and queued provisionals

	maxUnacked = 8 // answers to re-INVITEs without their ACK
)

// Registrar says where an extension can be reached now, best first.
type Registrar interface {
	Lookup(extension string) []registrar.Contact
}

// Options are the parts that a UA works with; all but Trunks are required.
type Options struct {
	Edge      *sipedge.Edge
	Auth      *sipauth.Authenticator
	Registrar Registrar
	Trunks    Trunks // nil: there are none
	Engine    *rtp.Engine
	Browsers  *webrtc.Hub // nil: there is no audio with browsers
	Config    func() *config.Config
	// Accept takes over the leg of a caller, or says why the call is refused. It
	// must not block.
	Accept func(leg call.Inbound, facts dialplan.Facts) *dialplan.Ended
	// TakeOver is Accept for a caller who takes the place of a leg in another call, or a
	// call that rings; nil takes none.
	TakeOver func(leg call.Inbound, facts dialplan.Facts, t call.Taking) *dialplan.Ended
	// Transfer lets the party that a leg talks with go on elsewhere. It returns when
	// that has begun, or a *dialplan.Ended when it has not; nil transfers nothing.
	Transfer func(ctx context.Context, leg string, t call.Transfer) error
	Log      *slog.Logger
}

// UA turns SIP dialogs into the legs of calls: callers' legs are handed to
// Accept, callees' are dialled through call.Dialer.
type UA struct {
	edge      *sipedge.Edge
	auth      *sipauth.Authenticator
	registrar Registrar
	trunks    Trunks
	plans     numbering.Plans
	strangers strangers // whose calls without credentials the log was told of
	refused   strangers // whose credentials, that were not accepted, it was told of
	asked     strangers // who said to be an extension and was asked to prove it
	referred  strangers // who wanted a call to be transferred, outside of any
	engine    *rtp.Engine
	hub       *webrtc.Hub
	config    func() *config.Config
	accept    func(call.Inbound, dialplan.Facts) *dialplan.Ended
	takeOver  func(leg call.Inbound, facts dialplan.Facts, t call.Taking) *dialplan.Ended
	transfer  func(context.Context, string, call.Transfer) error
	log       *slog.Logger
	table     *table
	timers

	ctx      context.Context //nolint:containedctx // is the life of all tasks: ends when Close stops waiting
	stop     context.CancelFunc
	draining atomic.Bool
	tasks    tasks
}

var _ call.Dialer = (*UA)(nil)

// timers are the base values of RFC 3261 §17.1.1.1 and what is derived from them
// elsewhere; only tests change them.
type timers struct {
	t1, t2  time.Duration
	repeat  time.Duration // between provisional responses (RFC 3261 §13.3.1.1)
	reorder time.Duration // how long a request waits for one that it overtook
	minSE   time.Duration // shortest session timer (RFC 4028 §4)
}

// New returns a UA that handles the calls which arrive at o.Edge.
func New(o Options) *UA {
	u := &UA{
		edge: o.Edge, auth: o.Auth, registrar: o.Registrar, engine: o.Engine, hub: o.Browsers,
		config: o.Config, accept: o.Accept, transfer: o.Transfer, takeOver: o.TakeOver, log: o.Log, table: newTable(),
		timers: timers{t1: sip.T1, t2: sip.T2, repeat: time.Minute, reorder: 100 * time.Millisecond, minSE: 90 * time.Second},
	}
	if u.trunks = o.Trunks; u.trunks == nil {
		u.trunks = noTrunks{}
	}
	u.ctx, u.stop = context.WithCancel(context.Background())
	o.Edge.Handle(sip.INVITE, u.onINVITE)
	o.Edge.Handle(sip.ACK, u.onACK)
	for method, serve := range map[sip.RequestMethod]server{
		sip.BYE: (*leg).onBYE, sip.PRACK: (*leg).onPRACK, sip.UPDATE: (*leg).onUPDATE,
		sip.INFO: (*leg).onINFO, sip.OPTIONS: (*leg).onOPTIONS,
	} {
		o.Edge.Handle(method, u.inDialog(serve))
	}
	o.Edge.Handle(sip.REFER, u.onREFER)
	o.Edge.Supported("timer", "100rel", "replaces", "norefersub", tricklePackage)
	o.Edge.OnStray(u.onStray)
	return u
}

// Drain refuses new calls with 503 from now on; those in progress go on.
func (u *UA) Drain() { u.draining.Store(true) }

// Close ends all legs and waits until the far sides know, at most until ctx is
// done; then it stops telling them. When it returns no goroutine is left.
func (u *UA) Close(ctx context.Context) {
	u.Drain()
	for _, l := range u.table.all() {
		l.Hangup(&dialplan.Ended{Cause: dialplan.CauseShutdown})
	}
	u.tasks.wait(ctx)
	u.stop()
	u.tasks.close()
}

// introduce adds what messages that set up or change a session say of us.
func (u *UA) introduce(m sip.Message) {
	m.AppendHeader(sip.NewHeader("Allow", allow))
	m.AppendHeader(sip.NewHeader("Supported", supported))
}

// setBody puts SDP into m.
func setBody(m sip.Message, body []byte) {
	if len(body) == 0 {
		return
	}
	t := sip.ContentTypeHeader("application/sdp")
	m.AppendHeader(&t)
	m.SetBody(body)
}

// onStray handles responses that no transaction waits for: a 2xx that comes when
// its transaction is gone is acknowledged when we know the dialog.
func (u *UA) onStray(res *sip.Response, _ sipedge.Flow) {
	cseq := res.CSeq()
	if cseq == nil || cseq.MethodName != sip.INVITE || !res.IsSuccess() {
		return
	}
	if l := u.table.answered(res); l != nil {
		l.mu.Lock()
		ack, flow := l.dialog.requestAt(sip.ACK, cseq.SeqNo), l.dialog.flow
		l.mu.Unlock()
		u.writeACK(ack, flow)
	}
}

func (u *UA) writeACK(ack *sip.Request, flow sipedge.Flow) {
	if err := u.edge.Write(ack, flow); err != nil {
		u.log.Debug("ACK not sent", "call_id", ack.CallID().Value(), "error", err)
	}
}

// ended is the *dialplan.Ended that ended ctx.
func ended(ctx context.Context) *dialplan.Ended {
	var e *dialplan.Ended
	if errors.As(context.Cause(ctx), &e) {
		return e
	}
	return &dialplan.Ended{Cause: dialplan.CauseCancelled}
}

// path is where the audio of a leg over f flows.
func (u *UA) path(f sipedge.Flow) audioPath {
	bind, advertise := u.edge.MediaAddr(f)
	return audioPath{bind: bind, advertise: advertise, far: f.Remote.Addr(), secure: f.Secure(), browser: f.WebSocket()}
}
