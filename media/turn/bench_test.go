package turn

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// sink counts what arrives, and sends the same back.
type sink struct{}

func (sink) Ours(netip.Addr) bool { return true }

func (sink) Open(_, _ netip.AddrPort, out func([]byte) bool) (Way, bool) { return sinkWay{out}, true }

type sinkWay struct{ out func([]byte) bool }

func (w sinkWay) Received(b []byte) { w.out(b) }
func (sinkWay) Close()              {}

// BenchmarkRelayed is what a packet costs there and back through the relay, with what a
// client by TCP spends on it. "direct" is the same by UDP without a relay.
func BenchmarkRelayed(b *testing.B) {
	packet := make([]byte, 172)
	for _, network := range []string{"tcp", "udp"} {
		b.Run(network, func(b *testing.B) {
			bed := newBed(b, func(s *Settings) { s.Rate = 0 })
			bed.server.Far = sink{}
			conn := bed.allocate(bed.welcome(network, "100"))
			peer, buf := net.UDPAddrFromAddrPort(ours), make([]byte, 1500)
			pair := func() {
				_ = conn.SetReadDeadline(time.Now().Add(patience))
				if _, err := conn.WriteTo(packet, peer); err != nil {
					b.Fatal(err)
				}
				if _, _, err := conn.ReadFrom(buf); err != nil {
					b.Fatal(err)
				}
			}
			pair()
			pair() // by a channel from now on
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				pair()
			}
		})
	}
	b.Run("direct", func(b *testing.B) {
		far, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 1500)
			for {
				n, from, err := far.ReadFrom(buf)
				if err != nil {
					return
				}
				_, _ = far.WriteTo(buf[:n], from)
			}
		}()
		near, err := net.Dial("udp", far.LocalAddr().String())
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 1500)
		b.ReportAllocs()
		for range b.N {
			if _, err := near.Write(packet); err != nil {
				b.Fatal(err)
			}
			if _, err := near.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
		_, _ = near.Close(), far.Close()
		<-done
	})
}
