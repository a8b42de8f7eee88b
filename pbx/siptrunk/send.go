package siptrunk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// given is for how long we are registered (§10.2.4): what stands at our contact,
// else what stands for all.
func (r *registration) given(res *sip.Response) time.Duration {
	left := -1
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok || c.Address.User != r.line.user {
			continue
		}
		if n, err := strconv.Atoi(c.Params.GetOr("expires", "")); err == nil {
			left = max(left, n)
		}
	}
	if h := res.GetHeader("Expires"); left <= 0 && h != nil {
		if n, err := strconv.Atoi(strings.TrimSpace(h.Value())); err == nil {
			left = n
		}
	}
	if left <= 0 {
		return r.expires
	}
	return max(leastBetween, min(time.Duration(left)*time.Second, mostExpires))
}

// refusal is an answer that does not change by being asked again.
type refusal struct{ error }

// send sends one REGISTER and does what the answers ask for.
func (r *registration) send(ctx context.Context, s Server, expires time.Duration) (*sip.Response, sipedge.Flow, error) {
	l := r.line
	inTime, cancel := context.WithTimeout(ctx, l.settings().patience())
	defer cancel()
	flow, err := l.flow(inTime, s)
	if err != nil {
		return nil, flow, err
	}
	contact, old := l.contact(flow), r.contact
	req := r.request(contact, old, expires)
	for range maxTurns {
		r.cseq = req.CSeq().SeqNo
		res, err := l.exchange(ctx, req, flow)
		if err != nil {
			return nil, flow, err
		}
		switch res.StatusCode {
		case sip.StatusUnauthorized, sip.StatusProxyAuthRequired:
			if req, err = authorize(l.settings(), req, res); err != nil {
				return nil, flow, refusal{err}
			}
		case sip.StatusIntervalToBrief:
			if expires, err = longer(expires, res); err != nil {
				return nil, flow, refusal{err}
			}
			r.expires = expires
			req = r.request(contact, old, expires)
		default:
			if len(req.GetHeaders("Contact")) > 1 && res.StatusCode/100 == 4 && !temporary(res.StatusCode) {
				old = nil // some take one contact only: the old one ends by itself
				req = r.request(contact, old, expires)
				continue
			}
			if res.IsSuccess() {
				r.contact = &contact
			}
			return res, flow, nil
		}
	}
	return nil, flow, refusal{fmt.Errorf("it was asked %d times and still wants another REGISTER", maxTurns)}
}

// longer is the time that a registrar asks for (§10.2.8).
func longer(than time.Duration, res *sip.Response) (time.Duration, error) {
	if than == 0 { // to leave, and not to come for longer
		return 0, errors.New(said(res))
	}
	h := res.GetHeader("Min-Expires")
	if h == nil {
		return 0, fmt.Errorf("%s, without Min-Expires; set expires of the trunk", said(res))
	}
	n, err := strconv.ParseUint(strings.TrimSpace(h.Value()), 10, 31)
	least := time.Duration(n) * time.Second
	if err != nil || least <= than || least > mostExpires {
		return 0, fmt.Errorf("%s with Min-Expires: %s, and we asked for %d", said(res), clean(h.Value()), int(than.Seconds()))
	}
	return least, nil
}

// request is a REGISTER with our contact; old, which the provider had before, goes if
// it is another.
func (r *registration) request(contact sip.Uri, old *sip.Uri, expires time.Duration) *sip.Request {
	l := r.line
	set := l.settings()
	req := l.newRequest(sip.REGISTER, set.host.uri(""), set.host.uri(sipedge.EscapeUser(set.conf.Username)))
	id := r.callID
	req.ReplaceHeader(&id)
	req.From().Params = sip.HeaderParams{{K: "tag", V: r.tag}}
	req.CSeq().SeqNo = r.cseq + 1
	seconds := strconv.Itoa(int(expires.Seconds()))
	req.AppendHeader(&sip.ContactHeader{Address: contact, Params: sip.HeaderParams{{K: "expires", V: seconds}}})
	if old != nil && old.String() != contact.String() {
		req.AppendHeader(&sip.ContactHeader{Address: *old, Params: sip.HeaderParams{{K: "expires", V: "0"}}})
	}
	req.AppendHeader(sip.NewHeader("Expires", seconds))
	return req
}

// leave unregisters, as well as a second allows.
func (r *registration) leave(ctx context.Context) {
	l := r.line
	l.mu.Lock()
	bound := l.bound
	l.bound.valid = false
	l.mu.Unlock()
	if !bound.valid {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeWithin)
	defer cancel()
	res, _, err := r.send(ctx, bound.server, 0)
	switch {
	case err != nil:
		l.log.Warn("a trunk was not unregistered; its calls go nowhere until the registration ends by itself",
			"trunk", l.name, "server", bound.server.String(), "why", clean(oneLine(err)))
	case !res.IsSuccess():
		l.log.Warn("a trunk was not unregistered; its calls go nowhere until the registration ends by itself",
			"trunk", l.name, "server", bound.server.String(), "why", said(res))
	default:
		l.log.Info("a trunk was unregistered", "trunk", l.name, "server", bound.server.String())
	}
}
