package testphone

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// wire is the phone's side of the network: a socket or a listener with the
// connections made by either side. It hands every message on in the order in
// which its flow delivered it.
type wire struct {
	proto   string // "UDP", "TCP", "TLS"
	pc      *net.UDPConn
	ln      net.Listener
	tls     *tls.Config
	trace   *trace
	deliver func(sip.Message, *flow)
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup

	mu    sync.Mutex
	flows map[string]*flow // by remote address
}

// flow is one way to a peer: its address over UDP, else a connection.
type flow struct {
	w    *wire
	addr netip.AddrPort
	conn net.Conn
	dead atomic.Bool // the connection is closed
	mu   sync.Mutex  // one writer at a time
}

// openWire listens on ip, on a free port when port is 0.
func openWire(proto string, ip netip.Addr, port int, conf *tls.Config, tr *trace, deliver func(sip.Message, *flow)) (*wire, error) {
	w := &wire{proto: proto, tls: conf, trace: tr, deliver: deliver, flows: map[string]*flow{}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	at := netip.AddrPortFrom(ip, uint16(port))
	var err error
	switch proto {
	case "UDP":
		if w.pc, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)); err == nil {
			_ = w.pc.SetReadBuffer(1 << 20)
		}
	case "TCP":
		w.ln, err = net.Listen("tcp", at.String())
	case "TLS":
		w.ln, err = tls.Listen("tcp", at.String(), conf)
	default:
		err = fmt.Errorf("transport %q is none of udp, tcp, tls", proto)
	}
	if err != nil {
		w.cancel()
		return nil, err
	}
	return w, nil
}

// start begins to read; what arrived before is not lost.
func (w *wire) start() {
	if w.ln != nil {
		w.wg.Go(w.accept)
	} else {
		w.wg.Go(w.readPackets)
	}
}

// local is where the phone listens.
func (w *wire) local() netip.AddrPort {
	if w.pc != nil {
		return w.pc.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return w.ln.Addr().(*net.TCPAddr).AddrPort()
}

func (w *wire) close() {
	w.cancel()
	if w.pc != nil {
		_ = w.pc.Close()
	} else {
		_ = w.ln.Close()
	}
	w.dropAll()
	w.wg.Wait()
}

// dropAll closes all connections.
func (w *wire) dropAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, f := range w.flows {
		if f.conn != nil {
			f.dead.Store(true)
			_ = f.conn.Close()
		}
		delete(w.flows, key)
	}
}

// to gives the flow to addr, making a connection when there is none.
func (w *wire) to(addr netip.AddrPort) (*flow, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.flows[addr.String()]; f != nil {
		return f, nil
	}
	if w.pc != nil {
		f := &flow{w: w, addr: addr}
		w.flows[addr.String()] = f
		return f, nil
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(w.ctx, "tcp", addr.String())
	if err != nil {
		return nil, err
	}
	if w.proto == "TLS" {
		client := tls.Client(conn, w.tls)
		if err := client.HandshakeContext(w.ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = client
	}
	return w.connected(conn, addr), nil
}

// connected keeps a new connection and reads from it; mu is held.
func (w *wire) connected(conn net.Conn, addr netip.AddrPort) *flow {
	f := &flow{w: w, addr: addr, conn: conn}
	w.flows[addr.String()] = f
	w.wg.Go(f.read)
	return f
}

func (w *wire) accept() {
	for {
		conn, err := w.ln.Accept()
		if err != nil {
			return
		}
		addr := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		w.mu.Lock()
		if w.ctx.Err() != nil {
			_ = conn.Close()
		} else {
			w.connected(conn, addr)
		}
		w.mu.Unlock()
	}
}

func (w *wire) readPackets() {
	parser := sip.NewParser()
	buf := make([]byte, 65535)
	for {
		n, from, err := w.pc.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || len(strings.TrimSpace(string(buf[:n]))) == 0 {
			continue // a refused port, or a keep-alive
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		data := make([]byte, n)
		copy(data, buf)
		w.trace.add("<", from.String(), string(data))
		msg, err := parser.ParseSIP(data)
		if err != nil {
			w.trace.note("not understood: %v", err)
			continue
		}
		f, _ := w.to(from)
		w.arrived(msg, f)
	}
}

func (w *wire) arrived(msg sip.Message, f *flow) {
	msg.SetTransport(w.proto)
	msg.SetSource(f.addr.String())
	w.deliver(msg, f)
}

func (f *flow) read() {
	defer f.lost()
	stream := sip.NewParser().NewSIPStream()
	defer stream.Close()
	buf := make([]byte, 65535)
	for {
		n, err := f.conn.Read(buf)
		if err != nil {
			return
		}
		if stream.Buffer().Len() == 0 && len(strings.TrimSpace(string(buf[:n]))) == 0 {
			f.w.trace.note("keep-alive of %d octets", n)
			continue
		}
		err = stream.ParseSIPStream(buf[:n], func(msg sip.Message) {
			f.w.trace.add("<", f.addr.String(), msg.String())
			f.w.arrived(msg, f)
		})
		if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
			f.w.trace.note("not understood: %v", err)
			return
		}
	}
}

func (f *flow) lost() {
	f.dead.Store(true)
	_ = f.conn.Close()
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if f.w.flows[f.addr.String()] == f {
		delete(f.w.flows, f.addr.String())
		f.w.trace.note("connection to %s closed", f.addr)
	}
}

// WriteMsg sends one message.
func (f *flow) WriteMsg(m sip.Message) error {
	return f.write([]byte(m.String()))
}

func (f *flow) write(data []byte) error {
	if f.dead.Load() { // over a new connection, then
		again, err := f.w.to(f.addr)
		if err != nil {
			return err
		}
		f = again
	}
	f.w.trace.add(">", f.addr.String(), string(data))
	if f.conn == nil {
		_, err := f.w.pc.WriteToUDPAddrPort(data, f.addr)
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, err := f.conn.Write(data)
	return err
}

// LocalAddr is the phone's end of the flow.
func (f *flow) LocalAddr() net.Addr {
	if f.conn != nil {
		return f.conn.LocalAddr()
	}
	return f.w.pc.LocalAddr()
}

// Ref, TryClose and Close leave the flow alone: it lives as long as the phone.
func (f *flow) Ref(int) int            { return 1 }
func (f *flow) TryClose() (int, error) { return 1, nil }
func (f *flow) Close() error           { return nil }

// Certificate makes a self-signed one that is good for an hour, for phones that are called over TLS.
func Certificate(ip netip.Addr) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	tmpl := x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{ip.AsSlice()},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &tmpl, &tmpl, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
