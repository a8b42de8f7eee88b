package media

import (
	"testing"

	"dialtone/media/codec"
)

// kept is the packet that came last.
type kept struct {
	n int
	Packet
	payload string
}

// keeping is a sink that keeps it.
type keeping struct{ *kept }

func (k keeping) Packet(p *Packet) { k.n++; k.kept.Packet = *p; k.payload = string(p.Payload) }

func TestPipe(t *testing.T) {
	a, b := NewPipe()
	var atA, atB kept
	sinkB := keeping{&atB}
	a.SetSink(keeping{&atA})
	b.SetSink(sinkB)
	a.Write(codec.PCMU, []byte("before"), 160, true)
	if atB.n != 0 || a.Direction() != Inactive {
		t.Fatal("something passes before formats are agreed")
	}
	b.SetFormats([]codec.Format{codec.PCMA, codec.DTMF})
	a.WriteLevel(codec.PCMA, []byte("one"), 160, true, LevelAt(-20, true))
	first := atB.Packet
	a.Write(codec.PCMA, []byte("two"), 160, false)
	switch p := atB.Packet; {
	case atB.n != 2 || atB.payload != "two" || p.Seq != first.Seq+1 || p.Time != first.Time+160 || p.SSRC != first.SSRC:
		t.Errorf("got %d: %+v after %+v", atB.n, p, first)
	case !first.Marker || p.Marker || !first.Level.Known || p.Level.Known:
		t.Errorf("got %+v after %+v", p, first)
	case p.Format != &b.Formats()[0]:
		t.Error("its format is not one of the formats")
	}
	a.Write(codec.Opus, []byte("three"), 960, false)
	own := codec.DTMF
	own.PT = 99
	b.Forward(&Packet{Raw: []byte("raw"), Payload: []byte("key"), Format: &own, SSRC: 7, Seq: 9})
	b.Forward(&Packet{})
	if atA.n != 1 || atA.payload != "key" || atA.SSRC != 7 || atA.Format != &a.Formats()[1] {
		t.Errorf("forwarded: %+v", atA)
	}
	if s := a.Stats(); s.TxPackets != 2 || s.TxDropped != 2 || s.RxPackets != 1 || s.LastReceived.IsZero() || s.Codec != "PCMA/8000" {
		t.Errorf("%+v", s)
	}
	b.RemoveSink(keeping{&atA})
	a.Write(codec.PCMA, []byte("four"), 160, false)
	b.RemoveSink(sinkB)
	a.Write(codec.PCMA, []byte("five"), 160, false)
	if atB.payload != "four" {
		t.Errorf("heard %q last", atB.payload)
	}
}

func TestNoAllocationInAPipe(t *testing.T) {
	a, b := NewPipe()
	b.SetFormats([]codec.Format{codec.PCMA})
	b.SetSink(drop{})
	frame := make([]byte, 160)
	in := &Packet{Raw: frame, Payload: frame, Format: &b.Formats()[0]}
	a.Write(codec.PCMA, frame, 160, false)
	if n := testing.AllocsPerRun(100, func() { a.Write(codec.PCMA, frame, 160, false); a.Forward(in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type drop struct{}

func (drop) Packet(*Packet) {}
