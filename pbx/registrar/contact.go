package registrar

import (
	"net/netip"
	"slices"
	"time"

	"dialtone/storage"
)

// Flow is the way by which a phone is reached: where its REGISTER came from and
// which of our addresses received it (RFC 5626 §3).
type Flow struct {
	Transport string // "udp", "tcp", "tls", "ws", "wss"
	Local     netip.AddrPort
	Remote    netip.AddrPort
}

func (f Flow) String() string { return f.Transport + " " + f.Remote.String() }

// webSocket says whether the far side is a browser (RFC 7118).
func (f Flow) webSocket() bool { return f.Transport == "ws" || f.Transport == "wss" }

// unmapped is f with IPv4 addresses in IPv4 form.
func (f Flow) unmapped() Flow {
	f.Local = netip.AddrPortFrom(f.Local.Addr().Unmap(), f.Local.Port())
	f.Remote = netip.AddrPortFrom(f.Remote.Addr().Unmap(), f.Remote.Port())
	return f
}

// Status is what is known of a phone besides that it registered.
type Status uint8

// The states of a contact.
const (
	Unknown   Status = iota // never asked, or it never answered OPTIONS at all
	Reachable               // it answered the last time it was asked
	Lost                    // it did answer once and has stopped
	Gone                    // the connection that it registered over is closed
)

func (s Status) String() string {
	switch s {
	case Reachable:
		return "reachable"
	case Lost:
		return "lost"
	case Gone:
		return "gone"
	default:
		return "unknown"
	}
}

// Contact is one place where an extension can be reached.
type Contact struct {
	storage.Contact
	Peer     Flow // what Transport, Local and Flow of storage.Contact say
	Status   Status
	RTT      time.Duration // of the last answered OPTIONS; 0: none yet
	LastSeen time.Time     // last sign of life: REGISTER or an answer; zero since a restart
}

func (c Contact) String() string { return c.URI + " by " + c.Peer.String() }

// binding is a contact with what the registrar needs besides. Everything is
// guarded by Registrar.mu.
type binding struct {
	Contact
	uri    string    // canonical form of URI
	heard  time.Time // when it last registered
	stored time.Time // the expiry that storage has; zero: none
	misses int
	index  int // in expiryHeap
}

func (b *binding) copy() Contact {
	c := b.Contact
	c.Path = slices.Clone(c.Path)
	return c
}

// setFlow keeps f in both forms.
func (b *binding) setFlow(f Flow) {
	b.Peer = f
	b.Transport, b.Local, b.Flow = f.Transport, f.Local.String(), f.Remote.String()
}
