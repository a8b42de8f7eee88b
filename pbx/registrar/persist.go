package registrar

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"dialtone/storage"
)

const (
	// saveEvery is how long changes are collected: what a crash can lose.
	saveEvery = time.Second
	// slack is added to every stored expiry. While refreshes stay below what is
	// stored, they cost no write; so each phone costs at most one per slack.
	slack = 5 * time.Minute
	// grace is for how long a loaded contact is good at least: phones could not
	// refresh while Dialtone was down, and are to ring until they next do.
	grace = 5 * time.Minute
	// complainEvery is how often the log says that saving still fails.
	complainEvery = time.Minute
)

// load takes over what storage has.
func (r *Registrar) load() error {
	saved, err := r.store.Contacts()
	if err != nil {
		return fmt.Errorf("registrar: loading contacts: %w", err)
	}
	ch := &changes{now: time.Now()}
	dropped := 0
	oldest := ch.now.Add(-r.config().Registrar.MaxExpires.D())
	for _, c := range saved {
		flow, err := parseFlow(&c)
		if err != nil || c.Expires.Before(oldest) {
			r.markDirty(ch, c.ContactKey)
			dropped++
			continue
		}
		b := &binding{Contact: Contact{Contact: c}, uri: canonicalURI(c.URI), heard: c.Since, stored: c.Expires}
		b.setFlow(flow)
		if least := ch.now.Add(grace); b.Expires.Before(least) {
			b.Expires = least
		}
		r.add(ch, b)
	}
	if len(saved) > 0 {
		r.log.Info("phones known from before the restart", slog.Int("kept", len(saved)-dropped), slog.Int("dropped", dropped))
	}
	return nil
}

func parseFlow(c *storage.Contact) (Flow, error) {
	remote, err1 := netip.ParseAddrPort(c.Flow)
	local, err2 := netip.ParseAddrPort(c.Local)
	return Flow{Transport: c.Transport, Local: local, Remote: remote}.unmapped(), cmp.Or(err1, err2)
}

// markDirty has the contact of that key saved, or deleted when it is unknown by
// then. r.mu is held.
func (r *Registrar) markDirty(ch *changes, k storage.ContactKey) {
	if len(r.dirty) == 0 {
		r.since = ch.now
		ch.wake = true
	}
	r.dirty[k] = struct{}{}
}

// refreshed decides whether a contact of which only the expiry changed is to be
// saved. r.mu is held.
func (r *Registrar) refreshed(ch *changes, b *binding) {
	if b.Expires.After(b.stored) || b.stored.Sub(b.Expires) > 2*slack {
		r.markDirty(ch, b.ContactKey)
	}
}

func (r *Registrar) flushDue() {
	r.mu.RLock()
	due := len(r.dirty) > 0 && time.Since(r.since) >= saveEvery
	r.mu.RUnlock()
	if due {
		r.flush()
	}
}

// flush saves in one transaction what differs from storage. What cannot be saved
// is tried again with the next flush.
func (r *Registrar) flush() {
	changed, removed := r.takeDirty()
	if len(changed)+len(removed) == 0 {
		return
	}
	err := r.store.SaveContacts(changed, removed)
	if err == nil {
		r.complained = time.Time{}
		return
	}
	if time.Since(r.complained) >= complainEvery {
		r.complained = time.Now()
		r.log.Error("registrations could not be saved; they work, but a restart would lose them",
			slog.Int("contacts", len(changed)+len(removed)), slog.Any("error", err))
	}
	r.change(func(ch *changes) {
		for i := range changed {
			r.markDirty(ch, changed[i].ContactKey)
		}
		for _, k := range removed {
			r.markDirty(ch, k)
		}
	})
}

func (r *Registrar) takeDirty() (changed []storage.Contact, removed []storage.ContactKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k := range r.dirty {
		b := r.find(k)
		if b == nil {
			removed = append(removed, k)
			continue
		}
		b.stored = b.Expires.Add(slack)
		c := b.copy().Contact
		c.Expires = b.stored
		changed = append(changed, c)
	}
	clear(r.dirty)
	return changed, removed
}

// find is the contact of that key, or nil. r.mu is held.
func (r *Registrar) find(k storage.ContactKey) *binding {
	for _, b := range r.byExt[k.Extension] {
		if b.Binding == k.Binding {
			return b
		}
	}
	return nil
}
