package sipua

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/sdp"
)

const cryptoLine = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"

// secured makes RTP/SAVP with a key of a plain description.
func secured(body string) string {
	return strings.Replace(body, "RTP/AVP", "RTP/SAVP", 1) + cryptoLine
}

func TestEncryptedOfferIsAnsweredEncryptedAndStaysSo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both, secured(plainSDP))
	if !leg.Media().Stats().Encrypted {
		t.Fatal("audio is not encrypted")
	}
	s.send("INVITE", sdpText(2, "sendrecv", "0", "8"))
	s.response(488)
	s.sendBranch("ACK", s.cseq, s.invite)
	leg.Near(want(media.SendOnly, both.Formats...))
	hold := s.request(sip.INVITE)
	if !strings.Contains(string(hold.Body()), "RTP/SAVP") || !strings.Contains(string(hold.Body()), "a=crypto:") {
		t.Fatalf("hold\n%s", hold.Body())
	}
	s.reply(hold, 200, "", secured(sdpText(3, "recvonly", "0", "8", "101")))
	s.request(sip.ACK)
	b.changed(leg)
	if !leg.Media().Stats().Encrypted {
		t.Fatal("encryption was lost on hold")
	}
}

func TestEncryptionPolicy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy string
		offer  string
		status int
	}{
		{"off", secured(plainSDP), 488},
		{"off", plainSDP, 200},
		{"optional", secured(plainSDP), 200},
		{"required", plainSDP, 488},
		{"required", secured(plainSDP), 200},
	} {
		t.Run(c.policy+strings.Fields(c.offer)[11], func(t *testing.T) {
			t.Parallel()
			b := newBed(t, func(cfg *config.Config) { cfg.Media.SRTP = c.policy })
			s := newSide(b.phone("100"), "100", "101")
			s.call(c.offer)
			leg := b.take().leg
			done := make(chan error, 1)
			go func() { done <- leg.Answer(context.Background(), both) }()
			if c.status == 200 {
				s.learn(s.response(200))
				s.ack()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				return
			}
			e := b.fails(<-done, dialplan.CauseNotAcceptable)
			leg.Hangup(e)
			if res := s.response(488); !strings.HasPrefix(value(res, "Warning"), "304") {
				t.Fatalf("488\n%v", res)
			}
		})
	}
}

func TestRequiredEncryptionIsOffered(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(cfg *config.Config) { cfg.Media.SRTP = "required" })
	p := b.phone("101")
	out := b.dial(context.Background(), "101", caller(), nil)
	req := p.request(sip.INVITE)
	if !strings.Contains(string(req.Body()), "RTP/SAVP") {
		t.Fatalf("offer\n%s", req.Body())
	}
	p.reply(req, 200, "callee", plainSDP) // in clear
	p.request(sip.ACK)
	p.reply(p.request(sip.BYE), 200, "")
	b.fails(b.wait(out).err, dialplan.CauseNotAcceptable)
}

// A phone on TLS that refuses encryption is tried in clear, once, when the policy
// leaves it the choice.
func TestOptionalEncryptionGivesWay(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	a := b.ua.newAudio(audioPath{bind: b.udp.Addr(), advertise: b.udp.Addr(), secure: true}, b.ua.audioOf("101"))
	defer a.close()
	offer := func() string {
		body, err := a.offer(both)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if !strings.Contains(offer(), "RTP/SAVP") {
		t.Fatal("nothing encrypted was offered over TLS")
	}
	if !a.unencrypted() || strings.Contains(offer(), "SAVP") || a.unencrypted() {
		t.Fatal("the second offer is not in clear, or there was a third")
	}
}

func TestAudioWithoutPorts(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP)
	c := b.take()
	b.ua.engine.Close()
	e := b.fails(c.leg.Answer(context.Background(), both), dialplan.CauseInternal)
	m := c.leg.Media()
	m.SetSink(nil)
	m.Forward(nil)
	m.Write(codec.PCMU, nil, 0, false)
	if m.Formats() != nil || m.Direction() != media.Inactive || m.Stats() != (media.Stats{}) {
		t.Fatal("a leg without a port claims to have one")
	}
	c.leg.Hangup(e)
	s.response(500)
}

func TestNewAudioNamesWhatIsConfigured(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(cfg *config.Config) { cfg.Media.Codecs = []string{"PCMA", "ILBC"} })
	a := b.ua.newAudio(audioPath{bind: b.udp.Addr(), advertise: b.udp.Addr()}, b.ua.audioOf("101"))
	defer a.close()
	var none *sdp.NoCommonFormatError
	if err := a.takeOffer([]byte(sdpText(1, "sendrecv", "0"))); !errors.As(err, &none) ||
		err.Error() != "no common codec: far side has PCMU/8000; here PCMA/8000, ILBC/8000" {
		t.Fatalf("error %v", err)
	}
}
