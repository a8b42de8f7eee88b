package media

import (
	"errors"
	"testing"
	"time"

	"dialtone/media/codec"
)

func numbered(f codec.Format, pt uint8) codec.Format { f.PT = pt; return f }

func TestBridgeRelaysOrConverts(t *testing.T) {
	u, a := codec.PCMU, codec.PCMA
	for _, c := range []struct {
		name    string
		to      []codec.Format
		sent    codec.Format
		want    codec.Format
		changed bool
	}{
		{"same codec", []codec.Format{u}, u, u, false},
		{"other payload type", []codec.Format{numbered(u, 97)}, u, u, false},
		{"to A-law", []codec.Format{a, codec.DTMF}, u, a, true},
		{"to µ-law", []codec.Format{codec.G722, u}, a, u, true},
		{"both are known", []codec.Format{u, a}, a, a, false},
		{"dynamic µ-law to A-law", []codec.Format{a}, numbered(u, 99), a, true},
		{"event beside conversion", []codec.Format{a, codec.DTMF}, codec.DTMF, codec.DTMF, false},
		{"another codec beside conversion", []codec.Format{a, codec.Opus}, codec.Opus, codec.Opus, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := &fake{formats: []codec.Format{u, a, codec.Opus, codec.DTMF}}
			to := &fake{formats: c.to}
			b, err := Bridge(from, to)
			if err != nil {
				t.Fatal(err)
			}
			from.arrives(&c.sent, "abc")
			got := to.forwarded[0]
			if !got.Format.Same(c.want) || (string(got.Payload) != "abc") != c.changed {
				t.Errorf("%v arrived as %v with %q (%v)", c.sent, got.Format, got.Payload, b)
			}
			b.Close()
			if from.sink != nil || to.sink != nil {
				t.Error("sinks stay after Close")
			}
		})
	}
}

func TestBridgeDecidesAnewWhenAPayloadTypeChangesItsMeaning(t *testing.T) {
	from, to := &fake{formats: []codec.Format{codec.PCMU}}, &fake{formats: []codec.Format{codec.PCMA}}
	if _, err := Bridge(from, to); err != nil {
		t.Fatal(err)
	}
	u, a := numbered(codec.PCMU, 100), numbered(codec.PCMA, 100)
	from.arrives(&u, "abc")
	from.arrives(&a, "abc")
	if string(to.forwarded[0].Payload) == "abc" || string(to.forwarded[1].Payload) != "abc" {
		t.Errorf("forwarded %q and %q", to.forwarded[0].Payload, to.forwarded[1].Payload)
	}
	from.arrives(nil, "abc")
	if len(to.forwarded) != 3 || to.forwarded[2].Format != nil {
		t.Error("a packet of an unknown format is not left to the endpoint")
	}
}

func TestNoCommonCodec(t *testing.T) {
	opus, gsm := []codec.Format{codec.Opus, codec.DTMF}, []codec.Format{codec.GSM, codec.DTMF}
	for _, c := range []struct {
		name string
		a, b []codec.Format
		want string
	}{
		{"one cannot be made", opus, gsm, "no common codec: OPUS/48000/2 met GSM/8000"},
		{"neither can be made", []codec.Format{codec.G729}, gsm, "no common codec: G729/8000 met GSM/8000"},
		{"only events in common", gsm, []codec.Format{codec.DTMF}, "no common codec: GSM/8000 cannot be made here, only OPUS, G722, PCMA, PCMU"},
		{"before an answer", nil, gsm, "no common codec: nothing met GSM/8000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := &fake{formats: c.a}, &fake{formats: c.b}
			_, err := Bridge(a, b)
			var no *NoCommonCodecError
			if !errors.As(err, &no) || err.Error() != c.want {
				t.Errorf("error is %v, want %s", err, c.want)
			}
			if a.sink != nil || b.sink != nil {
				t.Error("sinks were set")
			}
		})
	}
}

func TestEchoReturnsPackets(t *testing.T) {
	e := &fake{formats: []codec.Format{codec.PCMU}}
	stop := Echo(e)
	f := codec.PCMU
	e.arrives(&f, "hello")
	stop()
	e.arrives(&f, "nobody")
	if len(e.forwarded) != 1 || string(e.forwarded[0].Payload) != "hello" {
		t.Errorf("forwarded %+v", e.forwarded)
	}
}

// A far side may want shorter packets while less than a long one waits.
func TestShorterPacketsAreAskedFor(t *testing.T) {
	for _, c := range []struct {
		name   string
		packet Packet // behind the change
	}{
		{"behind a pause", Packet{Format: &codec.PCMU, Seq: 2, Time: 3200}},
		{"and noise", Packet{Format: &codec.CN, Seq: 2, Time: 3200}},
		{"at once", Packet{Format: &codec.PCMU, Seq: 2, Time: 320}},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := &fake{formats: []codec.Format{codec.PCMU, codec.CN}}
			to := &fake{formats: []codec.Format{codec.G722}, ptime: 60 * time.Millisecond}
			b, err := Bridge(from, to)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for i := range 2 {
				from.sink.Packet(&Packet{Format: &codec.PCMU, Seq: uint16(i), Time: uint32(160 * i), Payload: make([]byte, 160)})
			}
			to.ptime = 10 * time.Millisecond
			c.packet.Payload = make([]byte, 160)
			from.sink.Packet(&c.packet)
			if len(to.forwarded) < 5 {
				t.Fatalf("%d packets, want 4 of what waited and more", len(to.forwarded))
			}
			for i, p := range to.forwarded[:4] {
				if len(p.Payload) != 80 || p.Time != to.forwarded[0].Time+uint32(80*i) {
					t.Errorf("packet %d has %d bytes at %d", i, len(p.Payload), p.Time)
				}
			}
		})
	}
}
