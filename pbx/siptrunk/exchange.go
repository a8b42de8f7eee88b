package siptrunk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

const (
	// finalWithin is how long a server has that has said that it is at work.
	finalWithin   = 10 * time.Second
	maxRetryAfter = time.Hour
	maxWords      = 160 // characters of a far side's that are logged
)

var errSilent = errors.New("no answer")

// newRequest is a request outside of dialogs, from and to the account.
func (l *line) newRequest(method sip.RequestMethod, to, account sip.Uri) *sip.Request {
	req := sip.NewRequest(method, to)
	if route := l.settings().route(); route != nil {
		req.AppendHeader(route)
	}
	account.Port = 0
	from := &sip.FromHeader{Address: account, Params: sip.HeaderParams{{K: "tag", V: rand.Text()[:12]}}}
	id := sip.CallIDHeader(rand.Text())
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: account})
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: method})
	return req
}

// exchange sends a request and waits for the final response.
func (l *line) exchange(ctx context.Context, req *sip.Request, flow sipedge.Flow) (*sip.Response, error) {
	tx, err := l.edge.Request(ctx, req, flow)
	if err != nil {
		return nil, err
	}
	defer tx.Terminate()
	patience := l.settings().patience()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if res == nil {
				return nil, errSilent
			}
			if !res.IsProvisional() {
				return res, nil
			}
			patience = finalWithin
			limit.Reset(patience)
		case <-tx.Done():
			// The answer may have come in the same moment.
			select {
			case res := <-tx.Responses():
				if res != nil && !res.IsProvisional() {
					return res, nil
				}
			default:
			}
			return nil, errors.Join(errSilent, tx.Err())
		case <-limit.C:
			return nil, fmt.Errorf("%w to %s within %v", errSilent, req.Method, patience)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// retryAfter is how long the far side asks us to wait, at most an hour; 0 when it
// does not.
func retryAfter(res *sip.Response) time.Duration {
	h := res.GetHeader("Retry-After")
	if h == nil {
		return 0
	}
	text := strings.TrimSpace(h.Value())
	if i := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		text = text[:i] // a comment, a duration
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// clean makes words of a far side fit for a log.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxWords {
		s = string(r[:maxWords-1])
		if i := strings.LastIndexByte(s, ' '); i > maxWords/2 { // between words
			s = s[:i]
		}
		s += "…"
	}
	return s
}

// said is a response in words.
func said(res *sip.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, clean(res.Reason)))
}
