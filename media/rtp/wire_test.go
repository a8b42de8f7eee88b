package rtp

import (
	"net/netip"
	"testing"

	"dialtone/media"
)

// sentWire keeps what is sent.
type sentWire struct{ sent [][]byte }

func (w *sentWire) Send(b []byte) bool {
	w.sent = append(w.sent, append([]byte(nil), b...))
	return true
}
func (w *sentWire) Local() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:8444") }

// arrive lets b come over the wire.
func arrive(p *Port, b []byte) {
	a := NewArrival()
	p.Arrived(a, copy(a.Buffer(), b), netip.MustParseAddrPort("192.0.2.9:40000"))
}

// Nothing goes over a wire in clear, either way.
func TestWireWithoutKeysCarriesNothing(t *testing.T) {
	w, ph := &sentWire{}, &phone{t: t, seq: 7, ssrc: 5}
	p, err := newEngine(t, 2).OpenWire(w)
	if err != nil {
		t.Fatal(err)
	}
	configure(t, p, Params{Send: g711, Recv: g711, Direction: media.SendRecv})
	heard := 0
	p.SetSink(&sinkFunc{func(*media.Packet) { heard++ }})
	arrive(p, ph.packet(0, "hello"))
	arrive(p, []byte{0x80, typeRR, 0, 1, 0, 0, 0, 5})
	p.Write(g711[0], make([]byte, 160), 160, true)
	p.sendReport(false)
	if st := p.Stats(); heard > 0 || len(w.sent) > 0 || st.RxRejected != 2 || st.TxDropped != 1 {
		t.Fatalf("heard %d, sent %d, %+v", heard, len(w.sent), st)
	}

	const suite = "AEAD_AES_128_GCM"
	if err := p.SetKeys(*keys(suite, 1, 2)); err != nil {
		t.Fatal(err)
	}
	far, err := newCipher(nil, suite, master(suite, 1), replayWindow)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := far.seal(ph.packet(0, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	arrive(p, sealed)
	p.Write(g711[0], make([]byte, 160), 160, true)
	if st := p.Stats(); heard != 1 || len(w.sent) != 1 || !st.Encrypted || st.Remote.Port() != 40000 {
		t.Fatalf("heard %d, sent %d, %+v", heard, len(w.sent), st)
	}
	p.Close()
	if len(w.sent) != 2 {
		t.Error("it said no goodbye")
	}
	if err := p.SetKeys(*keys(suite, 1, 2)); err == nil {
		t.Error("a closed port took keys")
	}
}
