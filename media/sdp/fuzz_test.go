package sdp

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func addPhones(f *testing.F, add func([]byte)) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(phones, "*.sdp"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
}

// What was read and written again reads the same.
func FuzzParse(f *testing.F) {
	addPhones(f, func(b []byte) { f.Add(b) })
	f.Add([]byte("v=0\r\no= a b 1 2 IN IP6 ::1\r\nm=audio 0/3 RTP/AVP\r\nc=IN IP6 [::1]/9\r\na=:x\r\na= y : z"))
	f.Fuzz(func(t *testing.T, in []byte) {
		first, err := Parse(in)
		if err != nil {
			return
		}
		second, err := Parse(first.Bytes())
		if err != nil {
			t.Fatalf("%v in\n%q", err, first.Bytes())
		}
		for i := range first.Media {
			first.Media[i].line, second.Media[i].line = 0, 0
		}
		if !reflect.DeepEqual(first, second) {
			t.Errorf("read %+v\nthen %+v", first, second)
		}
	})
}

// No offer or answer, whatever it holds and whenever it comes, does harm; an
// answer to it can be read, and has as many m-lines.
func FuzzReceive(f *testing.F) {
	addPhones(f, func(b []byte) { f.Add(b, b, uint8(0)) })
	f.Fuzz(func(t *testing.T, first, second []byte, how uint8) {
		n := NewNegotiator(1)
		for i, in := range [][]byte{first, second} {
			l := near(policy(CryptoPolicy(how>>i&3%3)), formats(codec.Opus, codec.PCMU, codec.CN, codec.DTMF), showing(media.SendRecv))
			if how>>6&1 == 1 {
				l.WebRTC = ice("ours")
			}
			if how>>(4+i)&1 == 1 {
				if _, err := n.CreateOffer(l); err == nil {
					if _, err = n.ReceiveAnswer(in); err != nil {
						n.Rollback()
					}
				}
				continue
			}
			if _, err := n.ReceiveOffer(in); err != nil {
				continue
			}
			b, _, err := n.CreateAnswer(l)
			if err != nil {
				n.Rollback()
				continue
			}
			offer, _ := Parse(in)
			equal(t, "m-lines", len(parsed(t, b).Media), len(offer.Media))
		}
	})
}

// fuzzSide makes what one side wants out of the fuzzer's bytes.
type fuzzSide struct{ rest []byte }

func (s *fuzzSide) next() byte {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b
}

func (s *fuzzSide) local() Local {
	known := []codec.Format{
		codec.PCMU, codec.PCMA, codec.Opus, codec.G722, codec.G729, speex, codec.CN, codec.DTMF,
		{Name: "AMR", PT: 97, Clock: 8000, Channels: 1, Fmtp: "octet-align=1"},
		events48,
	}
	l := near(formats(codec.PCMU))
	how := s.next()
	l.Direction = media.Direction{Send: how&1 == 0, Recv: how&2 == 0}
	l.OfferCrypto, l.Mux, l.FollowOffer = how&4 != 0, how&8 != 0, how&16 != 0
	l.Crypto = CryptoPolicy(how >> 5 % 3)
	l.Ptime = int(s.next()%4) * 10
	l.RTP, l.RTCP = 30000+2*uint16(s.next()), 0
	if how&128 != 0 {
		l.Addr = netip.MustParseAddr("2001:db8::1")
	}
	for range s.next() % 8 {
		b := s.next()
		l.Formats = append(l.Formats, as(known[int(b)%len(known)], s.next()%128))
	}
	if s.next()&1 == 1 {
		l.Formats = l.Formats[1:]
	}
	if how := s.next(); how&1 == 1 {
		l.Video = &LocalVideo{RTP: 30002, RTCP: 30003, Formats: VideoFormats(), Direction: media.Direction{Send: how&2 == 0, Recv: how&4 == 0}}
		if how&8 != 0 {
			l.Video.Formats = l.Video.Formats[how>>4&1:][:1]
		}
	}
	return l
}

// Whatever two Dialtones want of each other, they agree on the same thing, and
// keep the rules of RFC 3264 §8 from one description to the next.
func FuzzNegotiate(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x24\x02\x10\x04\x00\x00\x02\x6f\x07\x65\x01\x08\x00\x20\x02\x10\x03\x02\x60\x00\x00\x07\x62\x00"))
	f.Add([]byte("\x00\x00\x00\x07\x01\x00\x02\x60\x05\x60\x07\x60\x08\x61\x09\x61\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"))
	f.Add(bytes.Repeat([]byte{0x2c, 1, 2, 5, 2, 99, 0, 3}, 12))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := fuzzSide{in}
		sides := [2]*fuzzedNegotiator{{n: NewNegotiator(1)}, {n: NewNegotiator(2)}}
		for range 8 {
			from, to := sides[s.next()&1], sides[0]
			if from == to {
				to = sides[1]
			}
			exchange(t, from, to, s.local(), s.local())
		}
	})
}

type fuzzedNegotiator struct {
	n       *Negotiator
	last    []byte
	types   [128]string
	secured bool
	lines   int // m-lines that were agreed on
}

// exchange makes one offer and its answer, or two refusals.
func exchange(t *testing.T, from, to *fuzzedNegotiator, offerer, answerer Local) {
	t.Helper()
	offer, err := from.n.CreateOffer(offerer)
	if err != nil {
		return
	}
	from.sent(t, offer)
	if _, err := to.n.ReceiveOffer(offer); err != nil {
		t.Fatalf("own offer cannot be read: %v\n%s", err, offer)
	}
	answer, b, err := to.n.CreateAnswer(answerer)
	if err != nil {
		from.n.Rollback()
		to.n.Rollback()
		return
	}
	to.sent(t, answer)
	a, err := from.n.ReceiveAnswer(answer)
	if err != nil {
		t.Fatalf("own answer cannot be read: %v\n%s\n%s", err, offer, answer)
	}
	consistent(t, a, b)
	for _, s := range []*fuzzedNegotiator{from, to} {
		if s.secured && a.Crypto == nil {
			t.Error("downgraded")
		}
		s.secured, s.lines = a.Crypto != nil, len(parsed(t, answer).Media)
	}
}

// consistent checks that both sides understood the same.
func consistent(t *testing.T, a, b Agreed) {
	t.Helper()
	equal(t, "a sends what b receives", fmt.Sprint(a.Send), fmt.Sprint(b.Recv))
	equal(t, "b sends what a receives", fmt.Sprint(b.Send), fmt.Sprint(a.Recv))
	equal(t, "direction", a.Direction, b.Direction.Reverse())
	equal(t, "mux", a.Mux, b.Mux)
	equal(t, "video", a.Video != nil, b.Video != nil)
	if a.Video != nil && b.Video != nil {
		equal(t, "video that a sends", names(a.Video.Send), names(b.Video.Recv))
		equal(t, "video that b sends", names(b.Video.Send), names(a.Video.Recv))
		equal(t, "direction of video", a.Video.Direction, b.Video.Direction.Reverse())
		equal(t, "video is encrypted as the audio", a.Video.Crypto == nil, a.Crypto == nil)
	}
	if len(a.Send) == 0 || !a.RemoteRTP.IsValid() || !b.RemoteRTP.IsValid() {
		t.Error("nothing agreed")
	}
	if (a.Crypto == nil) != (b.Crypto == nil) {
		t.Fatal("one side encrypts")
	}
	if a.Crypto == nil {
		return
	}
	x, y := a.Crypto, b.Crypto
	if x.Suite != y.Suite || !bytes.Equal(x.LocalKey, y.RemoteKey) || !bytes.Equal(x.LocalSalt, y.RemoteSalt) ||
		!bytes.Equal(x.RemoteKey, y.LocalKey) || !bytes.Equal(x.RemoteSalt, y.LocalSalt) {
		t.Error("keys differ")
	}
}

// sent checks a description against those before it.
func (f *fuzzedNegotiator) sent(t *testing.T, body []byte) {
	t.Helper()
	s := parsed(t, body)
	for _, g := range s.Media[0].formats(nil) {
		if was := f.types[g.PT]; was != "" && was != g.String() {
			t.Errorf("payload type %d was %s and is %s", g.PT, was, g)
		}
		f.types[g.PT] = g.String()
	}
	if f.last != nil {
		was := parsed(t, f.last)
		before, _ := strconv.Atoi(was.Origin.Version)
		now, _ := strconv.Atoi(s.Origin.Version)
		changed := 0
		if !bytes.Equal(body, f.last) {
			changed = 1
		}
		equal(t, "version", now, before+changed)
	}
	if len(s.Media) < f.lines {
		t.Errorf("%d m-lines, %d were agreed on", len(s.Media), f.lines)
	}
	f.last = body
}
