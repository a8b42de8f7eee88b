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
	"dialtone/storage"
)

// callID is that of the call that is tested.
const callID = "call"

// world is the phones of one test. It is the dialer, the keeper of records and
// the log of its switchboard.
type world struct {
	cfg     *config.Config
	air     air
	phones  map[string][]*phone
	records chan storage.CDR

	mu      sync.Mutex
	rang    []*Moment
	partner *phone // that answered the call
	shown   string
	logged  []string
}

// phone is a registered phone: a call.Contact.
type phone struct {
	*Phone
	label string
	known []codec.Format
	late  time.Duration // keeps what phones do at the same moment in order
}

// String implements call.Contact.
func (p *phone) String() string { return p.label }

func newWorld(cfg *config.Config, calls int, shared, own World) *world {
	w := &world{cfg: cfg, phones: map[string][]*phone{}, records: make(chan storage.CDR, calls)}
	late := time.Duration(0)
	for _, of := range []World{shared, own} {
		for _, name := range sortedByPlace(of) {
			list := of[name]
			w.phones[name] = nil
			for i, p := range list {
				late++
				w.phones[name] = append(w.phones[name], &phone{p, p.label(name, i, len(list)), w.formats(name, p.Codecs), late})
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
	p := to.(*phone)
	formats := common(inv.Near.Formats, p.known)
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
	w.answers(p, inv)
	return l, nil
}

// rings notes that p rings, until done.
func (w *world) rings(p *phone, inv call.Invitation) (done func()) {
	if inv.CallID != callID {
		return func() {}
	}
	m := &Moment{What: p.label, After: time.Since(w.air.start) + p.late}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rang = append(w.rang, m)
	w.shown = inv.FromName
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		m.For = time.Since(w.air.start) - m.After
	}
}

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
