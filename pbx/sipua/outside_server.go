package sipua

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/siptrunk"
)

const (
	maxServers   = 16              // of one trunk, for one call
	minPatience  = 2 * time.Second // without trunk.patience
	maxAfter5xx  = time.Hour       // of a Retry-After
	statusFamily = 100
)

// UnavailableError is the answer 503 of a server that says when it may be asked
// again.
type UnavailableError struct {
	After time.Duration
	Text  string
}

func (e *UnavailableError) Error() string { return e.Text }

// RetryAfter is how long the server wants to be left alone.
func (e *UnavailableError) RetryAfter() time.Duration { return e.After }

// servers tries the servers of the trunk in turn.
func (v *via) servers(ctx context.Context) (*leg, failure) {
	servers, err := v.u.trunks.Servers(ctx, v.name)
	switch {
	case ctx.Err() != nil:
		return nil, failure{ended(ctx), nothing}
	case err != nil:
		return nil, failure{unreachable("look up", err), nextTrunk}
	case len(servers) == 0:
		return nil, failure{unreachable("look up", errors.New("no server is known")), nextTrunk}
	}
	var f failure
	for i, s := range servers[:min(len(servers), maxServers)] {
		if i > 0 {
			v.u.log.Info("trying the next server", slog.String("call", v.inv.CallID), slog.String("trunk", v.name),
				slog.String("server", s.String()), slog.Any("error", f.Ended))
		}
		var l *leg
		if l, f = v.server(ctx, s); l != nil || f.onward != nextServer {
			return l, f
		}
	}
	return nil, f
}

// server tries one server.
func (v *via) server(ctx context.Context, s siptrunk.Server) (*leg, failure) {
	patience := cmp.Or(v.trunk.Patience.D(), minPatience)
	reach, cancel := context.WithTimeout(ctx, patience)
	flow, err := v.u.trunks.Flow(reach, s)
	cancel()
	switch {
	case ctx.Err() != nil:
		return nil, failure{ended(ctx), nothing}
	case err != nil:
		v.u.trunks.Failed(s, err)
		return nil, failure{unreachable(s.String(), err), nextServer}
	}
	v.heard.again()
	a, e := v.u.newAttempt(v.callee(s, flow, patience), v.inv, v.heard.progress)
	if e != nil { // no offer could be made; another trunk may have other codecs
		return nil, failure{e, nextTrunk}
	}
	l, e := a.dial(ctx)
	if l == nil && ctx.Err() != nil {
		return nil, failure{e, nothing}
	}
	v.tell(s, a, e)
	if l != nil {
		return l, failure{}
	}
	v.moved = nil
	if a.refusal != nil {
		outsideReason(e, a.refusal)
		v.moved = list(a.refusal, "Contact")
	}
	return nil, failure{e, v.onward(a, e)}
}

// callee is what an INVITE to a server says.
func (v *via) callee(s siptrunk.Server, flow sipedge.Flow, patience time.Duration) callee {
	dialled := v.numbers.Dialled(v.trunk.Dial, v.number, v.urgent)
	p := presentation{
		Outgoing: v.Outgoing, trunk: v.trunk, numbers: v.numbers, at: v.at,
		extension: v.u.config().Extensions[v.As], caller: v.inv.From, name: v.inv.FromName, target: dialled,
	}
	p.Number, p.Emergency = v.number, v.urgent
	from, headers := p.headers()
	c := callee{
		party: v.number, trunk: v.name, place: s.String(),
		target: v.u.trunks.Address(v.name, dialled), flow: flow,
		from: from, to: v.at(dialled), contact: v.u.trunks.Contact(v.name, flow), headers: headers,
		path: v.u.path(flow), policy: v.u.audioOfTrunk(v.name),
		patience: patience, ring: v.trunk.EarlyMedia == "ring",
	}
	if r := v.u.trunks.Route(v.name); r != nil {
		c.routes = []sip.Uri{r.Address}
	}
	return c
}

// at is the address of a user at the trunk; it names no port and no transport
// (RFC 3261 §19.1.1).
func (v *via) at(user string) sip.Uri {
	uri := v.u.trunks.Address(v.name, user)
	uri.Port, uri.UriParams = 0, nil
	return uri
}

// tell notes whether a server does its work. A 503 without Retry-After is about this
// call, not about the server (RFC 3261 §21.5.4).
func (v *via) tell(s siptrunk.Server, a *attempt, e *dialplan.Ended) {
	after := uint32(0)
	if a.refusal != nil && a.refusal.StatusCode == sip.StatusServiceUnavailable {
		after, _ = decimal(a.refusal, "Retry-After")
	}
	switch {
	case after > 0:
		v.u.trunks.Failed(s, &UnavailableError{min(time.Duration(after)*time.Second, maxAfter5xx), e.Detail})
	case e == nil || a.refusal != nil:
		v.u.trunks.Answered(s)
	case e.Cause == dialplan.CauseUnreachable:
		v.u.trunks.Failed(s, errors.New(e.Detail))
	}
}

// onward decides what a refusal leaves to try. What the callee says is final, and
// so is all that comes after it was told to somebody, but a server's own failure.
// An emergency call is over only when nothing is left.
func (v *via) onward(a *attempt, e *dialplan.Ended) onward {
	if a.refusal == nil {
		switch {
		case e.Cause == dialplan.CauseUnreachable && (!a.alerted || v.Emergency):
			return nextServer
		case v.Emergency: // an answer that cannot be used
			return nextTrunk
		}
		return nothing
	}
	status := a.refusal.StatusCode
	switch {
	case status/statusFamily == 5 && !calleesFault(e.Cause), status == sip.StatusRequestTimeout && !a.alerted:
		return nextServer
	case challenged(a.refusal), v.Emergency:
		return nextTrunk
	}
	return nothing
}

// outsideReason takes from the refusal of a trunk what the telephone network said,
// where the status says less (RFC 3326, RFC 3398 §7.2.4.1).
func outsideReason(e *dialplan.Ended, res *sip.Response) {
	if res.StatusCode != sip.StatusTemporarilyUnavailable && res.StatusCode/statusFamily != 5 {
		return
	}
	for _, r := range list(res, "Reason") {
		protocol, cause, _ := readReason(r)
		if protocol != "Q.850" {
			continue
		}
		switch cause {
		case 1, 22, 28:
			e.Cause = dialplan.CauseNotFound
		case 17:
			e.Cause = dialplan.CauseBusy
		case 18, 19, 20:
			e.Cause = dialplan.CauseNoAnswer
		}
	}
}

// calleesFault reports whether another way would lead to the same.
func calleesFault(c dialplan.Cause) bool {
	return c == dialplan.CauseNotFound || c == dialplan.CauseBusy || c == dialplan.CauseNoAnswer
}
