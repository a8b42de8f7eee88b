package plantest

import (
	"context"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/pbx/numbering"
	"dialtone/storage"
)

// callID is that of the call that is tested.
const callID = "call"

// world is the phones of one test. It is the dialer, the keeper of records and
// the log of its switchboard.
type world struct {
	cfg     *config.Config
	plans   *numbering.Plans
	air     air
	plan    *dialplan.Plan
	phones  map[string][]*phone
	far     map[string]*phone // numbers outside, by E.164
	trunks  map[string]string // how they are; those that are not there are up
	records chan storage.CDR
	fingers sync.WaitGroup

	mu        sync.Mutex
	channels  map[string]int // calls to the outside, by trunk
	rang      []*Moment
	sent      []string // calls that trunks took
	called    []string // numbers outside that were called, by E.164
	partner   *phone   // that answered the call
	shown     string
	logged    []string
	voicemail []string
	recorded  []string
	web       web
}

// phone is a registered phone: a call.Contact.
type phone struct {
	*Phone
	label string
	trunk string // over which it is called, "" for a phone of ours
	known []codec.Format
	late  time.Duration // keeps what phones do at the same moment in order
}

// String implements call.Contact.
func (p *phone) String() string { return p.label }

// newWorld is that of a test; its own worlds and trunks come after those of all.
func (s *Suite) newWorld(c *Case) *world {
	w := &world{
		cfg: s.Config, plans: s.plans, plan: s.Plan, phones: map[string][]*phone{}, far: map[string]*phone{}, trunks: map[string]string{},
		channels: map[string]int{}, records: make(chan storage.CDR, len(c.Before)+1),
	}
	late := time.Duration(0)
	for _, of := range []World{s.outside, c.Outside} {
		for _, number := range sortedByPlace(of) {
			late++
			for _, p := range of[number] {
				w.far[w.e164(number)] = &phone{Phone: p, label: number, late: late}
			}
		}
	}
	for _, of := range []map[string]dialplan.Text{s.trunks, c.Trunks} {
		for name, state := range of {
			w.trunks[name] = state.Value
		}
	}
	for _, of := range []World{s.world, c.World} {
		for _, name := range sortedByPlace(of) {
			list := of[name]
			w.phones[name] = nil
			for i, p := range list {
				late++
				w.phones[name] = append(w.phones[name], &phone{Phone: p, label: p.label(name, i, len(list)), known: w.formats(name, p.Codecs), late: late})
			}
		}
	}
	return w
}

// sortedByPlace gives the extensions in the order of the file.
func sortedByPlace(w World) []string {
	var out []string
	for name, list := range w {
		if len(list) == 0 {
			continue
		}
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int {
		p, q := w[a][0].Where(), w[b][0].Where()
		if p.Line != q.Line {
			return p.Line - q.Line
		}
		return p.Column - q.Column
	})
	for name, list := range w {
		if len(list) == 0 {
			out = append(out, name)
		}
	}
	return out
}

func (w *world) formats(extension string, own dialplan.Texts) []codec.Format {
	if len(own) == 0 {
		return w.cfg.Media.FormatsFor(w.cfg.Extensions[extension])
	}
	return named(own)
}

// formatsOn are those of a phone outside, as far as the trunk has them.
func (w *world) formatsOn(trunk string, own dialplan.Texts) []codec.Format {
	list := w.cfg.Media.Formats()
	if codecs := w.cfg.Trunks[trunk].Codecs; len(codecs) > 0 {
		list = formatsOf(codecs...)
	}
	if len(own) > 0 {
		list = common(list, named(own))
	}
	return list
}

func named(own dialplan.Texts) []codec.Format {
	var names []string
	for _, t := range own {
		names = append(names, t.Value)
	}
	return formatsOf(names...)
}

// Contacts implements call.Dialer.
func (w *world) Contacts(extension string) ([]call.Contact, error) {
	e, known := w.cfg.Extensions[extension]
	switch {
	case !known:
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotFound, Detail: "extension " + extension + " is not configured"}
	case e.DND:
		return nil, &dialplan.Ended{Cause: dialplan.CauseDoNotDisturb}
	case len(w.phones[extension]) == 0:
		return nil, &dialplan.Ended{Cause: dialplan.CauseNotRegistered, Detail: "no phone is registered as " + extension}
	}
	var out []call.Contact
	for _, p := range w.phones[extension] {
		out = append(out, p)
	}
	return out, nil
}

// Dial implements call.Dialer.
func (w *world) Dial(ctx context.Context, to call.Contact, inv call.Invitation, progress func(call.Progress)) (call.Leg, error) {
	if o, ok := to.(*outside); ok {
		return o.dial(ctx, inv, progress)
	}
	l, err := w.reach(ctx, to.(*phone), inv, progress)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// reach calls one phone.
func (w *world) reach(ctx context.Context, p *phone, inv call.Invitation, progress func(call.Progress)) (*leg, error) {
	formats := shared(inv.Near, p.known)
	if len(formats) == 0 {
		return nil, &dialplan.Ended{Cause: dialplan.CauseNoCommonCodec, Status: 488, Remote: true}
	}
	does := p.act()
	if does.rings() {
		progress(call.Progress{Status: 180})
		defer w.rings(p, inv)()
	}
	var due <-chan time.Time
	if does.after != nil {
		t := time.NewTimer(*does.after + p.late)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-due:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if does.ended != nil {
		return nil, does.ended
	}
	l := newLeg(&w.air, p.label, p.known)
	l.audio.agree(formats)
	if p.HangsUp > 0 {
		time.AfterFunc(p.HangsUp, l.leave)
	}
	l.joined = func() { w.answers(p, inv) }
	if keys := p.Keys.Value; keys != "" {
		finger := &presser{leg: l}
		w.fingers.Go(func() { finger.press([]Pressing{{Keys: keys}}) })
	}
	return l, nil
}

// rings notes that p rings, until done.
func (w *world) rings(p *phone, inv call.Invitation) (done func()) {
	if inv.CallID != callID {
		return func() {}
	}
	m := &Moment{What: p.place(), After: time.Since(w.air.start) + p.late}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rang = append(w.rang, m)
	w.shown, w.web.headers = inv.FromName, inv.Headers
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		m.For = time.Since(w.air.start) - m.After
	}
}

// answers notes that p talks with the caller.
func (w *world) answers(p *phone, inv call.Invitation) {
	if inv.CallID != callID {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partner = p
}

// partnerLeaves reports whether the phone that answered hangs up by itself.
func (w *world) partnerLeaves() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.partner != nil && w.partner.HangsUp > 0
}

// AddCDR implements call.Records.
func (w *world) AddCDR(r storage.CDR) error {
	w.records <- r
	return nil
}
