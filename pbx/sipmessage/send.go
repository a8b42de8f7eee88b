package sipmessage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

// Send implements messages.Send.
func (s *Service) Send(ctx context.Context, to registrar.Contact, t *storage.Text) (status int, err error) {
	req, err := s.request(&to, t)
	if err != nil {
		return 0, err
	}
	tx, err := s.Edge.Request(ctx, req, sipedge.Flow(to.Peer))
	if err != nil {
		return 0, err
	}
	res, err := sipedge.Final(ctx, tx)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, nil
}

// request is the MESSAGE for a phone. A second try has the same Call-ID, CSeq and tag, so
// that a phone that has it already can tell.
func (s *Service) request(to *registrar.Contact, t *storage.Text) (*sip.Request, error) {
	var target sip.Uri
	if err := sip.ParseUri(to.URI, &target); err != nil {
		return nil, fmt.Errorf("contact of %s: %w", to.Extension, err)
	}
	target.Headers = nil
	domain := s.Config().SIP.Domain
	req := sip.NewRequest(sip.MESSAGE, target)
	for _, p := range to.Path {
		req.AppendHeader(sip.NewHeader("Route", p))
	}
	sum := sha256.Sum256([]byte(t.ID + "\x00" + to.Binding))
	mark := hex.EncodeToString(sum[:8])
	from := &sip.FromHeader{DisplayName: sipedge.QuoteDisplay(clean(t.FromName)), Address: sip.Uri{Scheme: "sip", User: t.From, Host: domain}}
	from.Params.Add("tag", mark)
	callID := sip.CallIDHeader(t.ID + "-" + mark)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: t.Extension, Host: domain}})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.MESSAGE})
	req.AppendHeader(sip.NewHeader("Date", t.At.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
	req.AppendHeader(sip.NewHeader("Content-Type", t.Type))
	req.SetBody(t.Body)
	return req, nil
}

func value(req *sip.Request, name string) string {
	if h := req.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

// clean leaves out control characters, which would end a header line, and what is no UTF-8.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}

// displayName undoes the escapes of a quoted string.
func displayName(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return clean(b.String())
}

// clip shortens s to so many bytes at most, between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// phraseOf is a reason as it may stand in a status line.
func phraseOf(reason string) string { return clip(clean(reason), 120) }
