package sipedge

import (
	"net/netip"
)

// path is a way to one far side.
type path interface {
	// write sends a message that is ready to go out.
	write([]byte) error
	// flow is how the far side was, or will be, heard.
	flow() Flow
	// watch has fail called when the path breaks, and keeps it open while it is
	// silent; unwatch ends that.
	watch(failer)
	unwatch(failer)
}

type failer interface{ fail(error) }

// udpPath sends from one of our sockets to one address. It never breaks.
type udpPath struct {
	sock *udpSocket
	// far is where answers go: it differs from f.Remote for a phone that sends
	// from one port and listens on another (§18.2.2).
	far netip.AddrPort
	f   Flow
}

func (p *udpPath) write(b []byte) error { return p.sock.send(b, p.far) }
func (p *udpPath) flow() Flow           { return p.f }
func (p *udpPath) watch(failer)         {}
func (p *udpPath) unwatch(failer)       {}
