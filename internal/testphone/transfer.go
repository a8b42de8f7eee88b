package testphone

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Transfer asks that the other party calls to, and returns the final response (RFC
// 3515).
func (c *Call) Transfer(ctx context.Context, to string) Reply {
	c.p.t.Helper()
	return c.refer(ctx, c.p.uriOf(to))
}

// TransferTo asks that the other party takes this phone's place in another call (RFC
// 5589 §7), and returns the final response.
func (c *Call) TransferTo(ctx context.Context, other *Call) Reply {
	c.p.t.Helper()
	uri := strings.TrimSuffix(c.p.uriOf(other.remoteUser()), ">")
	return c.refer(ctx, uri+"?Replaces="+url.QueryEscape(other.Replaces())+">")
}

func (c *Call) refer(ctx context.Context, to string) Reply {
	c.p.t.Helper()
	c.p.mu.Lock()
	c.fragment = 0
	c.p.mu.Unlock()
	return c.ask(ctx, sip.REFER, map[string]string{"Refer-To": to}, "")
}

// Replaces is the value of a Replaces header (RFC 3891) for the dialog, as its far side
// has to read it.
func (c *Call) Replaces() string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return fmt.Sprintf("%s;to-tag=%s;from-tag=%s", c.callID, c.remoteTag, c.localTag)
}

func (c *Call) remoteUser() string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.remoteURI.User
}

// uriOf is the address of a number here.
func (p *Phone) uriOf(number string) string { return "<sip:" + number + "@" + p.opt.Server + ">" }

// WaitTransfer waits for the final status of a transfer, as a NOTIFY tells it.
func (c *Call) WaitTransfer(ctx context.Context) (status int) {
	c.p.t.Helper()
	c.await(ctx, "the outcome of its transfer", true, func() bool { return c.fragment >= 200 })
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.fragment
}

// fragmentOf is the status in the body of a NOTIFY for a REFER, 0 for none.
func fragmentOf(req *sip.Request) int {
	_, rest, _ := strings.Cut(string(req.Body()), "SIP/2.0 ")
	status, _ := strconv.Atoi(strings.SplitN(rest+" ", " ", 2)[0])
	return status
}
