package sipua

import (
	"context"
	"log/slog"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// onREFER refuses to transfer a call (RFC 3515), and says so once: somebody may
// want us to call whom they could not call themselves.
func (u *UA) onREFER(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	if toTag(req) != "" {
		u.inDialog((*leg).onREFER)(ctx, req, tx, flow)
		return
	}
	if _, news := u.referred.note(u.strangerOf(req, flow), time.Now()); news {
		u.logREFER(u.log, req, flow)
	}
	u.replyOnce(tx, req, sip.StatusMethodNotAllowed, "Method Not Allowed", sip.NewHeader("Allow", allow))
}

// onREFER refuses to transfer the call of l.
func (l *leg) onREFER(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	l.mu.Lock()
	news, flow := !l.referred, l.dialog.flow
	l.referred = true
	l.mu.Unlock()
	if news {
		l.ua.logREFER(l.log, req, flow)
	}
	l.ua.respond(tx, l.response(req, sip.StatusMethodNotAllowed, "Method Not Allowed", sip.NewHeader("Allow", allow)))
}

func (u *UA) logREFER(log *slog.Logger, req *sip.Request, flow sipedge.Flow) {
	log.Info("transfer refused", slog.Any("source", flow.Remote), slog.String("from", clean(unescape(req.From().Address.User))),
		slog.String("refer_to", clean(value(req, "Refer-To"))), slog.String("reason", "calls are not transferred by REFER"))
}
