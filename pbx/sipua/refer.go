package sipua

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

// referError is why a REFER is refused; its text is for the log.
type referError struct {
	status int
	reason string
	why    string
}

func (e *referError) Error() string { return e.why }

// onREFER refuses to call anybody outside of a call (RFC 3515), and says so
// once: somebody may want us to call whom they could not call themselves.
func (u *UA) onREFER(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	if toTag(req) != "" {
		u.inDialog((*leg).onREFER)(ctx, req, tx, flow)
		return
	}
	if _, news := u.referred.note(u.strangerOf(req, flow), time.Now()); news {
		u.logREFER(u.log, req, flow, "only calls that are up are transferred")
	}
	u.replyOnce(tx, req, sip.StatusForbidden, "Only Calls Are Transferred")
}

// onREFER transfers the other party of the call (RFC 3515, RFC 5589).
func (l *leg) onREFER(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	t, err := l.transferOf(req)
	if err != nil {
		l.refuseREFER(req, tx, err)
		return
	}
	r := newReferral(l, req)
	t.Report = r.report
	l.mu.Lock()
	if l.referral != nil && !l.referral.over() {
		l.mu.Unlock()
		l.refuseREFER(req, tx, &referError{sip.StatusRequestPending, "Request Pending", "another transfer is under way"})
		return
	}
	l.referral = r
	l.mu.Unlock()
	l.ua.spawn(func(ctx context.Context) {
		if err := l.ua.transfer(ctx, l.id, t); err != nil {
			r.give()
			l.refuseREFER(req, tx, notBegun(err))
			return
		}
		var extra []sip.Header
		if r.silent {
			extra = append(extra, sip.NewHeader("Refer-Sub", "false"))
		}
		l.ua.respond(tx, l.response(req, sip.StatusAccepted, "Accepted", extra...))
		r.run(ctx)
	})
}

func notBegun(err error) *referError {
	var e *dialplan.Ended
	if !errors.As(err, &e) {
		return &referError{sip.StatusInternalServerError, "Server Error", err.Error()}
	}
	status := e.Status
	if status == 0 {
		status = e.Cause.SIP()
	}
	if status == sip.StatusCallTransactionDoesNotExists { // not this dialog, which exists
		status = sip.StatusNotFound
	}
	return &referError{status, "Not Transferred", e.Error()}
}

func (l *leg) refuseREFER(req *sip.Request, tx sip.ServerTransaction, err error) {
	e := &referError{status: sip.StatusInternalServerError, reason: "Server Error", why: err.Error()}
	errors.As(err, &e)
	l.mu.Lock()
	news, flow := !l.referred, l.dialog.flow
	l.referred = true
	l.mu.Unlock()
	if news || e.status != sip.StatusForbidden {
		l.ua.logREFER(l.log, req, flow, e.why)
	}
	l.ua.respond(tx, l.response(req, e.status, e.reason))
}

func (u *UA) logREFER(log *slog.Logger, req *sip.Request, flow sipedge.Flow, why string) {
	log.Info("transfer refused", slog.Any("source", flow.Remote), slog.String("from", clean(unescape(req.From().Address.User))),
		slog.String("refer_to", clean(value(req, "Refer-To"))), slog.String("reason", why))
}

// transferOf reads what a REFER asks for.
func (l *leg) transferOf(req *sip.Request) (t call.Transfer, err error) {
	l.mu.Lock()
	up := l.phase == confirmed
	l.mu.Unlock()
	to := list(req, "Refer-To")
	switch {
	case l.trunk != "":
		return t, &referError{sip.StatusForbidden, "Forbidden", "calls are not transferred by those outside"}
	case l.ua.transfer == nil:
		return t, &referError{sip.StatusForbidden, "Forbidden", "calls are not transferred here"}
	case !up:
		return t, &referError{sip.StatusRequestPending, "Request Pending", "the call is not up yet"}
	case len(to) != 1:
		return t, &referError{sip.StatusBadRequest, "Bad Refer-To", "a REFER has one Refer-To"}
	}
	u, ok := parseURI(to[0])
	if !ok || u.User == "" || !strings.EqualFold(u.Scheme, "sip") && !strings.EqualFold(u.Scheme, "sips") {
		return t, &referError{sip.StatusBadRequest, "Bad Refer-To", "the Refer-To has no number of a sip or sips URI"}
	}
	if m, ok := param(u.UriParams, "method"); ok && !strings.EqualFold(m, "INVITE") {
		return t, &referError{sip.StatusNotImplemented, "Only INVITE", "the Refer-To asks for another method than INVITE"}
	}
	t.To = unescape(u.User)
	if wanted, ok := param(u.Headers, "Replaces"); ok {
		t.Replaces, err = l.ua.replaced(wanted, l.party)
	}
	return t, err
}

// replaced finds the leg that Replaces (RFC 3891) names, which must be one of the party
// that wants it.
func (u *UA) replaced(text, party string) (string, error) {
	text, err := url.PathUnescape(text)
	k, _, ok := readReplaces(text)
	if err != nil || !ok {
		return "", &referError{sip.StatusBadRequest, "Bad Replaces", "the Replaces in the Refer-To cannot be read"}
	}
	l := u.table.named(k)
	if l == nil || l.trunk != "" || l.party != party {
		return "", &referError{sip.StatusNotFound, "No Such Call", "the call that the Refer-To names is not one of " + party}
	}
	return l.id, nil
}

// readReplaces reads the value of Replaces, from the side of who gets it. early says that
// only a call that has not been answered is meant.
func readReplaces(text string) (k dialogKey, early, ok bool) {
	parts := split(text, ';')
	k.callID = parts[0]
	for _, p := range parts[1:] {
		switch name, v, _ := strings.Cut(p, "="); strings.ToLower(strings.TrimSpace(name)) {
		case "to-tag":
			k.local = strings.TrimSpace(v)
		case "from-tag":
			k.remote = strings.TrimSpace(v)
		case "early-only":
			early = true
		}
	}
	return k, early, k.callID != "" && k.local != "" && k.remote != ""
}

// named finds the leg of a dialog.
func (t *table) named(k dialogKey) *leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.legs[k]
}
