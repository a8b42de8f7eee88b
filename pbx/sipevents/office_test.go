package sipevents

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
	"dialtone/storage/memory"
)

// tx is a transaction that is answered, or never.
type tx struct {
	responses chan *sip.Response
	done      chan struct{}
}

func (t *tx) Terminate()                             {}
func (t *tx) OnTerminate(sip.FnTxTerminate) bool     { return true }
func (t *tx) Done() <-chan struct{}                  { return t.done }
func (t *tx) Err() error                             { return nil }
func (t *tx) Responses() <-chan *sip.Response        { return t.responses }
func (t *tx) OnRetransmission(sip.FnTxResponse) bool { return true }
func (t *tx) Acks() <-chan *sip.Request              { return nil }
func (t *tx) OnCancel(sip.FnTxCancel) bool           { return true }
func (t *tx) Respond(res *sip.Response) error        { t.responses <- res; return nil }

// office is phones with lamps in memory, a switchboard that does what it is told, and a
// network that loses things.
type office struct {
	t     testing.TB
	cfg   atomic.Pointer[config.Config]
	store *memory.Store
	*Service
	stop func()

	mu    sync.Mutex
	r     *rand.Rand
	bad   bool              // the network loses messages, and phones forget
	lamps map[string]*light // by Call-ID
	now   map[string][]call.Dialog
	wakes chan struct{}
	sent  int
}

// light is a lamp as its phone knows it.
type light struct {
	of      string
	dialogs map[string]string // the states by id
	version int
	cseq    uint32
	remote  string // our tag
	over    bool
	forgot  bool // the phone knows nothing of it any more

	members map[string]*light // of a list; nil for one extension
}

func newOffice(tb testing.TB, seed uint64) *office {
	tb.Helper()
	o := &office{t: tb, store: memory.New(), r: rand.New(rand.NewPCG(seed, 4)), lamps: map[string]*light{}, now: map[string][]call.Dialog{}, wakes: make(chan struct{}, 1)}
	cfg := config.Default()
	cfg.Lamps.Lists = map[string]config.LampList{"all": {}}
	for n := range 10 {
		cfg.Lamps.Lists["all"] = config.LampList{Members: append(cfg.Lamps.Lists["all"].Members, strconv.Itoa(100+n))}
	}
	o.cfg.Store(&cfg)
	o.configure(func(all map[string]config.Extension) {
		for n := range 10 {
			all[strconv.Itoa(100+n)] = config.Extension{}
		}
	})
	o.start()
	return o
}

// configure puts other extensions in force.
func (o *office) configure(change func(map[string]config.Extension)) {
	cfg := *o.cfg.Load()
	cfg.Extensions = maps.Clone(cfg.Extensions)
	change(cfg.Extensions)
	o.cfg.Store(&cfg)
}

// start starts a service with what the store has.
func (o *office) start() {
	log, current := slog.New(slog.DiscardHandler), o.cfg.Load
	reg, err := registrar.New(registrar.Options{Store: o.store, Config: current, Log: log})
	if err != nil {
		o.t.Fatal(err)
	}
	o.Service = New(Options{Edge: o, Registrar: reg, Store: o.store, Config: current, Log: log})
	o.Lamps(o, func(string) bool { return false })
	if err := o.Restore(); err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = o.Run(ctx) }()
	o.stop = func() { cancel(); <-done }
}

func (o *office) Watch() (changed <-chan struct{}, stop func()) { return o.wakes, func() {} }

func (o *office) Dialogs(of func(string) bool) map[string][]call.Dialog {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string][]call.Dialog{}
	for e, list := range o.now {
		if of(e) && len(list) > 0 {
			out[e] = slices.Clone(list)
		}
	}
	return out
}

func (o *office) Handle(sip.RequestMethod, sipedge.Handler) {}
func (o *office) ContactURI(sipedge.Flow, string) sip.Uri   { return sip.Uri{Scheme: "sip", Host: "pbx"} }

// Request takes a NOTIFY to its phone, or not.
func (o *office) Request(_ context.Context, req *sip.Request, _ sipedge.Flow) (sip.ClientTransaction, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent++
	t := &tx{responses: make(chan *sip.Response, 1), done: make(chan struct{})}
	luck := 9
	if o.bad {
		luck = o.r.IntN(10)
	}
	if luck == 0 {
		return nil, fmt.Errorf("no way: %w", sipedge.ErrFlowGone)
	}
	if luck == 1 { // lost
		return t, nil
	}
	status := o.deliver(req)
	if luck != 2 { // else the answer is lost
		t.responses <- sip.NewResponseFromRequest(req, status, "", nil)
	}
	return t, nil
}

// deliver is what a phone does with a NOTIFY.
func (o *office) deliver(req *sip.Request) int {
	l := o.lamps[req.CallID().Value()]
	if l == nil || l.forgot {
		return 481
	}
	if req.CSeq().SeqNo <= l.cseq {
		o.t.Errorf("CSeq %d after %d", req.CSeq().SeqNo, l.cseq)
	}
	l.cseq = req.CSeq().SeqNo
	if l.members != nil {
		if req.Body() == nil { // it ends
			l.over = true
			return 200
		}
		l.over = strings.HasPrefix(req.GetHeader("Subscription-State").Value(), "terminated")
		l.readList(o.t, req)
		return 200
	}
	if l.over = strings.HasPrefix(req.GetHeader("Subscription-State").Value(), "terminated"); l.over && req.Body() == nil {
		return 200
	}
	l.read(o.t, req.Body())
	return 200
}

// read is what a phone makes of a document.
func (l *light) read(tb testing.TB, body []byte) {
	tb.Helper()
	var doc struct {
		Version int    `xml:"version,attr"`
		State   string `xml:"state,attr"`
		Dialogs []struct {
			ID    string `xml:"id,attr"`
			State string `xml:"state"`
		} `xml:"dialog"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil {
		tb.Error(err)
	}
	if doc.Version <= l.version {
		tb.Errorf("version %d after %d", doc.Version, l.version)
	}
	l.version = doc.Version
	if doc.State == "full" {
		l.dialogs = map[string]string{}
	}
	for _, d := range doc.Dialogs {
		if l.dialogs[d.ID] = d.State; d.State == "terminated" {
			delete(l.dialogs, d.ID)
		}
	}
}

// readList is what a phone makes of a list (RFC 4662).
func (l *light) readList(tb testing.TB, req *sip.Request) {
	tb.Helper()
	_, params, err := mime.ParseMediaType(req.GetHeader("Content-Type").Value())
	if err != nil {
		tb.Error(err)
		return
	}
	bodies := map[string][]byte{}
	r := multipart.NewReader(bytes.NewReader(req.Body()), params["boundary"])
	for p, err := r.NextRawPart(); err == nil; p, err = r.NextRawPart() {
		if bodies[p.Header.Get("Content-ID")], err = io.ReadAll(p); err != nil {
			tb.Error(err)
		}
	}
	var list struct {
		Version   int  `xml:"version,attr"`
		Full      bool `xml:"fullState,attr"`
		Resources []struct {
			URI       string `xml:"uri,attr"`
			Instances []struct {
				CID string `xml:"cid,attr"`
			} `xml:"instance"`
		} `xml:"resource"`
	}
	if err := xml.Unmarshal(bodies[params["start"]], &list); err != nil || list.Version <= l.version {
		tb.Errorf("version %d after %d, %v", list.Version, l.version, err)
	}
	l.version = list.Version
	if list.Full {
		l.members = map[string]*light{}
	}
	for _, r := range list.Resources {
		if l.members[r.URI] == nil {
			number, _, _ := strings.Cut(strings.TrimPrefix(r.URI, "sip:"), "@")
			l.members[r.URI] = &light{of: number, version: -1, dialogs: map[string]string{}}
		}
		for _, i := range r.Instances {
			body := bodies["<"+i.CID+">"]
			if l.members[r.URI].read(tb, body); !bytes.Contains(body, []byte(`state="full"`)) {
				tb.Errorf("what a list says of a member builds on something: %s", body)
			}
		}
	}
}

// subscribe makes a lamp, or refreshes one.
func (o *office) subscribe(by, of, callID string, lasts time.Duration) int {
	o.mu.Lock()
	l := o.lamps[callID]
	if l == nil {
		l = &light{of: of, version: -1, dialogs: map[string]string{}}
		if of == "all" {
			l.members = map[string]*light{}
		}
		o.lamps[callID] = l
	}
	uri := sip.Uri{Scheme: "sip", User: of, Host: "dialtone"}
	req := sip.NewRequest(sip.SUBSCRIBE, uri)
	from, to := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: by, Host: "dialtone"}}, &sip.ToHeader{Address: uri}
	from.Params.Add("tag", "p"+callID)
	if l.remote != "" {
		to.Params.Add("tag", l.remote)
	}
	id := sip.CallIDHeader(callID)
	req.AppendHeader(from)
	req.AppendHeader(sip.NewHeader("Supported", eventList))
	req.AppendHeader(to)
	req.AppendHeader(&id)
	o.sent++
	req.AppendHeader(&sip.CSeqHeader{SeqNo: uint32(o.sent), MethodName: sip.SUBSCRIBE})
	req.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: by, Host: "192.0.2.7", Port: 5060}})
	o.mu.Unlock()
	at := netip.MustParseAddrPort("192.0.2.7:5060")
	a := asking{req: req, tx: &tx{responses: make(chan *sip.Response, 1)}, flow: sipedge.Flow{Transport: "udp", Local: at, Remote: at}, subscriber: by, of: o.packages[dialogEvent], lasts: lasts}
	if l.remote == "" {
		o.begin(a)
	} else {
		o.refresh(a)
	}
	res := <-a.tx.(*tx).responses
	o.mu.Lock()
	defer o.mu.Unlock()
	if res.StatusCode == 200 {
		l.remote = tag(res.To().Params)
	} else {
		l.over = true
	}
	return res.StatusCode
}

// happens changes what an extension does.
func (o *office) happens() {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := strconv.Itoa(100 + o.r.IntN(10))
	list := slices.Clone(o.now[e])
	switch n := o.r.IntN(4); {
	case len(list) < 8 && n < 2:
		list = append(list, call.Dialog{ID: strconv.FormatUint(o.r.Uint64(), 10), State: call.Ringing, Remote: "200", Start: time.Now()})
	case len(list) > 0 && n == 2:
		list[o.r.IntN(len(list))].State = []call.State{call.Up, call.Held, call.Ringing}[o.r.IntN(3)]
	case len(list) > 0:
		i := o.r.IntN(len(list))
		list = slices.Delete(list, i, i+1)
	}
	o.now[e] = list
	select {
	case o.wakes <- struct{}{}:
	default:
	}
}

// check compares what lamps show with what is so.
func (o *office) check(when string) {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, l := range o.lamps {
		if l.over || l.forgot {
			continue
		}
		for _, m := range l.members {
			o.compare(when, id, m)
		}
		if l.members == nil {
			o.compare(when, id, l)
		} else if len(l.members) != 10 {
			o.t.Fatalf("%s: list %s has %d members", when, id, len(l.members))
		}
	}
}

// compare compares what a lamp shows with what is so; mu is held.
func (o *office) compare(when, id string, l *light) {
	o.t.Helper()
	want := map[string]string{}
	for _, d := range o.now[l.of] {
		want[d.ID] = map[call.State]string{call.Ringing: "early", call.Up: "confirmed", call.Held: "confirmed"}[d.State]
	}
	if fmt.Sprint(want) != fmt.Sprint(l.dialogs) {
		o.t.Fatalf("%s: lamp %s for %s shows %v, it is %v", when, id, l.of, l.dialogs, want)
	}
}

// notifies is how many requests there were so far.
func (o *office) notifies() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sent
}

func (o *office) network(bad bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bad = bad
}

func (o *office) dice(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.r.IntN(n)
}
