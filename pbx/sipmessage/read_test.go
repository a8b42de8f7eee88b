package sipmessage

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"dialtone/storage"
)

// request is a MESSAGE with a few headers.
func request(user, name, kind, encoding, expires, tag string, body []byte) *sip.Request {
	req := sip.NewRequest(sip.MESSAGE, sip.Uri{Scheme: "sip", User: user, Host: "dialtone"})
	from := &sip.FromHeader{DisplayName: name, Address: sip.Uri{Scheme: "sip", User: "100", Host: "dialtone"}}
	from.Params.Add("tag", "x")
	to := &sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: user, Host: "dialtone"}}
	if tag != "" {
		to.Params.Add("tag", tag)
	}
	callID := sip.CallIDHeader("c")
	req.AppendHeader(from)
	req.AppendHeader(to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.MESSAGE})
	for header, value := range map[string]string{"Content-Type": kind, "Content-Encoding": encoding, "Expires": expires} {
		if value != "" {
			req.AppendHeader(sip.NewHeader(header, value))
		}
	}
	req.SetBody(body)
	return req
}

// Whatever is in a request, what is taken of it can be kept and can stand in a header.
func FuzzRead(f *testing.F) {
	f.Add("101", "Zoë", "text/plain", "", "60", "", []byte("hi"))
	f.Add("%31%00", "\"\\\r\nEvil: x", "message/cpim", "gzip", "-1", "t", []byte{0, 255})
	f.Add("", "\xff", "", "identity", "99999999999", "", []byte(nil))
	f.Add(strings.Repeat("é", 150), strings.Repeat("ü", 150), strings.Repeat("x", 250), "", "", "", []byte("x"))
	f.Fuzz(func(t *testing.T, user, name, kind, encoding, expires, tag string, body []byte) {
		m, status, phrase := read(request(user, name, kind, encoding, expires, tag, body))
		if status != 0 {
			if status < 400 || phrase == "" {
				t.Fatalf("refused with %d %q", status, phrase)
			}
			return
		}
		for _, s := range []string{m.To, m.FromName, m.Type, phraseOf(m.To)} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Fatalf("%q", s)
			}
		}
		if m.To == "" || m.Type == "" || m.Lasts < -1 {
			t.Fatalf("%+v", m)
		}
		kept := storage.Text{ID: "0650cf3a1b2c4-k3v7m2qa", From: "100", FromName: m.FromName, To: m.To, Type: m.Type, Body: m.Body[:min(len(m.Body), 65536)]}
		if err := kept.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
