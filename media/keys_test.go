package media

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media/codec"
)

// presser makes the packets of keys as a phone would; how it differs from what
// RFC 4733 says is in its fields.
type presser struct {
	format    codec.Format
	audio     int // clock of the timestamps; 0: that of format
	seq       uint16
	stamp     uint32
	packets   int  // of 20 ms, of each key
	gap       int  // of 20 ms, behind each key
	ends      int  // how often the end is sent
	markers   int  // how many packets of a key have the marker
	running   bool // the timestamp goes on within a key
	standing  bool // the timestamp never changes
	zeroFirst bool // the first duration is 0
}

func usual() presser {
	return presser{format: codec.DTMF, seq: 65530, stamp: 0xffffff00, packets: 5, gap: 3, ends: 3, markers: 1}
}

// key is one key.
func (s *presser) key(digit byte) (out []Packet) {
	step := uint32(s.format.Clock / 50)
	code := byte(strings.IndexByte(Keypad, digit))
	first := s.stamp
	send := func(n int, end bool) {
		payload := []byte{code, 10, 0, 0}
		duration := uint32(n) * step
		if s.zeroFirst {
			duration -= step
		}
		// After 8 s a key goes on as another, with a timestamp of its own.
		stamp := first + duration/0xffff*0xffff
		binary.BigEndian.PutUint16(payload[2:], uint16(duration%0xffff))
		if s.running {
			stamp = first + duration
		}
		if end {
			payload[1] |= 0x80
		}
		out = append(out, Packet{Payload: payload, Format: &s.format, SSRC: 7, Time: stamp, Seq: s.seq, Marker: n <= s.markers})
		s.seq++
	}
	for n := 1; n <= s.packets; n++ {
		send(n, false)
	}
	for range s.ends {
		send(s.packets+1, true)
	}
	if s.audio > 0 {
		step = uint32(s.audio / 50)
	}
	if !s.standing {
		s.stamp += uint32(s.packets+1+s.gap) * step
	}
	s.seq += uint16(s.gap) // audio
	return out
}

// keys are the packets of several.
func (s *presser) keys(digits string) (out []Packet) {
	for _, d := range []byte(digits) {
		out = append(out, s.key(d)...)
	}
	return out
}

// taken is what waits.
func taken(k *Keys) string {
	var out []byte
	for {
		key, ok := k.Take(Keypad)
		if !ok {
			return string(out)
		}
		out = append(out, key.Digit)
	}
}

func TestEveryKeyCountsOnce(t *testing.T) {
	const digits = "1123*##0A5550"
	for name, change := range map[string]func(*presser){
		"as RFC 4733 says":                   func(*presser) {},
		"no marker":                          func(s *presser) { s.markers = 0 },
		"the marker on every packet":         func(s *presser) { s.markers = 100 },
		"the marker on three packets":        func(s *presser) { s.markers = 3 },
		"keys of 40 ms, 40 ms apart":         func(s *presser) { s.packets, s.gap = 1, 2 },
		"no end":                             func(s *presser) { s.ends = 0 },
		"one end":                            func(s *presser) { s.ends = 1 },
		"nothing but the ends":               func(s *presser) { s.packets = 0 },
		"nothing but one end":                func(s *presser) { s.packets, s.ends = 0, 1 },
		"the first duration is 0":            func(s *presser) { s.zeroFirst = true },
		"the timestamp runs on":              func(s *presser) { s.running = true },
		"the timestamp runs on, no marker":   func(s *presser) { s.running, s.markers = true, 0 },
		"the timestamp stands still":         func(s *presser) { s.standing = true },
		"it stands still, and has no marker": func(s *presser) { s.standing, s.markers = true, 0 },
		"48 kHz":                             func(s *presser) { s.format.Clock = 48000 },
		"48 kHz beside G.711":                func(s *presser) { s.format.Clock, s.audio = 48000, 8000 },
		"48 kHz beside G.711, no marker":     func(s *presser) { s.format.Clock, s.audio, s.markers = 48000, 8000, 0 },
		"48 kHz beside G.711, no end":        func(s *presser) { s.format.Clock, s.audio, s.ends = 48000, 8000, 0 },
		"8 kHz beside Opus":                  func(s *presser) { s.format.Clock, s.audio = 8000, 48000 },
		"held for 20 s":                      func(s *presser) { s.packets = 1000 },
		"held for 20 s, no marker":           func(s *presser) { s.packets, s.markers = 1000, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			phone, k := usual(), NewKeys()
			change(&phone)
			packets := phone.keys(digits)
			for _, p := range packets {
				k.Packet(&p)
			}
			if got := taken(k); got != digits {
				t.Errorf("got %s, want %s", got, digits)
			}
		})
		t.Run(name+", each packet twice and some late", func(t *testing.T) {
			phone, k := usual(), NewKeys()
			change(&phone)
			packets := phone.keys(digits)
			for i := range packets {
				k.Packet(&packets[i])
				k.Packet(&packets[i])
				if i > 2 && !phone.standing { // there is no telling those apart
					k.Packet(&packets[i-2])
				}
			}
			if got := taken(k); got != digits {
				t.Errorf("got %s, want %s", got, digits)
			}
		})
	}
}

func TestSixtyKeysWithTenPercentLoss(t *testing.T) {
	const keypad = Keypad
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		phone, k := usual(), NewKeys()
		if seed%2 == 1 {
			phone.markers = 0
		}
		var want, got []byte
		for range 60 {
			d := keypad[r.IntN(len(keypad))]
			if len(want) > 0 && r.IntN(2) == 0 {
				d = want[len(want)-1] // the same key again is the hardest
			}
			want = append(want, d)
			for _, p := range phone.key(d) {
				if r.IntN(10) > 0 {
					k.Packet(&p)
				}
			}
			got = append(got, taken(k)...)
		}
		if string(got) != string(want) {
			t.Errorf("seed %d: got\n%s, want\n%s", seed, got, want)
		}
	}
}

func TestHowLongAKeyWasHeld(t *testing.T) {
	phone, k := usual(), NewKeys()
	phone.packets = 1000
	for i, p := range phone.key('5') {
		k.Packet(&p)
		if i == 10 {
			break
		}
	}
	if key, ok := k.First(); !ok || key.Digit != '5' || key.Held != 220*time.Millisecond {
		t.Errorf("got %+v, %v", key, ok)
	}
	for _, p := range phone.key('6') { // held until its end
		k.Packet(&p)
	}
	k.Take(Keypad)
	if key, _ := k.Take(Keypad); key.Digit != '6' || key.Held != 1001*20*time.Millisecond {
		t.Errorf("got %+v", key)
	}
}

func TestBothWaysTellOfOneKey(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct{ name, did, want string }{
		{"the event first", "e5 i5", "5"},
		{"the INFO first", "i5 e5", "5"},
		{"each key both ways", "e1 i1 e2 i2 e2 i2", "122"},
		{"the INFOs behind", "e1 e2 e2 i1 i2 i2", "122"},
		{"the same key three times", "i5 e5 e5 i5 e5 i5", "555"},
		{"other keys", "e1 i2", "12"},
		{"only INFOs", "i5 i5 i5", "555"},
		{"only events", "e5 e5 e5", "555"},
		{"two keys, far apart", "e5 wait i5", "55"},
		{"long after it began, soon after its end", "h5 i5", "5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				phone, k := usual(), NewKeys()
				for _, did := range strings.Fields(c.did) {
					phone.packets = 5
					switch did[0] {
					case 'w':
						time.Sleep(lateness + ms)
					case 'i':
						k.Press(did[1], 160*ms, ByInfo)
					case 'h':
						phone.packets = 200
						fallthrough
					case 'e':
						for _, p := range phone.key(did[1]) {
							k.Packet(&p)
							time.Sleep(20 * ms)
						}
					}
				}
				if got := taken(k); got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestKeysWaitInABoundedQueue(t *testing.T) {
	k := NewKeys()
	for i := range 100 {
		k.Press(Keypad[i%10], 0, ByInfo)
	}
	select {
	case <-k.Pressed():
	default:
		t.Error("nobody was told")
	}
	if got := taken(k); got != strings.Repeat("0123456789", 4)[:maxKeys] {
		t.Errorf("got %q", got)
	}
	if _, ok := k.First(); ok {
		t.Error("a key is left")
	}
}

func TestTakeSomeKeys(t *testing.T) {
	k := NewKeys()
	for _, d := range []byte("12#3#x") {
		k.Press(d, 0, ByInfo)
	}
	var got []byte
	for {
		key, ok := k.Take("#3")
		if !ok {
			break
		}
		got = append(got, key.Digit)
	}
	if string(got) != "#3#" || taken(k) != "12" {
		t.Errorf("got %s", got)
	}
	k.Press('1', 0, ByInfo)
	k.Clear()
	if taken(k) != "" {
		t.Error("keys are left")
	}
}

func TestAKeyIsHeldUntilNothingIsHeardOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, k := usual(), NewKeys()
		if d := k.Release(); d != 0 {
			t.Errorf("before: %v", d)
		}
		for _, p := range phone.key('4') {
			k.Packet(&p)
		}
		if d := k.Release(); d != 0 {
			t.Errorf("after the third end: %v", d)
		}
		phone.ends = 2
		for _, p := range phone.key('5') {
			time.Sleep(20 * time.Millisecond)
			k.Packet(&p)
			if d := k.Release(); d != 60*time.Millisecond {
				t.Errorf("held: %v", d)
			}
		}
		k.Clear()
		time.Sleep(59 * time.Millisecond)
		if d := k.Release(); d != time.Millisecond {
			t.Errorf("a moment later: %v", d)
		}
		time.Sleep(time.Millisecond)
		if d := k.Release(); d != 0 {
			t.Errorf("then: %v", d)
		}
	})
}

func TestWhoWaitsForTheReleaseOfAKeyIsTold(t *testing.T) {
	phone, k := usual(), NewKeys()
	packets := phone.key('4')
	for i, p := range packets {
		select {
		case <-k.Released():
			t.Fatalf("before packet %d of %d", i, len(packets))
		default:
		}
		k.Packet(&p)
	}
	select {
	case <-k.Released():
	default:
		t.Error("nobody was told")
	}
}

func TestOnlyEventsAreKeys(t *testing.T) {
	k := NewKeys()
	audio, event := codec.PCMU, codec.DTMF
	for _, p := range []Packet{
		{Payload: []byte{1, 10, 0, 160}, Format: &audio},
		{Payload: []byte{1, 10, 0, 160}},
		{Payload: []byte{1, 10, 0}, Format: &event},
		{Payload: []byte{16, 10, 0, 160}, Format: &event}, // a flash
		{Payload: []byte{255, 10, 0, 160}, Format: &event},
	} {
		k.Packet(&p)
	}
	if got := taken(k); got != "" {
		t.Errorf("got %q", got)
	}
}

// benchPackets is a second of audio with a key in it.
func benchPackets() []Packet {
	phone, audio := usual(), codec.PCMU
	out := phone.key('5')
	for range 42 {
		out = append(out, Packet{Payload: make([]byte, 160), Format: &audio})
	}
	return out
}

func TestKeysAllocateNothing(t *testing.T) {
	packets, k := benchPackets(), NewKeys()
	shift := uint32(0)
	if a := testing.AllocsPerRun(100, func() {
		for i := range packets {
			p := packets[i]
			p.Time += shift
			k.Packet(&p)
		}
		shift += 8000
		k.Take(Keypad)
	}); a != 0 {
		t.Errorf("%v allocations a second", a)
	}
}

func BenchmarkKeys(b *testing.B) {
	packets, k := benchPackets(), NewKeys()
	b.ReportAllocs()
	for b.Loop() {
		for i := range packets {
			k.Packet(&packets[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(packets)), "ns/packet")
}

func FuzzKeys(f *testing.F) {
	phone := usual()
	var seed []byte
	for _, p := range phone.keys("15#") {
		seed = binary.BigEndian.AppendUint32(seed, p.Time)
		seed = append(binary.BigEndian.AppendUint16(seed, p.Seq), p.Payload...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		k := NewKeys()
		format := codec.DTMF
		count := 0
		for chunk := range slices.Chunk(data, 10) {
			if len(chunk) < 10 {
				chunk = append(slices.Clone(chunk), make([]byte, 10)...)[:6]
			}
			p := Packet{Time: binary.BigEndian.Uint32(chunk), Seq: binary.BigEndian.Uint16(chunk[4:]), Payload: chunk[6:], Format: &format}
			k.Packet(&p)
			k.Packet(&p)
			count++
		}
		if got := taken(k); len(got) > min(count, maxKeys) || strings.Trim(got, Keypad) != "" {
			t.Errorf("%d packets gave %q", count, got)
		}
	})
}
