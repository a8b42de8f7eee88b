package turn

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/turn/v5"
)

const (
	// longest is how long credentials are good for a relayed address that they were used
	// for in time: a call does not end because they do.
	longest = 12 * time.Hour
	// maxChannels is how many peers one client may want to reach by a number: each of them
	// has to be looked through for each packet.
	maxChannels = 64
)

// door is who comes in by a line, and what they have got.
type door struct {
	server *Server
	line   line
	realm  string
	last   login // of whose request the library deals with; its reading goroutine only

	mu     sync.Mutex
	closed bool
	relays map[netip.AddrPort]*relay // by client
}

// login is who has sent a request.
type login struct {
	source   netip.AddrPort
	username string
}

// authenticate gives the user and the key that a request has to be signed with.
func (d *door) authenticate(r *turn.RequestAttributes) (user string, key []byte, ok bool) {
	now := d.server.Settings()
	d.last = login{addrPort(r.SrcAddr), r.Username}
	user, until, ok := parse(r.Username)
	if !ok || now.Secret == "" || r.Realm != d.realm || time.Now().After(until) && !d.continues(until) {
		d.wrong(r.SrcAddr)
		return "", nil, false
	}
	return user, turn.GenerateAuthKey(r.Username, d.realm, Password(now.Secret, r.Username)), true
}

// continues says whether who has a relayed address asks about that, with the credentials
// that he had got it with.
func (d *door) continues(until time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.relays[d.last.source]
	return r != nil && r.username == d.last.username && time.Since(until) < longest
}

// checked takes note of whether a request was signed as it should be.
func (d *door) checked(source, _ net.Addr, _, _, _, _ string, right bool) {
	if !right {
		d.wrong(source)
	}
}

func (d *door) wrong(source net.Addr) {
	from := addrPort(source).Addr()
	count, most := d.server.failures.add(from, time.Now()), d.server.Settings().Failures
	if most > 0 && count >= most {
		if count == most {
			d.server.Log.Warn("too many wrong credentials for the relay, wrong ones are not answered for a while", slog.String("source", from.String()))
		}
		d.line.refuse(source)
	}
}

// permit says whether a client may send to an address.
func (d *door) permit(client net.Addr, peer net.IP) bool {
	a, ok := netip.AddrFromSlice(peer)
	if ok = ok && d.server.Far.Ours(a.Unmap()); !ok {
		d.server.Log.Debug("the relay reaches nothing but Dialtone", slog.String("from", client.String()), slog.String("asked", peer.String()))
	}
	return ok
}

// room says whether a user may have another relayed address.
func (d *door) room(user, _ string, source net.Addr) bool {
	if d.server.full(user) {
		d.server.Log.Warn("no relayed address: there are too many, or the user has too many", slog.String("user", user), slog.String("from", source.String()))
		return false
	}
	return true
}

// channel ends a client that has too many.
func (d *door) channel(source, _ net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
	d.mu.Lock()
	r := d.relays[addrPort(source)]
	many := false
	if r != nil {
		r.channels++
		many = r.channels > maxChannels
	}
	d.mu.Unlock()
	if many {
		_ = r.conn.Close()
	}
}

// Refusals of what nobody needs who wants audio.
var (
	errNoTCP  = errors.New("TCP is not relayed (RFC 6062)")
	errNoEven = errors.New("pairs of ports are not relayed")
	errFull   = errors.New("too many relayed addresses")
)

// Validate implements turn.RelayAddressGenerator.
func (d *door) Validate() error { return nil }

// AllocateListener implements turn.RelayAddressGenerator.
func (d *door) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn implements turn.RelayAddressGenerator.
func (d *door) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// AllocatePacketConn implements turn.RelayAddressGenerator: it makes a relayed address.
func (d *door) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.UserID == "" || c.RequestedPort != 0 {
		return nil, nil, errNoEven
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || !d.server.take(c.UserID) {
		return nil, nil, errFull
	}
	r := &relay{door: d, user: c.UserID, login: d.last}
	at := netip.AddrPortFrom(shown(d.line.LocalAddr(), c.Network == "udp6"), uint16(1024+rand.IntN(1<<16-1024)))
	r.conn = newRelayConn(d.server.Far, at, d.server.Settings().Rate, r.forget)
	d.relays[r.source] = r
	d.line.hold(r.source, true)
	return r.conn, net.UDPAddrFromAddrPort(at), nil
}

// close lets go of what is left.
func (d *door) close() {
	d.mu.Lock()
	d.closed = true
	var left []*relay
	for _, r := range d.relays {
		left = append(left, r)
	}
	d.mu.Unlock()
	for _, r := range left {
		_ = r.conn.Close()
	}
}

// relay is a relayed address of a client.
type relay struct {
	door *door
	user string
	login
	conn     *relayConn
	channels int // that were made; door.mu guards it
}

// forget is called once, when the relayed address is no more.
func (r *relay) forget() {
	r.door.server.give(r.user)
	r.door.mu.Lock()
	defer r.door.mu.Unlock()
	if r.door.relays[r.source] == r {
		delete(r.door.relays, r.source)
		r.door.line.hold(r.source, false)
	}
}

// shown is an address for what has none: that by which the client came, if it is of the
// right family.
func shown(local net.Addr, six bool) netip.Addr {
	a := addrPort(local).Addr()
	switch {
	case a.IsValid() && a.Is6() == six:
		return a
	case six:
		return netip.IPv6Loopback()
	default:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		ap = a.AddrPort()
	case *net.TCPAddr:
		ap = a.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
