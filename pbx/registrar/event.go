package registrar

import (
	"log/slog"
	"time"
)

// EventKind is what happened to a contact.
type EventKind uint8

// The kinds of events.
const (
	Registered   EventKind = iota // a new contact
	Moved                         // a known contact registered from another address
	Unregistered                  // by the phone, or to make room for another
	Expired                       // not refreshed in time
	Answers                       // became Reachable
	Silent                        // became Lost
	Closed                        // became Gone
)

func (k EventKind) String() string {
	switch k {
	case Registered:
		return "registered"
	case Moved:
		return "moved"
	case Unregistered:
		return "unregistered"
	case Expired:
		return "expired"
	case Answers:
		return "reachable"
	case Silent:
		return "lost"
	default:
		return "connection closed"
	}
}

// Event says what happened to a contact.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Contact Contact
	Reason  string // of Unregistered, when it was not the phone's wish
}

// eventBacklog is how many events wait for a subscriber that is slow.
const eventBacklog = 256

// Subscribe gives the events from now on, until stop is called. A subscriber that
// does not read loses the newest; it can look at All.
func (r *Registrar) Subscribe() (events <-chan Event, stop func()) {
	ch := make(chan Event, eventBacklog)
	r.subscribersMu.Lock()
	defer r.subscribersMu.Unlock()
	r.subscribers[ch] = struct{}{}
	return ch, func() {
		r.subscribersMu.Lock()
		defer r.subscribersMu.Unlock()
		delete(r.subscribers, ch)
	}
}

// note keeps an event until publish, since nobody is told under the lock.
func (ch *changes) note(kind EventKind, b *binding, reason string) {
	ch.events = append(ch.events, Event{Kind: kind, Time: ch.now, Contact: b.copy(), Reason: reason})
}

// publish logs events and hands them to subscribers. It does not block.
func (r *Registrar) publish(events []Event) {
	if len(events) == 0 {
		return
	}
	for i := range events {
		r.logEvent(&events[i])
	}
	r.subscribersMu.Lock()
	defer r.subscribersMu.Unlock()
	for ch := range r.subscribers {
		for _, e := range events {
			select {
			case ch <- e:
			default:
			}
		}
	}
}

func (r *Registrar) logEvent(e *Event) {
	log := r.log.With("extension", e.Contact.Extension, "phone", e.Contact.Peer.String())
	switch e.Kind {
	case Registered:
		log.Info("phone registered", e.bound()...)
	case Moved:
		log.Info("phone moved", e.bound()...)
	case Unregistered:
		if e.Reason != "" {
			log = log.With("because", e.Reason)
		}
		log.Info("phone unregistered")
	case Expired:
		log.Info("phone expired")
	case Answers:
		log.Info("phone reachable", "rtt", e.Contact.RTT.Round(100*time.Microsecond))
	case Silent:
		log.Info("phone lost")
	case Closed:
		log.Info("phone connection closed")
	}
}

// bound says for the log what a phone has registered.
func (e *Event) bound() []any {
	return []any{
		slog.String("uri", e.Contact.URI), slog.String("agent", e.Contact.UserAgent),
		slog.Duration("expires", e.Contact.Expires.Sub(e.Time).Round(time.Second)),
	}
}
