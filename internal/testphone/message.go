package testphone

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Text is a message in writing that arrived (RFC 3428).
type Text struct {
	From   string // the user part
	Type   string // Content-Type
	Body   string
	CallID string
	Date   string
}

// messaged answers a MESSAGE; mu is held.
func (p *Phone) messaged(req *sip.Request, tx *sip.ServerTx) {
	switch {
	case p.opt.IgnoreMessages:
		return
	case p.opt.RefuseMessages != 0:
		_ = tx.Respond(sip.NewResponseFromRequest(req, p.opt.RefuseMessages, "Refused", nil))
		return
	}
	p.texts = append(p.texts, Text{
		From: req.From().Address.User, Type: headerOf(req, "Content-Type"), Body: string(req.Body()),
		CallID: req.CallID().Value(), Date: headerOf(req, "Date"),
	})
	_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
}

// Texts are all messages in writing that it took so far, in their order.
func (p *Phone) Texts() []Text {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Text(nil), p.texts...)
}

// WaitTexts waits until n messages in writing have come. It fails the test when they do not.
func (p *Phone) WaitTexts(ctx context.Context, n int) []Text {
	p.t.Helper()
	if err := p.wait(ctx, func() bool { return len(p.texts) >= n }); err != nil {
		p.fail("%d messages in writing are wanted: %v", n, err)
	}
	return p.Texts()
}

// Write sends a message in writing, text/plain unless headers say otherwise, and returns the
// final response.
func (p *Phone) Write(ctx context.Context, to, text string, headers map[string]string) Reply {
	p.t.Helper()
	all := map[string]string{"Content-Type": "text/plain;charset=UTF-8"}
	for name, value := range headers {
		for known := range all {
			if strings.EqualFold(known, name) {
				delete(all, known)
			}
		}
		all[name] = value
	}
	return p.Request(ctx, string(sip.MESSAGE), to, all, text)
}
