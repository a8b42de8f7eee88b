package sdp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

// near is what the PBX is ready to do in most tests.
func near(change ...func(*Local)) Local {
	l := Local{
		Addr: netip.MustParseAddr("192.0.2.1"), RTP: 30000, RTCP: 30001,
		Formats:   []codec.Format{codec.PCMU, codec.PCMA, codec.DTMF},
		Direction: media.SendRecv,
		Crypto:    CryptoOptional,
	}
	for _, c := range change {
		c(&l)
	}
	return l
}

func formats(fs ...codec.Format) func(*Local) { return func(l *Local) { l.Formats = fs } }
func policy(p CryptoPolicy) func(*Local)      { return func(l *Local) { l.Crypto = p } }
func direction(d media.Direction) func(*Local) {
	return func(l *Local) { l.Direction = d }
}
func offerCrypto(l *Local) { l.OfferCrypto = true }
func offerMux(l *Local)    { l.Mux = true }

// as is f with another payload type.
func as(f codec.Format, pt uint8) codec.Format { f.PT = pt; return f }

// with is f with other parameters.
func with(f codec.Format, fmtp string) codec.Format { f.Fmtp = fmtp; return f }

// body is a description of a phone at 198.51.100.7 with these lines after t=.
func body(lines ...string) []byte {
	return []byte("v=0\r\no=phone 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n" +
		strings.Join(lines, "\r\n") + "\r\n")
}

// answered lets a fresh Negotiator answer an offer.
func answeredOffer(t *testing.T, offer []byte, l Local) (*Negotiator, *Session, Agreed) {
	t.Helper()
	n := NewNegotiator(1)
	s, a := answerOn(t, n, offer, l)
	return n, s, a
}

func answerOn(t *testing.T, n *Negotiator, offer []byte, l Local) (*Session, Agreed) {
	t.Helper()
	if _, err := n.ReceiveOffer(offer); err != nil {
		t.Fatalf("ReceiveOffer: %v", err)
	}
	b, a, err := n.CreateAnswer(l)
	if err != nil {
		t.Fatalf("CreateAnswer: %v", err)
	}
	return parsed(t, b), a
}

func offerOn(t *testing.T, n *Negotiator, l Local) *Session {
	t.Helper()
	b, err := n.CreateOffer(l)
	if err != nil {
		t.Fatalf("CreateOffer: %v", err)
	}
	return parsed(t, b)
}

func receiveAnswer(t *testing.T, n *Negotiator, answer []byte) Agreed {
	t.Helper()
	a, err := n.ReceiveAnswer(answer)
	if err != nil {
		t.Fatalf("ReceiveAnswer: %v", err)
	}
	return a
}

func parsed(t *testing.T, b []byte) *Session {
	t.Helper()
	s, err := Parse(b)
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, b)
	}
	return s
}

// lines shows the m-lines of a description.
func lines(s *Session) []string {
	var ls []string
	for i := range s.Media {
		text, _, _ := strings.Cut(string(s.Media[i].append(nil)), "\r\n")
		ls = append(ls, strings.TrimPrefix(text, "m="))
	}
	return ls
}

// names shows formats as "PCMU/8000=0 ...".
func names(fs []codec.Format) string {
	var b []string
	for _, f := range fs {
		b = append(b, f.String()+"="+itoa(f.PT))
	}
	return strings.Join(b, " ")
}

func itoa(pt uint8) string {
	var m Media
	m.describe([]codec.Format{{Name: "X", Clock: 1, Channels: 1, PT: pt}})
	return m.Formats[0]
}

func equalLines(t *testing.T, s *Session, want ...string) {
	t.Helper()
	if got := lines(s); !slices.Equal(got, want) {
		t.Errorf("m-lines\n got %q\nwant %q", got, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
