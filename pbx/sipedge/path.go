package sipedge

import (
	"bytes"
	"net"
	"net/netip"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// path is a way to one far side, as sipgo's transactions write to it.
type path interface {
	sip.Connection
	// flow is how the far side was, or will be, heard.
	flow() Flow
	// watch has fail called when the path breaks; unwatch ends that.
	watch(failer)
	unwatch(failer)
}

type failer interface{ fail(error) }

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// udpPath sends from one of our sockets to one address. It never breaks.
type udpPath struct {
	sock *udpSocket
	// far is where answers go: it differs from f.Remote for a phone that sends
	// from one port and listens on another (§18.2.2).
	far netip.AddrPort
	f   Flow
}

func (p *udpPath) WriteMsg(m sip.Message) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	m.StringWrite(b)
	return p.sock.send(b.Bytes(), p.far)
}

func (p *udpPath) LocalAddr() net.Addr    { return net.UDPAddrFromAddrPort(p.f.Local) }
func (p *udpPath) Ref(int) int            { return 1 }
func (p *udpPath) TryClose() (int, error) { return 1, nil }
func (p *udpPath) Close() error           { return nil }
func (p *udpPath) flow() Flow             { return p.f }
func (p *udpPath) watch(failer)           {}
func (p *udpPath) unwatch(failer)         {}
