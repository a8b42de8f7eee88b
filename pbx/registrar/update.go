package registrar

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"dialtone/config"
	"dialtone/storage"
)

// maxBindingBytes bounds what is kept of one contact: its URI and instance.
const maxBindingBytes = 2048

// Update carries out a REGISTER, wholly or not at all, and gives the contacts
// that the extension has afterwards (RFC 3261 §10.3). Errors are ErrOutOfOrder,
// ErrTooManyContacts, ErrBadContact (all may be wrapped) or *TooBriefError.
func (r *Registrar) Update(req Request) (current []Contact, err error) {
	rules := r.config().Registrar
	req.Flow = req.Flow.unmapped()
	r.change(func(ch *changes) {
		var p plan
		if p, err = r.plan(&req, &rules); err == nil {
			r.carryOut(ch, &req, &p)
			current = r.contacts(req.Extension, ch.now)
		}
	})
	return current, err
}

// ask is one contact of a request, with what it means.
type ask struct {
	Binding
	key     storage.ContactKey
	uri     string // canonical
	granted time.Duration
	known   *binding // the one that it changes or removes; nil: none
}

// plan is what a request comes to; nothing of it is done yet.
type plan struct {
	asks   []ask      // those that are to be bound afterwards
	remove []*binding // by wish of the phone
	evict  []*binding // to make room
}

// plan checks the whole request before anything changes. r.mu is held.
func (r *Registrar) plan(req *Request, rules *config.Registrar) (plan, error) {
	var p plan
	known := r.byExt[req.Extension]
	if req.Wildcard {
		p.remove = slices.Clone(known)
	}
	for i := range req.Contacts {
		a, err := r.ask(req, i, rules)
		if err != nil {
			return plan{}, err
		}
		switch {
		case a.granted > 0:
			p.asks = replaceSame(p.asks, a)
		case a.known != nil && !slices.Contains(p.remove, a.known):
			p.remove = append(p.remove, a.known)
		}
	}
	touched := slices.Clone(p.remove)
	for i := range p.asks {
		if b := p.asks[i].known; b != nil {
			touched = append(touched, b)
		}
	}
	for _, b := range touched {
		if b.CallID == req.CallID && req.CSeq <= b.CSeq {
			return plan{}, fmt.Errorf("%w (CSeq %d after %d)", ErrOutOfOrder, req.CSeq, b.CSeq)
		}
	}
	return p, p.makeRoom(known, touched, rules)
}

func (r *Registrar) ask(req *Request, i int, rules *config.Registrar) (ask, error) {
	c := req.Contacts[i]
	if c.URI == "" || len(c.URI)+len(c.Instance) > maxBindingBytes {
		return ask{}, fmt.Errorf("%w: its URI and instance have %d bytes, 1 to %d can be kept", ErrBadContact, len(c.URI)+len(c.Instance), maxBindingBytes)
	}
	granted, err := grant(c.Expires, rules)
	if err != nil {
		return ask{}, err
	}
	a := ask{Binding: c, uri: canonicalURI(c.URI), granted: granted}
	a.key = storage.ContactKey{Extension: req.Extension, Binding: a.uri}
	// A phone that names itself keeps its place when its address changes, also
	// without reg-id: its old address would only ring in vain. Several contacts
	// of one phone in one request are several places, though.
	if c.Instance != "" && (c.RegID > 0 || !sharesInstance(req.Contacts, i)) {
		a.key.Binding = c.Instance + ";reg-id=" + strconv.Itoa(c.RegID)
	}
	a.known = r.matching(&a)
	return a, nil
}

func sharesInstance(all []Binding, i int) bool {
	for j := range all {
		if j != i && all[j].Instance == all[i].Instance && all[j].RegID == 0 && all[j].Expires != 0 {
			return true
		}
	}
	return false
}

// matching is the binding that a means. The same URI counts too, unless the two
// are different flows of one phone (RFC 5626 §6).
func (r *Registrar) matching(a *ask) *binding {
	known := r.byExt[a.key.Extension]
	for _, b := range known {
		if b.Binding == a.key.Binding {
			return b
		}
	}
	for _, b := range known {
		if b.uri == a.uri && (b.RegID == 0 || a.RegID == 0) {
			return b
		}
	}
	return nil
}

// replaceSame adds a to asks; of two for the same binding the later stays.
func replaceSame(asks []ask, a ask) []ask {
	for i := range asks {
		if asks[i].key == a.key || a.known != nil && asks[i].known == a.known {
			asks[i] = a
			return asks
		}
	}
	return append(asks, a)
}

// grant is the expiry for what was asked (RFC 3261 §10.3 item 7): 0 removes.
func grant(asked time.Duration, rules *config.Registrar) (time.Duration, error) {
	least, most := rules.MinExpires.D(), rules.MaxExpires.D()
	switch {
	case asked == 0:
		return 0, nil
	case asked < 0:
		return max(min(rules.DefaultExpires.D(), most), least, time.Second), nil
	case asked < least:
		return 0, &TooBriefError{Min: least}
	}
	return min(asked, most), nil
}

// makeRoom picks who has to go when the request brings more than may be there.
func (p *plan) makeRoom(known, touched []*binding, rules *config.Registrar) error {
	// known - removed - those already asked for + asked for
	var others []*binding
	for _, b := range known {
		if !slices.Contains(touched, b) {
			others = append(others, b)
		}
	}
	excess := len(others) + len(p.asks) - rules.MaxContacts
	adds := slices.ContainsFunc(p.asks, func(a ask) bool { return a.known == nil })
	if excess <= 0 || !adds {
		return nil
	}
	if rules.WhenFull != "replace" || excess > len(others) {
		return fmt.Errorf("%w: registrar.max_contacts is %d", ErrTooManyContacts, rules.MaxContacts)
	}
	slices.SortFunc(others, func(a, b *binding) int { return a.heard.Compare(b.heard) })
	p.evict = others[:excess]
	return nil
}

// carryOut does what was planned. r.mu is held.
func (r *Registrar) carryOut(ch *changes, req *Request, p *plan) {
	for _, b := range p.remove {
		r.remove(ch, b)
		ch.note(Unregistered, b, "")
	}
	for _, b := range p.evict {
		r.remove(ch, b)
		ch.note(Unregistered, b, "another phone took its place: registrar.max_contacts")
	}
	for i := range p.asks {
		if a := &p.asks[i]; a.known != nil && slices.Contains(r.byExt[req.Extension], a.known) {
			r.renew(ch, req, a)
		} else {
			r.bind(ch, req, a)
		}
	}
}

func (r *Registrar) bind(ch *changes, req *Request, a *ask) {
	b := &binding{}
	b.ContactKey, b.Since = a.key, ch.now
	b.setFlow(req.Flow)
	b.take(ch, req, a)
	r.add(ch, b)
	r.markDirty(ch, b.ContactKey)
	ch.note(Registered, b, "")
}

// renew updates a known binding; only what is more than a new expiry is saved.
func (r *Registrar) renew(ch *changes, req *Request, a *ask) {
	b := a.known
	same := b.says(req, a)
	moved := b.Peer != req.Flow
	if b.ContactKey != a.key {
		r.markDirty(ch, b.ContactKey)
		b.ContactKey = a.key
	}
	if moved || b.Status == Gone {
		r.leaveFlow(b)
		b.setFlow(req.Flow)
		r.byFlow[b.Peer.Remote] = append(r.byFlow[b.Peer.Remote], b)
		b.Status, b.RTT = Unknown, 0
	}
	if b.Status == Lost {
		b.Status = Unknown
	}
	b.take(ch, req, a)
	r.expiry.fix(b)
	ch.wake = ch.wake || b.index == 0
	if same {
		r.refreshed(ch, b)
	} else {
		r.markDirty(ch, b.ContactKey)
	}
	if moved {
		ch.note(Moved, b, "")
	}
}

// says reports whether the request says of the binding what is known already, but
// for its expiry.
func (b *binding) says(req *Request, a *ask) bool {
	return b.URI == a.URI && b.Peer == req.Flow && b.Q == a.Q && b.NAT == a.NAT && b.Instance == a.Instance &&
		b.RegID == a.RegID && b.ContactKey == a.key && slices.Equal(b.Path, req.Path) && b.UserAgent == req.UserAgent
}

// take keeps what the request says of the binding.
func (b *binding) take(ch *changes, req *Request, a *ask) {
	b.URI, b.uri = a.URI, a.uri
	b.Instance, b.RegID, b.Q, b.NAT = a.Instance, a.RegID, a.Q, a.NAT
	b.CallID, b.CSeq, b.UserAgent = req.CallID, req.CSeq, req.UserAgent
	if !slices.Equal(b.Path, req.Path) {
		b.Path = slices.Clone(req.Path)
	}
	b.heard, b.LastSeen = ch.now, ch.now
	b.Expires = ch.now.Add(a.granted)
	b.misses = 0
}
