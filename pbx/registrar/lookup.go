package registrar

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"dialtone/storage"
)

// Lookup says where to ring an extension, best first: by q, then by who was heard
// of last. Of several flows to one phone it gives only the best (RFC 5626 §7).
// Phones that are Lost, or Gone without a way to call them back, are given only
// when there is no other; those Gone behind NAT never.
func (r *Registrar) Lookup(extension string) []Contact {
	now := time.Now()
	r.mu.RLock()
	ranked := r.ranked(extension, now)
	found := make([]Contact, len(ranked))
	for i, b := range ranked {
		found[i] = b.copy()
	}
	r.mu.RUnlock()
	return found
}

func (r *Registrar) ranked(extension string, now time.Time) []*binding {
	var good, poor []*binding
	for _, b := range r.byExt[extension] {
		switch {
		case !b.Expires.After(now) || b.Status == Gone && b.NAT:
		case b.Status == Lost || b.Status == Gone:
			poor = append(poor, b)
		default:
			good = append(good, b)
		}
	}
	if len(good) == 0 {
		good = poor
	}
	slices.SortStableFunc(good, func(a, b *binding) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), b.heard.Compare(a.heard), cmp.Compare(a.Binding, b.Binding))
	})
	best := good[:0]
	for _, b := range good {
		second := b.Instance != "" && b.RegID > 0 && slices.ContainsFunc(best, func(o *binding) bool {
			return o.Instance == b.Instance && o.RegID > 0
		})
		if !second {
			best = append(best, b)
		}
	}
	return best
}

// contacts are all of an extension that have not expired, the oldest binding
// first. r.mu is held.
func (r *Registrar) contacts(extension string, now time.Time) []Contact {
	list := make([]Contact, 0, len(r.byExt[extension]))
	for _, b := range r.byExt[extension] {
		if b.Expires.After(now) {
			list = append(list, b.copy())
		}
	}
	if len(list) > 1 {
		slices.SortFunc(list, byAge)
	}
	return list
}

func byAge(a, b Contact) int {
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Binding, b.Binding))
}

// All are the contacts of all extensions, by extension and age.
func (r *Registrar) All() []Contact {
	now := time.Now()
	r.mu.RLock()
	all := make([]Contact, 0, len(r.expiry))
	for _, b := range r.expiry {
		if b.Expires.After(now) {
			all = append(all, b.copy())
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b Contact) int {
		return cmp.Or(cmp.Compare(len(a.Extension), len(b.Extension)), cmp.Compare(a.Extension, b.Extension), byAge(a, b))
	})
	return all
}

// Get is one contact.
func (r *Registrar) Get(k storage.ContactKey) (c Contact, ok bool) {
	now := time.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	b := r.find(k)
	if b == nil || !b.Expires.After(now) {
		return Contact{}, false
	}
	return b.copy(), true
}

// ByFlow says whether a registered phone is reached at that address. It is cheap
// enough to be asked for every packet.
func (r *Registrar) ByFlow(remote netip.AddrPort) bool {
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.byFlow[remote]) > 0
}

// Remove forgets one contact and says whether there was one. reason is for the
// log.
func (r *Registrar) Remove(k storage.ContactKey, reason string) (found bool) {
	r.change(func(ch *changes) {
		if b := r.find(k); b != nil {
			found = true
			r.remove(ch, b)
			ch.note(Unregistered, b, reason)
		}
	})
	return found
}

// Retain forgets the contacts of extensions for which known says false: those
// that a reload has removed.
func (r *Registrar) Retain(known func(extension string) bool) {
	r.change(func(ch *changes) {
		var gone []*binding
		for extension, list := range r.byExt {
			if !known(extension) {
				gone = append(gone, list...)
			}
		}
		for _, b := range gone {
			r.remove(ch, b)
			ch.note(Unregistered, b, "the extension is no longer configured")
		}
	})
}
