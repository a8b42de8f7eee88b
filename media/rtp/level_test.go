package rtp

import (
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// agree lets a port and its phone tell levels in extension id.
func agree(id uint8, d media.Direction) func(*Params) {
	return func(p *Params) { p.Levels = media.Levels{ID: id, Direction: d, Voice: true} }
}

// withExtension is a packet of ph with a header extension.
func (ph *phone) withExtension(pt uint8, payload, extension string) []byte {
	b := ph.packet(pt, "")
	b[0] |= 0x10
	b = append(b, extension...)
	return append(b, payload...)
}

func TestLevelsAreWritten(t *testing.T) {
	loud := media.LevelAt(-33.2, true)
	for _, test := range []struct {
		name      string
		levels    media.Levels
		level     media.Loudness
		extension string
	}{
		{"agreed", media.Levels{ID: 3, Direction: media.SendRecv}, loud, "\xbe\xde\x00\x01\x30\xa1\x00\x00"},
		{"no speech", media.Levels{ID: 3, Direction: media.SendRecv}, media.LevelAt(-200, false), "\xbe\xde\x00\x01\x30\x7f\x00\x00"},
		{"unknown", media.Levels{ID: 3, Direction: media.SendRecv}, media.Loudness{}, ""},
		{"not wanted", media.Levels{ID: 3, Direction: media.RecvOnly}, loud, ""},
		{"not agreed", media.Levels{}, loud, ""},
	} {
		for _, suite := range append([]string{""}, Suites()...) {
			t.Run(test.name+" "+suite, func(t *testing.T) {
				var s *secured
				c := newCall(t, loopback4, func(a, _ *Params) {
					a.Levels = test.levels
					if suite != "" {
						s = newSecured(t, suite, 1, 2)
						a.Crypto = keys(suite, 1, 2)
					}
				})
				c.toAlice.WriteLevel(codec.PCMU, []byte("payload"), 160, false, test.level)
				raw := c.alice.read(c.alice.rtp)
				var payload string
				if s != nil {
					payload = s.open(t, raw)
				} else {
					payload = string(raw[headerSize:])
				}
				if payload != test.extension+"payload" {
					t.Errorf("got %q, want %q", payload, test.extension+"payload")
				}
				if has := raw[0]&0x10 != 0; has != (test.extension != "") {
					t.Errorf("the header says %#x", raw[0])
				}
			})
		}
	}
}

func TestLevelsAreRead(t *testing.T) {
	for _, test := range []struct {
		name, extension string
		levels          media.Levels
		want            media.Loudness
	}{
		{"speech", "\xbe\xde\x00\x01\x10\x94\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}, media.Loudness{Known: true, Voice: true, Below: 20}},
		{"noise", "\xbe\xde\x00\x01\x10\x14\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}, media.Loudness{Known: true, Below: 20}},
		{"from one that cannot tell", "\xbe\xde\x00\x01\x10\x14\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{Known: true, Voice: true, Below: 20}},
		{"behind another", "\xbe\xde\x00\x02\x22abc\x00\x10\x94\x00", media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}, media.Loudness{Known: true, Voice: true, Below: 20}},
		{"another only", "\xbe\xde\x00\x01\x20\x94\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{}},
		{"of two bytes", "\x10\x00\x00\x01\x01\x01\x14\x00", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{}},
		{"cut short", "\xbe\xde\x00\x01\x2f\x94\x10\x10", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{}},
		{"the end marker", "\xbe\xde\x00\x02\xf0\x00\x10\x94\x00\x00\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{}},
		{"not agreed", "\xbe\xde\x00\x01\x10\x94\x00\x00", media.Levels{}, media.Loudness{}},
		{"not this way", "\xbe\xde\x00\x01\x10\x94\x00\x00", media.Levels{ID: 1, Direction: media.SendOnly}, media.Loudness{}},
		{"empty", "\xbe\xde\x00\x00", media.Levels{ID: 1, Direction: media.SendRecv}, media.Loudness{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCall(t, loopback4, func(a, _ *Params) { a.Levels = test.levels })
			got := make(chan media.Packet, 1)
			c.toAlice.SetSink(&sinkFunc{func(p *media.Packet) { got <- media.Packet{Level: p.Level, Payload: append([]byte{}, p.Payload...)} }})
			c.alice.sendRaw(c.toAlice, c.alice.withExtension(0, "payload", test.extension))
			if p := <-got; p.Level != test.want || string(p.Payload) != "payload" {
				t.Errorf("got %+v and %q, want %+v", p.Level, p.Payload, test.want)
			}
		})
	}
}

// The numbers of extensions are agreed with each phone by itself.
func TestExtensionsAreNotPassedOn(t *testing.T) {
	const both = "\xbe\xde\x00\x02\x10\x94\x22abc\x00\x00"
	for _, test := range []struct {
		name           string
		alice, bob     media.Levels
		extension, got string
	}{
		{"bob wants none", media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}, media.Levels{}, both, ""},
		{"alice's are unknown", media.Levels{}, media.Levels{ID: 5, Direction: media.SendRecv}, both, ""},
		{"both", media.Levels{ID: 1, Direction: media.SendRecv, Voice: true}, media.Levels{ID: 5, Direction: media.SendRecv}, both, "\xbe\xde\x00\x01\x50\x94\x00\x00"},
		{"no room", media.Levels{ID: 1, Direction: media.SendRecv}, media.Levels{ID: 5, Direction: media.SendRecv}, "\xbe\xde\x00\x00", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCall(t, loopback4, func(a, b *Params) { a.Levels, b.Levels = test.alice, test.bob })
			c.alice.sendRaw(c.toAlice, c.alice.withExtension(0, "payload", test.extension))
			if raw := c.bob.read(c.bob.rtp); string(raw[headerSize:]) != test.got+"payload" {
				t.Errorf("bob got %q, want %q", raw[headerSize:], test.got+"payload")
			}
		})
	}
}

func TestNoAllocationPerLevel(t *testing.T) {
	skipUnderRaceDetector(t)
	c := newCall(t, loopback4, func(a, b *Params) { agree(1, media.SendRecv)(a); agree(2, media.SendRecv)(b) })
	frame := make([]byte, 160)
	write := func() { c.toBob.WriteLevel(codec.PCMU, frame, 160, false, media.LevelAt(-20, true)) }
	write()
	if a := testing.AllocsPerRun(100, write); a != 0 {
		t.Errorf("%v allocations per frame, want 0", a)
	}
	fl := &flow{call: c, worker: newWorker(), packet: c.alice.withExtension(0, string(frame), "\xbe\xde\x00\x01\x10\x94\x00\x00")}
	fl.worker.from.set(addr(c.alice.rtp))
	fl.pass()
	if a := testing.AllocsPerRun(100, fl.pass); a != 0 {
		t.Errorf("%v allocations per packet that is relayed, want 0", a)
	}
}
