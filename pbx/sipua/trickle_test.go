package sipua

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"dialtone/internal/testbrowser"
	"dialtone/media/webrtc"
)

// fragment is what a browser trickles: the candidates of offer, which loses them.
func fragment(offer string) (rest, body string) {
	var kept, moved []string
	for line := range strings.SplitSeq(strings.TrimSuffix(offer, "\r\n"), "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") {
			moved = append(moved, line)
		} else {
			kept = append(kept, line)
		}
	}
	_, after, _ := strings.Cut(offer, "a=ice-pwd:")
	pwd, _, _ := strings.Cut(after, "\r\n")
	head := []string{"a=ice-options:trickle", "a=ice-ufrag:" + ufragOf([]byte(offer)), "a=ice-pwd:" + pwd, "m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0"}
	all := append(append(head, moved...), "a=end-of-candidates")
	return strings.Join(append(kept, "a=ice-options:trickle"), "\r\n") + "\r\n", strings.Join(all, "\r\n") + "\r\n"
}

// A browser may send its candidates after its offer. A full agent, which the browser
// cannot reach by itself here, goes where they say.
func TestBrowserTrickles(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprint("after the answer ", answered), func(t *testing.T) {
			t.Parallel()
			b := browserBed(t, func(o *webrtc.Options) { o.Mode = webrtc.Full })
			br, s := testbrowser.New(t), newSide(b.page("100"), "100", "101")
			offer, body := fragment(br.Offer("sendrecv"))
			s.call(offer, "Supported: trickle-ice", "Recv-Info: trickle-ice")
			leg, invite := b.take().leg, s.cseq
			trickle := func() {
				s.send("INFO", "Info-Package: trickle-ice", "Content-Type: application/trickle-ice-sdpfrag", "body:"+body)
				s.response(200)
			}
			if !answered {
				leg.Ring()
				s.learn(s.response(180))
				trickle()
			}
			done := make(chan error, 1)
			go func() { done <- leg.Answer(context.Background(), both) }()
			ok := s.response(200)
			s.learn(ok)
			s.sendAs("ACK", invite)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if value(ok, "Recv-Info") != "trickle-ice" || strings.Contains(string(ok.Body()), "a=ice-lite") {
				t.Errorf("answered\n%v", ok)
			}
			br.Take(cutOff(string(ok.Body())))
			if answered {
				trickle()
			}
			br.Up()
			b.hears(br, leg)
		})
	}
}

// cutOff is an answer of which nothing can be reached.
func cutOff(answer string) string {
	var out []string
	for line := range strings.SplitSeq(answer, "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") {
			if strings.Contains(line, " tcp ") {
				continue
			}
			line = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\r\n")
}

// A lite agent only says that it has heard; what is no fragment is refused, and so are
// packages that nobody knows, and those of a phone.
func TestTrickledToOneThatOnlyAnswers(t *testing.T) {
	t.Parallel()
	b := browserBed(t)
	s, br, leg := b.browses(both)
	_, body := fragment(br.Offer("sendrecv"))
	const kind = "Content-Type: application/trickle-ice-sdpfrag"
	for _, c := range []struct {
		name, packet, kind, body string
		status                   int
	}{
		{"a fragment", "trickle-ice", kind, body, 200},
		{"with parameters", "Trickle-ICE;x=1", kind, body, 200},
		{"candidates of another", "trickle-ice", kind, strings.ReplaceAll(body, "a=ice-ufrag:", "a=ice-ufrag:X"), 200},
		{"no candidates", "trickle-ice", kind, "a=end-of-candidates\r\n", 200},
		{"no fragment", "trickle-ice", kind, "hello", 400},
		{"too long", "trickle-ice", kind, strings.Repeat("a=x\r\n", 4000), 400},
		{"of another type", "trickle-ice", "Content-Type: application/sdp", body, 415},
		{"another package", "conference", kind, body, 469},
	} {
		s.send("INFO", "Info-Package: "+c.packet, c.kind, "body:"+c.body)
		if res := s.response(c.status); c.status == 469 && value(res, "Recv-Info") != "trickle-ice" {
			t.Errorf("%s: we take %q", c.name, value(res, "Recv-Info"))
		}
	}
	b.hears(br, leg)

	phone, _ := b.inbound(both)
	phone.send("INFO", "Info-Package: trickle-ice", kind, "body:"+body)
	if res := phone.response(469); value(res, "Recv-Info") != "" {
		t.Errorf("a phone is told of %q", value(res, "Recv-Info"))
	}
}
