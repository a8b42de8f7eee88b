package peers

import (
	"context"
	"strings"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testbaresip"
	"dialtone/internal/testphone"
)

// hearsStill waits until a phone has heard two seconds after those samples, and fails the test
// unless the end of that is the tone.
func hearsStill(ctx context.Context, t *testing.T, p *testbaresip.Phone, hz float64, since int) {
	t.Helper()
	p.WaitHeard(ctx, since+2*8000)
	pcm := p.Heard()
	end := len(pcm) - 800
	if last := pcm[end-4000 : end]; !testphone.HasTone(last, hz) {
		t.Errorf("baresip heard %v Hz at a level of %.0f, expected %v Hz", testphone.Loudest(last), testphone.RMS(last), hz)
	}
}

// audioFlows waits until a second of packets has come from both parties of the one
// call that there is, and has gone to both.
func audioFlows(ctx context.Context, t *testing.T, server *callscript.Server) {
	t.Helper()
	type leg struct {
		Rx int `json:"rx_packets"`
		Tx int `json:"tx_packets"`
	}
	var before, now []struct{ Legs []leg }
	if !callscript.Until(ctx, func() bool { // a call that has just ended may still be listed
		before = nil
		return server.Ctl(ctx, &before, "calls") == nil && len(before) == 1 && len(before[0].Legs) == 2
	}) {
		t.Fatalf("expected one call of two legs: %v", before)
	}
	if !callscript.Until(ctx, func() bool {
		if server.Ctl(ctx, &now, "calls") != nil || len(now) != 1 || len(now[0].Legs) != 2 {
			return false
		}
		for i, l := range now[0].Legs {
			if was := before[0].Legs[i]; l.Rx < was.Rx+50 || l.Tx < was.Tx+50 {
				return false
			}
		}
		return true
	}) {
		t.Fatalf("audio does not flow: the legs were %v and are %v", before, now)
	}
}

func TestBaresipTalks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ transport, params string }{
		{"udp", ""},
		{"tcp", ""},
		{"tls", ";mediaenc=srtp-mand"},
	} {
		t.Run(c.transport, func(t *testing.T) {
			server := serve(t, "")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			phone := func(extension string, hz int, params string) *testbaresip.Phone {
				return testbaresip.Start(ctx, t, server, testbaresip.Options{Extension: extension, Transport: c.transport, Hz: hz, Params: c.params + params})
			}
			alice, bob := phone("100", 440, ""), phone("101", 1000, ";answermode=auto")
			alice.Dial("101")
			alice.WaitEvent(ctx, "CALL_ESTABLISHED", 1)
			bob.WaitEvent(ctx, "CALL_ESTABLISHED", 1)
			hearsStill(ctx, t, alice, 1000, 0)
			hearsStill(ctx, t, bob, 440, 0)

			acks := alice.ACKs()
			alice.Do("hold", "")
			alice.WaitACKs(ctx, acks+1)
			alice.Do("resume", "")
			alice.WaitACKs(ctx, acks+2)
			// After a re-INVITE baresip records no more, without a server between
			// them too: the packets have to do.
			audioFlows(ctx, t, server)

			bob.Do("hangup", "")
			alice.WaitEvent(ctx, "CALL_CLOSED", 1)
			records(ctx, t, server, "normal", 1)

			heard := len(alice.Heard())
			alice.Dial("600")
			alice.WaitEvent(ctx, "CALL_ESTABLISHED", 2)
			hearsStill(ctx, t, alice, 440, heard)
			alice.Do("hangup", "")
			records(ctx, t, server, "normal", 2)
		})
	}
}

// baresipPhone is how baresip is used. It has no button for a transfer that asks first: the
// keys of the server do that.
var baresipPhone = maker{
	name: "baresip",
	dial: "dial sip:$NUMBER@$SERVER", answer: "accept", hangUp: "hangup",
	hold: "hold", resume: "resume",
	transfer: "transfer sip:$NUMBER@$SERVER",
	consult:  "sndcode *3$NUMBER#", join: "hangup", byKeys: true,
	write:    "message $TEXT",                                                                // to the one contact that it has
	read:     `MESSAGE sip:.*\n(?:\w.*\n)*From: .*sip:$NUMBER@.*\n(?:\w.*\n)*\r?\n"?$TEXT"?`, // it shows them in its trace only
	rings:    `"CALL_INCOMING"`,
	answered: `"CALL_ESTABLISHED"`,
	held:     `"CALL_REMOTE_SDP".*"answer"`,
	resumed:  `"CALL_REMOTE_SDP".*"answer"`,
	ended:    `"CALL_CLOSED"`,
	refused:  `"CALL_CLOSED"`,
}

// startBaresip is baresip as a phone among others. It has no ear: it records no more after a
// re-INVITE.
func startBaresip(ctx context.Context, t *testing.T, server *callscript.Server, o testbaresip.Options) *softphone {
	t.Helper()
	p := &softphone{maker: baresipPhone, t: t, number: o.Extension, hz: float64(o.Hz), server: server, screen: &screen{}}
	o.Says = p.screen
	b := testbaresip.Start(ctx, t, server, o)
	p.types = func(command string) {
		verb, params, _ := strings.Cut(command, " ")
		b.Do(verb, params)
	}
	p.log = b.Log
	return p
}
