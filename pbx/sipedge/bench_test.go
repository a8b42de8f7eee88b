package sipedge

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

var invite = strings.Replace(request("INVITE", 1,
	"Supported: 100rel, timer, replaces\r\n", "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n",
	"User-Agent: Phone/1.0\r\n", "Content-Type: application/sdp\r\n"),
	"Content-Length: 0\r\n\r\n", "Content-Length: 150\r\n\r\n"+strings.Repeat("a=x\r\n", 30), 1)

func BenchmarkParse(b *testing.B) {
	text := []byte(invite)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if m := parseDatagram(text); m.fault != nil {
			b.Fatal(m.fault)
		}
	}
}

// BenchmarkParseSipgo is the measure: the same message through sipgo's parser.
func BenchmarkParseSipgo(b *testing.B) {
	text := []byte(invite)
	p := sip.NewParser()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.ParseSIP(text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRequest is the whole way of a request inside of the edge: admission,
// parser, validation, transaction, lane, handler, answer, socket.
func BenchmarkRequest(b *testing.B) {
	done := make(chan struct{})
	e := start(b, setUp{
		options: func(o *Options) { o.Limits.Transactions = 1 << 30 },
		edge: func(e *Edge) {
			e.Handle(sip.REGISTER, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
				_ = e.Respond(tx, e.response(req, 200, "OK"))
				tx.Terminate()
				done <- struct{}{}
			})
		},
	})
	e.cfg.SIP.RatePerSource = 1e9
	sock := e.addrs.socket(e.at("udp"))
	from := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 9)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		sock.datagram(from, []byte(request("REGISTER", i)))
		<-done
	}
}

// BenchmarkRefused is what an attacker's garbage costs.
func BenchmarkRefused(b *testing.B) {
	e := start(b, setUp{edge: always})
	e.cfg.SIP.RatePerSource = 10
	sock := e.addrs.socket(e.at("udp"))
	from := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 9)
	for _, c := range []struct{ name, text string }{{"over-rate", request("INVITE", 1)}, {"garbage", fmt.Sprint("x", strings.Repeat("y", 500))}} {
		b.Run(c.name, func(b *testing.B) {
			if c.name == "garbage" {
				e.cfg.SIP.RatePerSource = 0
				e.compiled.Store(nil)
			}
			text := []byte(c.text)
			b.ReportAllocs()
			for b.Loop() {
				sock.datagram(from, text)
			}
		})
	}
}
