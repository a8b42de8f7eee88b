package sipedge

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

func TestReach(t *testing.T) {
	b := start(t, setUp{})
	other := start(t, setUp{edge: always})
	for _, transport := range []string{"udp", "tcp"} {
		peer := Peer{Transport: transport, Addr: other.at(transport)}
		flow, err := b.Reach(t.Context(), peer)
		if err != nil || flow.Remote != peer.Addr || flow.Transport != transport {
			t.Fatalf("%s: %v, %v", transport, flow, err)
		}
		if again, err := b.Reach(t.Context(), peer); err != nil || again != flow {
			t.Errorf("%s: the second time %v (%v), want %v", transport, again, err, flow)
		}
		if err := b.Ping(flow); err != nil {
			t.Errorf("%s: ping: %v", transport, err)
		}
		tx, err := b.Request(t.Context(), ask(t, sip.INFO, "sip:x@telco.example"), flow)
		if err != nil {
			t.Fatal(err)
		}
		if res := wantResponse(t, tx); res.StatusCode != 200 {
			t.Errorf("%s: %v", transport, res)
		}
	}
	if _, err := b.Reach(t.Context(), Peer{Transport: "sctp", Addr: other.at("tcp")}); err == nil {
		t.Error("a transport that is not there")
	}
	if err := b.Ping(Flow{Transport: "tcp", Local: b.at("tcp"), Remote: netip.MustParseAddrPort("127.0.0.1:1")}); !errors.Is(err, ErrFlowGone) {
		t.Errorf("ping on a connection that is not there: %v", err)
	}
	b.stop()
	if _, err := b.Reach(t.Context(), Peer{Transport: "udp", Addr: other.at("udp")}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
}

func TestPingIsTwoLineEnds(t *testing.T) {
	b := start(t, setUp{})
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	flow, err := b.Reach(t.Context(), Peer{Transport: "udp", Addr: netip.MustParseAddrPort(c.LocalAddr().String())})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ping(flow); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 100)
	n, _, err := c.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "\r\n\r\n" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}
