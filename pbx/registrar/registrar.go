package registrar

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/storage"
)

// Options are what a Registrar works with; all are needed.
type Options struct {
	Store  storage.Store
	Config func() *config.Config // the current one
	Log    *slog.Logger
}

// Registrar keeps the bindings of all extensions. Its methods are safe for
// concurrent use and do not wait for storage.
type Registrar struct {
	store  storage.Store
	config func() *config.Config
	log    *slog.Logger
	wake   chan struct{} // capacity 1: Run has something new to wait for

	mu     sync.RWMutex
	byExt  map[string][]*binding
	byFlow map[netip.AddrPort][]*binding // without those that are Gone
	expiry expiryHeap
	dirty  map[storage.ContactKey]struct{} // differ from storage
	since  time.Time                       // when dirty was last empty

	complained time.Time // when the log last said that saving fails; only Run uses it

	subscribersMu sync.Mutex
	subscribers   map[chan Event]struct{}
}

// New loads what was registered before. Nothing expires and nothing is saved
// until Run.
func New(o Options) (*Registrar, error) {
	r := &Registrar{
		store: o.Store, config: o.Config, log: o.Log,
		wake:        make(chan struct{}, 1),
		byExt:       map[string][]*binding{},
		byFlow:      map[netip.AddrPort][]*binding{},
		dirty:       map[storage.ContactKey]struct{}{},
		subscribers: map[chan Event]struct{}{},
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	return r, nil
}

// Run lets contacts expire and saves changes until ctx ends; then it saves once
// more and returns.
func (r *Registrar) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			r.flush()
			return
		case <-r.wake:
		case <-timer.C:
		}
		r.expire()
		r.flushDue()
		if wait, due := r.nextWait(); due {
			timer.Reset(wait)
		} else {
			timer.Stop()
		}
	}
}

// nextWait is how long until the next expiry or save; due is false when nothing
// is to come.
func (r *Registrar) nextWait() (wait time.Duration, due bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var next time.Time
	if len(r.expiry) > 0 {
		next = r.expiry[0].Expires
	}
	if len(r.dirty) > 0 {
		if save := r.since.Add(saveEvery); next.IsZero() || save.Before(next) {
			next = save
		}
	}
	return max(time.Until(next), 0), !next.IsZero()
}

// changes is what one pass under the lock leaves to be done after it.
type changes struct {
	now    time.Time
	events []Event
	wake   bool
}

// change runs fn under the lock and then tells everybody what it did.
func (r *Registrar) change(fn func(*changes)) {
	ch := &changes{now: time.Now()}
	r.mu.Lock()
	fn(ch)
	r.mu.Unlock()
	if ch.wake {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	r.publish(ch.events)
}

// add makes b known. r.mu is held.
func (r *Registrar) add(ch *changes, b *binding) {
	r.byExt[b.Extension] = append(r.byExt[b.Extension], b)
	r.byFlow[b.Peer.Remote] = append(r.byFlow[b.Peer.Remote], b)
	r.expiry.push(b)
	ch.wake = ch.wake || b.index == 0
}

// remove makes b unknown. r.mu is held.
func (r *Registrar) remove(ch *changes, b *binding) {
	if left := without(r.byExt[b.Extension], b); len(left) > 0 {
		r.byExt[b.Extension] = left
	} else {
		delete(r.byExt, b.Extension)
	}
	r.leaveFlow(b)
	r.expiry.remove(b)
	r.markDirty(ch, b.ContactKey)
}

func (r *Registrar) leaveFlow(b *binding) {
	if left := without(r.byFlow[b.Peer.Remote], b); len(left) > 0 {
		r.byFlow[b.Peer.Remote] = left
	} else {
		delete(r.byFlow, b.Peer.Remote)
	}
}

// without takes b out of list, in place; the order of the rest may change.
func without(list []*binding, b *binding) []*binding {
	for i, other := range list {
		if other == b {
			last := len(list) - 1
			list[i], list[last] = list[last], nil
			return list[:last]
		}
	}
	return list
}
