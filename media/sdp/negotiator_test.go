package sdp

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestStates(t *testing.T) {
	offer := body("m=audio 4000 RTP/AVP 0")
	type step struct {
		do   string
		err  error
		then Pending
	}
	for name, steps := range map[string][]step{
		"own offer":             {{"offer", nil, PendingSent}, {"receive answer", nil, PendingNone}},
		"their offer":           {{"receive offer", nil, PendingReceived}, {"answer", nil, PendingNone}},
		"nothing to answer":     {{"answer", ErrNoOffer, PendingNone}, {"receive answer", ErrNoOffer, PendingNone}},
		"glare":                 {{"offer", nil, PendingSent}, {"receive offer", ErrGlare, PendingSent}, {"receive answer", nil, PendingNone}},
		"own offer twice":       {{"offer", nil, PendingSent}, {"offer", ErrGlare, PendingSent}},
		"their offer twice":     {{"receive offer", nil, PendingReceived}, {"receive offer", ErrPending, PendingReceived}},
		"own during theirs":     {{"receive offer", nil, PendingReceived}, {"offer", ErrPending, PendingReceived}, {"answer", nil, PendingNone}},
		"own offer refused":     {{"offer", nil, PendingSent}, {"rollback", nil, PendingNone}, {"receive answer", ErrNoOffer, PendingNone}, {"receive offer", nil, PendingReceived}},
		"their offer refused":   {{"receive offer", nil, PendingReceived}, {"rollback", nil, PendingNone}, {"answer", ErrNoOffer, PendingNone}, {"offer", nil, PendingSent}},
		"answer comes again":    {{"offer", nil, PendingSent}, {"receive answer", nil, PendingNone}, {"receive answer", nil, PendingNone}},
		"answered again":        {{"receive offer", nil, PendingReceived}, {"answer", nil, PendingNone}, {"answer", nil, PendingNone}},
		"answered too late":     {{"receive offer", nil, PendingReceived}, {"answer", nil, PendingNone}, {"offer", nil, PendingSent}, {"answer", ErrNoOffer, PendingSent}},
		"answer after an offer": {{"offer", nil, PendingSent}, {"receive answer", nil, PendingNone}, {"receive offer", nil, PendingReceived}, {"receive answer", ErrNoOffer, PendingReceived}},
		"rollback of nothing":   {{"receive offer", nil, PendingReceived}, {"answer", nil, PendingNone}, {"rollback", nil, PendingNone}, {"answer", nil, PendingNone}},
	} {
		t.Run(name, func(t *testing.T) {
			n := NewNegotiator(1)
			for i, s := range steps {
				var err error
				switch s.do {
				case "offer":
					_, err = n.CreateOffer(near())
				case "receive offer":
					_, err = n.ReceiveOffer(offer)
				case "answer":
					_, _, err = n.CreateAnswer(near())
				case "receive answer":
					_, err = n.ReceiveAnswer(offer)
				case "rollback":
					n.Rollback()
				}
				if !errors.Is(err, s.err) || n.Pending() != s.then {
					t.Fatalf("step %d, %s: %v, %v; want %v, %v", i+1, s.do, err, n.Pending(), s.err, s.then)
				}
			}
		})
	}
}

func TestVersionGrowsWithEveryChange(t *testing.T) {
	n := NewNegotiator(7)
	version := func(s *Session) string { return s.Origin.ID + " " + s.Origin.Version }
	hold := near(direction(media.SendOnly))
	answer := body("m=audio 4000 RTP/AVP 0")

	equal(t, "first", version(offerOn(t, n, near())), "7 1")
	receiveAnswer(t, n, answer)
	equal(t, "the same again", version(offerOn(t, n, near())), "7 1")
	receiveAnswer(t, n, answer)
	equal(t, "hold", version(offerOn(t, n, hold)), "7 2")
	n.Rollback()
	equal(t, "hold refused, tried again", version(offerOn(t, n, hold)), "7 2")
	n.Rollback()
	equal(t, "not held after all", version(offerOn(t, n, near())), "7 3")
	receiveAnswer(t, n, answer)
	s, _ := answerOn(t, n, answer, near())
	equal(t, "answer with fewer formats", version(s), "7 4")
	s, _ = answerOn(t, n, answer, near())
	equal(t, "answer to a refresh", version(s), "7 4")
}

func TestSessionIDFitsASignedNumber(t *testing.T) {
	s := offerOn(t, NewNegotiator(math.MaxUint64), near())
	equal(t, "id", s.Origin.ID, "4611686018427387903")
}

func TestRollbackKeepsWhatWasAgreed(t *testing.T) {
	n, _, before := answeredOffer(t, body("m=audio 4000 RTP/AVP 0"), near())
	offerOn(t, n, near(direction(media.SendOnly), formats(codec.PCMA)))
	n.Rollback()
	if _, err := n.ReceiveOffer(body("m=audio 5000 RTP/AVP 8", "m=video 5002 RTP/AVP 31")); err != nil {
		t.Fatal(err)
	}
	n.Rollback()
	after, ok := n.Current()
	equal(t, "agreed", ok, true)
	equal(t, "send", names(after.Send), names(before.Send))
	equal(t, "direction", after.Direction, media.SendRecv)
	equal(t, "remote", after.RemoteRTP, before.RemoteRTP)
	equalLines(t, offerOn(t, n, near()), "audio 30000 RTP/AVP 0 8 101")
}

func TestCurrent(t *testing.T) {
	n := NewNegotiator(1)
	_, ok := n.Current()
	equal(t, "before the first answer", ok, false)
	_, a := answerOn(t, n, body(savp, cryptoAttr(1, cm80, 1)), near())

	t.Run("shares no memory", func(t *testing.T) {
		a.Send[0].PT, a.Crypto.RemoteKey[0] = 99, 99
		c, _ := n.Current()
		equal(t, "send", c.Send[0].PT, 0)
		equal(t, "key", c.Crypto.RemoteKey[0], 1)
		c.Recv[0].PT, c.Crypto.LocalSalt[0] = 99, c.Crypto.LocalSalt[0]+1
		d, _ := n.Current()
		equal(t, "receive", d.Recv[0].PT, 0)
		equal(t, "salt", d.Crypto.LocalSalt[0], c.Crypto.LocalSalt[0]-1)
	})
}

func TestFinalAnswerReplacesTheProvisionalOne(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near())
	receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 0"))
	a := receiveAnswer(t, n, body("m=audio 5000 RTP/AVP 8"))
	equal(t, "send", names(a.Send), "PCMA/8000=8")
	equal(t, "remote", a.RemoteRTP.Port(), 5000)

	n = NewNegotiator(1)
	s, _ := answerOn(t, n, body("m=audio 4000 RTP/AVP 0 8"), near(formats(codec.PCMU)))
	equal(t, "provisional", names(s.Media[0].formats(nil)), "PCMU/8000=0")
	b, a, err := n.CreateAnswer(near(formats(codec.PCMA)))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "final", names(a.Send), "PCMA/8000=8")
	equal(t, "version", parsed(t, b).Origin.Version, "2")
}

func TestRefreshIsRecognised(t *testing.T) {
	offer, hold := body("m=audio 4000 RTP/AVP 0"), body("m=audio 4000 RTP/AVP 0", "a=sendonly")
	n := NewNegotiator(1)
	receive := func(what string, b []byte, want bool) {
		t.Helper()
		r, err := n.ReceiveOffer(b)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, what, r.Unchanged, want)
	}
	receive("first", offer, false)
	_, _, _ = n.CreateAnswer(near())
	receive("hold", hold, false)
	n.Rollback()
	receive("hold again after it was refused", hold, false)
	n.Rollback()
	receive("what is in force", offer, true)
}

// Every early dialog of a forked INVITE answers the one offer by itself.
func TestClone(t *testing.T) {
	first := NewNegotiator(1)
	offerOn(t, first, near(formats(codec.Opus, codec.PCMU)))
	second := first.Clone()
	a := receiveAnswer(t, first, body("m=audio 4000 RTP/AVP 0"))
	b := receiveAnswer(t, second, body("m=audio 5000 RTP/AVP 111", "a=rtpmap:111 opus/48000/2"))
	equal(t, "first", names(a.Send), "PCMU/8000=0")
	equal(t, "second", names(b.Send), "OPUS/48000/2=111")

	offerOn(t, first, near(formats(as(speex, 120))))
	s := offerOn(t, second, near(formats(as(codec.Format{Name: "L16", Clock: 8000, Channels: 1}, 120))))
	equal(t, "payload types are apart", names(s.Media[0].formats(nil)), "L16/8000=120")
}

func TestErrorsChangeNothing(t *testing.T) {
	n, _, _ := answeredOffer(t, body("m=audio 4000 RTP/AVP 0"), near())
	for _, b := range [][]byte{nil, []byte("x"), body("m=video 4000 RTP/AVP 31"), body("m=audio x RTP/AVP 0")} {
		if _, err := n.ReceiveOffer(b); err == nil {
			t.Errorf("%q was read", b)
		}
		equal(t, "pending", n.Pending(), PendingNone)
	}
	offerOn(t, n, near())
	for _, b := range [][]byte{nil, []byte("x"), body("m=video 4000 RTP/AVP 31"), body("m=audio 4000 RTP/AVP 18")} {
		if _, err := n.ReceiveAnswer(b); err == nil {
			t.Errorf("%q was read", b)
		}
		equal(t, "pending", n.Pending(), PendingSent)
	}
	receiveAnswer(t, n, body("m=audio 4000 RTP/AVP 0"))
}

func TestOffersAreNotLongerThanAPacket(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near(offerCrypto, offerMux, formats(codec.Opus, codec.G722, codec.PCMU, codec.PCMA, codec.G729, codec.CN, codec.DTMF)))
	if len(n.sent) > 1000 {
		t.Errorf("%d bytes leave no room for SIP headers:\n%s", len(n.sent), n.sent)
	}
	if got := strings.Count(string(n.sent), "\r\n"); got != len(slices.Collect(strings.Lines(string(n.sent)))) {
		t.Error("a line ends without CRLF")
	}
}
