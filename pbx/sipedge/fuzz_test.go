package sipedge

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
)

func seeds(f *testing.F) {
	f.Helper()
	files, _ := filepath.Glob("testdata/sip/torture/*.dat")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte(request("INVITE", 1)))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: 1\r\nCSeq: 1 INVITE\r\n\r\n"))
}

// FuzzInput: no bytes make the edge fail, and what passes is written so that it
// reads the same, by us and by sipgo's own parser.
func FuzzInput(f *testing.F) {
	seeds(f)
	cfg := config.Default()
	e, err := New(Options{Config: func() *config.Config { return &cfg }})
	if err != nil {
		f.Fatal(err)
	}
	always(e)
	f.Fuzz(func(t *testing.T, b []byte) {
		m := parseDatagram(trimJunk(b))
		if m.req == nil && m.res == nil {
			t.Fatal("neither request nor response")
		}
		_ = replyTo(m, netip.MustParseAddrPort("192.0.2.1:5060"))
		_, _ = callIDOf(b), mask(b)
		if m.fault == nil && m.req != nil {
			m.fault = e.validate(m.req)
		}
		if m.req != nil {
			writes(t, e, m.req)
		}
		if m.fault != nil || m.req == nil {
			return
		}
		text, err := encoded(m.req)
		if err != nil {
			return
		}
		again := parseDatagram([]byte(text))
		if again.fault != nil {
			t.Fatalf("%s: what passed is refused once written:\n%q", again.fault.reason, text)
		}
		if twice, err := encoded(again.req); err != nil || twice != text {
			t.Fatalf("written twice, it differs (%v):\n%q\n%q", err, text, twice)
		}
	})
}

func encoded(m sip.Message) (string, error) {
	b, err := encode(m)
	if err != nil {
		return "", err
	}
	defer release(b)
	return b.String(), nil
}

// writes checks that an answer is one message.
func writes(t *testing.T, e *Edge, req *sip.Request) {
	t.Helper()
	res := e.response(req, 400, "Bad")
	written, err := encoded(res)
	if err != nil {
		return
	}
	text := []byte(written)
	if end := headEnd(text, 0); end != len(text) {
		t.Fatalf("an answer with something after it:\n%q", text)
	}
	if bytes.Count(text, []byte("\n")) != len(res.Headers())+2 {
		t.Fatalf("an answer with more lines than headers:\n%q", text)
	}
}

// FuzzStream: a stream gives the same messages however it is cut.
func FuzzStream(f *testing.F) {
	seeds(f)
	read := func(b []byte, step int) (texts []string) {
		var fr framer
		for len(b) > 0 {
			n := min(step, len(b), len(fr.room()))
			copy(fr.room(), b[:n])
			fr.add(n)
			b = b[n:]
			for !fr.idle() {
				fr.pings()
				m, raw, more := fr.next()
				if more {
					break
				}
				texts = append(texts, string(raw))
				if m.fault != nil && m.fault.lost {
					return texts
				}
				fr.done(raw)
			}
		}
		return texts
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, cut := read(b, 1<<20), read(b, 7)
		if len(whole) != len(cut) {
			t.Fatalf("%d messages whole, %d in pieces", len(whole), len(cut))
		}
		for i := range whole {
			if whole[i] != cut[i] {
				t.Fatalf("message %d differs:\n%q\n%q", i, whole[i], cut[i])
			}
		}
	})
}
