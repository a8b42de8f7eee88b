package call_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// endpoint is audio without sockets: it counts what is forwarded to it.
type endpoint struct {
	mu        sync.Mutex
	formats   []codec.Format
	direction media.Direction
	sink      media.Sink
	forwarded int
	last      time.Time
	video     *screenEnd // beside it; nil when there is none
}

func (e *endpoint) Formats() []codec.Format {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.formats
}

func (e *endpoint) Direction() media.Direction {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.direction
}

func (e *endpoint) SetSink(s media.Sink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sink = s
}

func (e *endpoint) Forward(*media.Packet) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forwarded++
}

func (e *endpoint) Write(codec.Format, []byte, int, bool) { e.Forward(nil) }

func (e *endpoint) Stats() media.Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return media.Stats{Codec: "PCMU/8000", LastReceived: e.last}
}

// hear lets one packet arrive at e.
func (e *endpoint) hear() {
	e.mu.Lock()
	s := e.sink
	e.last = time.Now()
	e.mu.Unlock()
	if s != nil {
		raw := make([]byte, 172, 200)
		raw[0] = 0x80
		f := codec.PCMU
		s.Packet(&media.Packet{Raw: raw, Payload: raw[12:], Format: &f})
	}
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.forwarded
}

var legs atomic.Int64

// fakeLeg is a phone in memory. far is what it can do.
type fakeLeg struct {
	id      string
	party   string
	ctx     context.Context
	cancel  context.CancelCauseFunc
	media   *endpoint
	changed chan struct{}
	infos   chan call.Info

	mu    sync.Mutex
	far   call.Want
	near  call.Want
	log   []string // what the phone was told, in order
	sent  []call.Info
	with  call.Identity // whom it talks with
	noAck error
	dtmf  string
	at    string        // from where it calls
	ack   time.Duration // how long the phone takes to acknowledge
}

func newLeg(party string, formats ...codec.Format) *fakeLeg {
	l := &fakeLeg{
		id: fmt.Sprint(party, "-", legs.Add(1)), party: party, media: &endpoint{},
		changed: make(chan struct{}, 1), infos: make(chan call.Info, 4),
		far: call.Want{Formats: formats, Direction: media.SendRecv},
	}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	return l
}

func (l *fakeLeg) ID() string { return l.id }
func (l *fakeLeg) Info() call.LegInfo {
	return call.LegInfo{Party: l.party, DTMF: l.dtmf, Remote: l.at, SIPCallID: "sip-" + l.id}
}
func (l *fakeLeg) Context() context.Context      { return l.ctx }
func (l *fakeLeg) Media() media.Endpoint         { return l.media }
func (l *fakeLeg) Changed() <-chan struct{}      { return l.changed }
func (l *fakeLeg) Infos() <-chan call.Info       { return l.infos }
func (l *fakeLeg) Hangup(e *dialplan.Ended)      { l.note("hangup " + e.Cause.String()); l.cancel(e) }
func (l *fakeLeg) Ring()                         { l.note("180") }
func (l *fakeLeg) Progress(near call.Want) error { l.note("183"); return l.agree(near) }
func (l *fakeLeg) Far() call.Want                { l.mu.Lock(); defer l.mu.Unlock(); return l.far }

func (l *fakeLeg) Connected(with call.Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.with = with
}

func (l *fakeLeg) SendInfo(i call.Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, i)
}

func (l *fakeLeg) Near(w call.Want) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.near = w
}

func (l *fakeLeg) Answer(_ context.Context, near call.Want) error {
	if err := l.agree(near); err != nil {
		return err
	}
	l.mu.Lock()
	err, ack := l.noAck, l.ack
	l.mu.Unlock()
	time.Sleep(ack)
	if err != nil {
		return err
	}
	l.note("200")
	return nil
}

// agree takes the formats of near that the phone can do.
func (l *fakeLeg) agree(near call.Want) error {
	far := l.Far()
	var common []codec.Format
	for _, f := range near.Formats {
		for _, g := range far.Formats {
			if f.Same(g) {
				common = append(common, g)
			}
		}
	}
	if len(common) == 0 {
		return &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec}
	}
	l.media.mu.Lock()
	l.media.formats, l.media.direction = common, media.SendRecv
	l.media.mu.Unlock()
	l.token()
	return nil
}

func (l *fakeLeg) token() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// hold is the phone's re-INVITE with direction d.
func (l *fakeLeg) hold(d media.Direction) {
	l.mu.Lock()
	l.far.Direction = d
	l.mu.Unlock()
	l.token()
}

// bye is the phone hanging up.
func (l *fakeLeg) bye(c dialplan.Cause) { l.cancel(&dialplan.Ended{Cause: c, Remote: true}) }

func (l *fakeLeg) note(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, s)
}

func (l *fakeLeg) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.log...)
}

func (l *fakeLeg) nearNow() call.Want {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.near
}

// phone is a contact that behaves as its function says.
type phone struct {
	name string
	act  func(ctx context.Context, progress func(call.Progress)) (call.Leg, error)
}

func (p *phone) String() string { return p.name }

// book is a dialer over phones in memory.
type book map[string][]*phone

func (b book) Contacts(extension string) ([]call.Contact, error) {
	phones := b[extension]
	if len(phones) == 0 {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotRegistered}
	}
	var list []call.Contact
	for _, p := range phones {
		list = append(list, p)
	}
	return list, nil
}

func (b book) Dial(ctx context.Context, to call.Contact, _ call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	return to.(*phone).act(ctx, progress)
}

// answers rings, and answers after d.
func answers(l *fakeLeg, d time.Duration) func(context.Context, func(call.Progress)) (call.Leg, error) {
	return func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
		progress(call.Progress{Status: 180})
		select {
		case <-time.After(d):
			_ = l.agree(call.Want{Formats: l.far.Formats})
			return l, nil
		case <-ctx.Done():
			l.note("cancel " + context.Cause(ctx).Error())
			return nil, context.Cause(ctx)
		}
	}
}

// answersAnyway answers after d even when it was cancelled before: the 200 and
// the CANCEL crossed.
func answersAnyway(l *fakeLeg, d time.Duration) func(context.Context, func(call.Progress)) (call.Leg, error) {
	return func(context.Context, func(call.Progress)) (call.Leg, error) {
		time.Sleep(d)
		return l, nil
	}
}

// refuses rings, and refuses with status after d.
func refuses(status int, d time.Duration) func(context.Context, func(call.Progress)) (call.Leg, error) {
	return func(ctx context.Context, _ func(call.Progress)) (call.Leg, error) {
		select {
		case <-time.After(d):
			return nil, &dialplan.Ended{Cause: dialplan.CauseOfStatus(status), Status: status, Remote: true}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// speaksEarly sends audio before the answer, from after on, and then does as then
// says.
func speaksEarly(l *fakeLeg, after time.Duration, then func(context.Context, func(call.Progress)) (call.Leg, error)) func(context.Context, func(call.Progress)) (call.Leg, error) {
	return func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
		time.Sleep(after)
		_ = l.agree(call.Want{Formats: l.far.Formats})
		progress(call.Progress{Status: 183, Early: l.media, Far: l.far})
		return then(ctx, progress)
	}
}

// records keeps CDRs in memory.
type records struct{ got chan storage.CDR }

func (r *records) AddCDR(c storage.CDR) error { r.got <- c; return nil }

// world is a switchboard with the phones of book.
type world struct {
	*call.Switchboard
	cdrs chan storage.CDR
	cfg  *config.Config
	book call.Dialer
}

// dialer are the phones.
func (w *world) dialer() book { return w.book.(book) }

func newWorld(t *testing.T, phones book) *world {
	t.Helper()
	var numbers []string
	for n := 100; n < 110; n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	plan, found := dialplan.Compile(dialplan.Spec{
		Extensions: numbers, RingTimeout: 30 * time.Second, Features: dialplan.Features{Echo: "600", Tone: "601", Music: "602"},
	})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return newPlannedWorld(t, phones, plan)
}

// newPlannedWorld is a world in which calls go by plan.
func newPlannedWorld(t *testing.T, phones book, plan *dialplan.Plan) *world {
	t.Helper()
	return newWorldOf(t, plan, call.Options{Dialer: phones, Log: slog.New(slog.DiscardHandler)})
}

// newWorldOf is a world with the dialer, log, guard and lists of o.
func newWorldOf(t *testing.T, plan *dialplan.Plan, o call.Options) *world {
	t.Helper()
	cfg := config.Default()
	for n := 100; n < 110; n++ {
		cfg.Extensions[strconv.Itoa(n)] = config.Extension{}
	}
	w := &world{cdrs: make(chan storage.CDR, 100), cfg: &cfg, book: o.Dialer}
	o.Plan, o.Config, o.Records = func() *dialplan.Plan { return plan }, func() *config.Config { return w.cfg }, &records{got: w.cdrs}
	w.Switchboard = call.NewSwitchboard(o)
	t.Cleanup(w.Close)
	return w
}

// calls lets a phone of extension from call to.
func (w *world) calls(t *testing.T, from, to string, formats ...codec.Format) *fakeLeg {
	t.Helper()
	if len(formats) == 0 {
		formats = []codec.Format{codec.PCMU, codec.PCMA}
	}
	l := newLeg(from, formats...)
	if e := w.Accept(l, dialplan.Facts{From: from, To: to, Extension: from}); e != nil {
		t.Fatalf("call %s to %s refused: %v", from, to, e)
	}
	return l
}

// Outside implements call.Dialer.
func (b book) Outside(o call.Outgoing) (call.Contact, error) {
	return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "there is no trunk to " + o.Number}
}
