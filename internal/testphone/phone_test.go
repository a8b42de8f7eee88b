package testphone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is two phones that call each other directly.
func pair(t *testing.T, a, b Options) (alice, bob *Phone) {
	t.Helper()
	a.Extension, b.Extension = "100", "101"
	return New(t, a), New(t, b)
}

// talk sets up a call between two phones, answered and acknowledged.
func talk(t *testing.T, alice, bob *Phone) (out, in *Call) {
	t.Helper()
	ctx := t.Context()
	out = alice.Dial(ctx, bob.URI())
	in = bob.NextCall(ctx)
	in.Ring()
	out.WaitRinging(ctx)
	in.Answer()
	out.WaitAnswered(ctx)
	in.WaitAnswered(ctx)
	return out, in
}

func TestTwoPhonesTalk(t *testing.T) {
	gcm := []string{"AEAD_AES_256_GCM"}
	cm := []string{"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"}
	for name, o := range map[string][2]Options{
		"udp":           {{}, {}},
		"tcp":           {{Transport: "tcp"}, {Transport: "tcp"}},
		"tls":           {{Transport: "tls"}, {Transport: "tls"}},
		"srtp":          {{SRTP: cm}, {SRTP: cm[1:]}},
		"srtp gcm":      {{SRTP: append(gcm, cm...)}, {SRTP: gcm}},
		"PCMA":          {{Codecs: []string{"PCMA"}}, {}},
		"60 ms packets": {{Ptime: 60}, {}},
		"late offer":    {{LateOffer: true}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alice, bob := pair(t, o[0], o[1])
			ctx := t.Context()
			out, in := talk(t, alice, bob)
			out.Speak(440)
			in.Speak(660)
			in.Hears(ctx, 440)
			out.Hears(ctx, 660)
			if want := len(o[0].SRTP) > 0; out.Encrypted() != want || in.Encrypted() != want {
				t.Errorf("encrypted: %v and %v, want %v", out.Encrypted(), in.Encrypted(), want)
			}
			if h := in.Heard(); h.Garbled > 0 || h.Lost > 0 || len(h.SSRCs) != 1 {
				t.Errorf("the callee's audio: %+v", h)
			}
			out.Speak(0)
			in.HearsNothing(ctx)
			in.Hangup()
			if e := out.WaitEnded(ctx); !e.Far || e.Method != "BYE" {
				t.Errorf("the caller's end: %s", e)
			}
		})
	}
}

func TestCallsThatAreNotAnswered(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*Call)
		want int
	}{
		{"busy", (*Call).Busy, 486},
		{"declined", (*Call).Decline, 603},
		{"unavailable", func(c *Call) { c.Reject(480) }, 480},
		{"redirected", func(c *Call) { c.Redirect("sip:102@example.com") }, 302},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			alice, bob := pair(t, Options{}, Options{})
			out := alice.Dial(t.Context(), bob.URI())
			c.do(bob.NextCall(t.Context()))
			if e := out.WaitEnded(t.Context()); e.Status != c.want {
				t.Errorf("the caller's end: %s, want %d", e, c.want)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{})
	out := alice.Dial(t.Context(), bob.URI())
	in := bob.NextCall(t.Context())
	in.RingTimes(12)
	out.WaitRinging(t.Context())
	out.Cancel()
	if e := out.WaitEnded(t.Context()); e.Status != 487 {
		t.Errorf("the caller's end: %s, want 487", e)
	}
	if e := in.WaitEnded(t.Context()); e.Method != "CANCEL" || !e.Far {
		t.Errorf("the callee's end: %s, want CANCEL by the far side", e)
	}
	if in.TryAnswer() {
		t.Error("a cancelled call can be answered")
	}
}

func TestAnswerThatCrossesTheCancelIsHungUp(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{IgnoreCancel: true})
	out := alice.Dial(t.Context(), bob.URI())
	in := bob.NextCall(t.Context())
	in.Ring()
	out.WaitRinging(t.Context())
	out.Cancel()
	in.WaitRequest(t.Context(), "CANCEL")
	in.Answer()
	in.WaitRequest(t.Context(), "ACK")
	if e := in.WaitEnded(t.Context()); e.Method != "BYE" {
		t.Errorf("the callee's end: %s, want BYE", e)
	}
}

func TestHoldAndResume(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{})
	ctx := t.Context()
	out, in := talk(t, alice, bob)
	out.Speak(440)
	in.Speak(660)
	for range 3 {
		out.Hold(ctx)
		out.HearsNothing(ctx)
		in.Hears(ctx, 440)
		if out.Direction() != "sendonly" || in.Direction() != "recvonly" {
			t.Fatalf("on hold: %s and %s", out.Direction(), in.Direction())
		}
		out.Resume(ctx)
		out.Hears(ctx, 660)
		in.Hears(ctx, 440)
	}
	in.Renegotiate(ctx, Reinvite{NoSDP: true})
	in.Renegotiate(ctx, Reinvite{Update: true})
	out.Hears(ctx, 660)
	in.Hears(ctx, 440)
	if invites, updates := out.Reinvites(); invites != 1 || updates != 1 {
		t.Errorf("the caller got %d re-INVITEs and %d UPDATEs, want one of each", invites, updates)
	}
}

func TestGlareIsTriedAgain(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{})
	_, in := talk(t, alice, bob)
	alice.Calls()[0].RefuseReinvites(491)
	if r, err := in.Offer(t.Context(), Reinvite{Direction: "sendonly", NoRetry: true}); err != nil || r.Status != 491 {
		t.Fatalf("the re-INVITE was answered %s, %v, want 491", r, err)
	}
	alice.Calls()[0].RefuseReinvites(491)
	in.Hold(t.Context())
}

func TestDigitsAndInfo(t *testing.T) {
	alice, bob := pair(t, Options{DTMF: 96}, Options{DTMF: 101})
	ctx := t.Context()
	out, in := talk(t, alice, bob)
	out.SendDTMF("159*#")
	in.WaitDigits(ctx, "159*#")
	in.SendDTMF("0D")
	out.WaitDigits(ctx, "0D")
	if types := in.Heard().Types; types[101] == 0 {
		t.Errorf("payload types that the callee got: %v, want its own 101 among them", types)
	}
	if r := out.SendInfo(ctx, "application/dtmf-relay", "Signal=5\r\n"); r.Status != 200 {
		t.Errorf("INFO was answered %s", r)
	}
	if i := in.WaitInfo(ctx); i.ContentType != "application/dtmf-relay" || i.Body != "Signal=5\r\n" {
		t.Errorf("INFO arrived as %+v", i)
	}
}

func TestEarlyMediaIsHeardBeforeTheAnswer(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{EarlyMedia: true})
	out := alice.Dial(t.Context(), bob.URI())
	in := bob.NextCall(t.Context())
	in.Ring()
	in.Speak(425)
	out.WaitStatus(t.Context(), 183)
	out.Hears(t.Context(), 425)
	if out.Answered() {
		t.Error("the call counts as answered")
	}
	out.Hangup()
	in.WaitEnded(t.Context())
}

func TestReliableProvisionals(t *testing.T) {
	alice, bob := pair(t, Options{Supports100rel: true}, Options{Reliable: true})
	out := alice.Dial(t.Context(), bob.URI())
	in := bob.NextCall(t.Context())
	in.Ring()
	in.WaitRequest(t.Context(), "PRACK")
	if r := out.WaitStatus(t.Context(), 180); r.Header("RSeq") != "1" {
		t.Errorf("RSeq is %q", r.Header("RSeq"))
	}
	if rack := in.Got("PRACK", "RAck"); rack != "1 1 INVITE" {
		t.Errorf("RAck is %q", rack)
	}
	in.Answer()
	out.WaitAnswered(t.Context())
}

func TestSessionTimerIsNegotiated(t *testing.T) {
	alice, bob := pair(t, Options{SessionExpires: 2, Refresher: "uac"}, Options{})
	out, in := talk(t, alice, bob)
	if s, who := out.SessionTimer(); s != 2 || who != "near" {
		t.Errorf("the caller's session timer: %d s, refreshed by %s", s, who)
	}
	if s, who := in.SessionTimer(); s != 2 || who != "far" {
		t.Errorf("the callee's session timer: %d s, refreshed by %s", s, who)
	}
	in.WaitReinvites(t.Context(), 1)
}

func TestAnswerIsRepeatedUntilAcknowledged(t *testing.T) {
	alice, bob := pair(t, Options{NoACK: true}, Options{AutoAnswer: true})
	out := alice.Dial(t.Context(), bob.URI())
	out.WaitAnswered(t.Context())
	alice.Change(func(o *Options) { o.NoACK = false })
	bob.NextCall(t.Context()).WaitAnswered(t.Context())
}

func TestPhoneWithoutTheRightMediaRefuses(t *testing.T) {
	alice, bob := pair(t, Options{Codecs: []string{"PCMU"}}, Options{Codecs: []string{"PCMA"}})
	e := alice.Dial(t.Context(), bob.URI()).WaitEnded(t.Context())
	if e.Status != 488 || !strings.Contains(e.Reply.Header("Warning"), "PCMU") {
		t.Errorf("the end: %s with Warning %q", e, e.Reply.Header("Warning"))
	}
}

func TestPhoneOnIPv6(t *testing.T) {
	bob := New(t, Options{Extension: "101", Server: "[::1]:9"})
	alice := New(t, Options{Extension: "100", Server: bob.Addr().String()})
	bob.Change(func(o *Options) { o.Server = alice.Addr().String() })
	out, in := talk(t, alice, bob)
	out.Speak(440)
	in.Hears(t.Context(), 440)
}

// registrar answers REGISTER with a challenge, and OK to the right password.
func registrar(challenges ...string) func(*sip.Request) *sip.Response {
	return func(req *sip.Request) *sip.Response {
		if h := req.GetHeader("Authorization"); h != nil {
			got, _ := digest.ParseCredentials(h.Value())
			c, _ := digest.ParseChallenge(challenges[0])
			want, err := digest.Digest(c, digest.Options{
				Method: "REGISTER", URI: got.URI, Username: "100", Password: "secret", Cnonce: got.Cnonce, Count: got.Nc,
			})
			if err == nil && want.Response == got.Response {
				res := sip.NewResponseFromRequest(req, 200, "OK", nil)
				sip.CopyHeaders("Contact", req, res)
				return res
			}
		}
		res := sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
		for _, c := range challenges {
			res.AppendHeader(sip.NewHeader("WWW-Authenticate", c))
		}
		return res
	}
}

func TestRegister(t *testing.T) {
	server := New(t, Options{Extension: "registrar"})
	server.mu.Lock()
	server.serve = registrar(
		`Digest realm="dialtone", nonce="n1", algorithm=SHA-256, qop="auth"`,
		`Digest realm="dialtone", nonce="n2", algorithm=MD5, qop="auth"`)
	server.mu.Unlock()
	p := New(t, Options{Extension: "100", Password: "secret", Server: server.Addr().String()})
	p.Register(t.Context())
	p.Register(t.Context())
	p.Unregister(t.Context())
	if r := p.RegisterWith(t.Context(), Registration{Password: "wrong"}); r.Status != 401 {
		t.Errorf("with a wrong password: %s", r)
	}
	if r := p.RegisterWith(t.Context(), Registration{NoAuth: true}); r.Status != 401 || len(r.Headers("WWW-Authenticate")) != 2 {
		t.Errorf("without credentials: %s", r)
	}
	if n := server.Received("REGISTER"); n != 9 {
		t.Errorf("the registrar got %d REGISTERs, want 9", n)
	}
}

func TestOptionsIsAnswered(t *testing.T) {
	alice, bob := pair(t, Options{}, Options{})
	r := alice.Request(t.Context(), "OPTIONS", bob.URI(), nil, "")
	if r.Status != 200 || !strings.Contains(r.Header("Allow"), "INVITE") {
		t.Errorf("OPTIONS was answered %s with Allow %q", r, r.Header("Allow"))
	}
}

// failing is a T that keeps the message instead of ending the test.
type failing struct {
	*testing.T
	message string
}

var errFailed = errors.New("failed")

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(errFailed)
}

func TestFailureTellsWhatWasExpectedAndWhatCame(t *testing.T) {
	f := &failing{T: t}
	bob := New(t, Options{Extension: "101"})
	alice := New(f, Options{Extension: "100"})
	out := alice.Dial(t.Context(), bob.URI())
	bob.NextCall(t.Context()).Busy()
	func() {
		defer func() {
			if r := recover(); r != errFailed { //nolint:errorlint // it is that very value
				t.Fatalf("recovered %v", r)
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		out.WaitAnswered(ctx)
	}()
	for _, want := range []string{"call 100 to 101", "expected 200", "refused with 486 Busy Here", "> INVITE sip:101@", "< SIP/2.0 486 Busy Here", "m=audio"} {
		if !strings.Contains(f.message, want) {
			t.Errorf("the message lacks %q:\n%s", want, f.message)
		}
	}
}
