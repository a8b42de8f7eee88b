package sipua

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/call"
)

const maxInfoBody = 8 << 10

// onINFO hands the body to the call (RFC 6086; the older use of RFC 2976 for
// digits has no Info-Package).
func (l *leg) onINFO(_ context.Context, req *sip.Request, tx sip.ServerTransaction) {
	if p := value(req, "Info-Package"); p != "" {
		l.onPackage(p, req, tx)
		return
	}
	if len(req.Body()) > maxInfoBody {
		l.ua.respond(tx, l.response(req, sip.StatusRequestEntityTooLarge, "Request Entity Too Large"))
		return
	}
	if len(req.Body()) > 0 {
		i := call.Info{Body: append([]byte(nil), req.Body()...)}
		if t := req.ContentType(); t != nil {
			i.ContentType = clean(t.Value())
		}
		l.deliver(i)
	}
	l.ua.respond(tx, l.response(req, sip.StatusOK, "OK"))
}

// deliver puts i behind the others; the oldest makes room.
func (l *leg) deliver(i call.Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		select {
		case l.infos <- i:
			return
		default:
		}
		select {
		case <-l.infos:
			l.log.Debug("INFO dropped: nobody reads")
		default:
		}
	}
}

// SendInfo implements call.Leg.
func (l *leg) SendInfo(i call.Info) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == over || len(l.outbox) >= maxUnsent {
		l.log.Debug("INFO not sent", "queued", len(l.outbox))
		return
	}
	l.outbox = append(l.outbox, i)
	l.startPost()
}

// startPost has sent what is in the outbox, once the call is up; mu is held.
func (l *leg) startPost() {
	if !l.posting && l.phase == confirmed && len(l.outbox) > 0 {
		l.posting = l.ua.spawn(l.post)
	}
}

// post sends what is in the outbox, one after the other: digits have an order.
func (l *leg) post(ctx context.Context) {
	for {
		l.mu.Lock()
		if l.phase == over || len(l.outbox) == 0 {
			l.posting = false
			l.outbox = nil
			l.mu.Unlock()
			return
		}
		i := l.outbox[0]
		l.outbox = l.outbox[1:]
		l.follow()
		req, flow := l.dialog.request(sip.INFO), l.dialog.flow
		l.mu.Unlock()
		if len(i.Body) > 0 {
			t := sip.ContentTypeHeader(clean(strings.TrimSpace(i.ContentType)))
			req.AppendHeader(&t)
			req.SetBody(i.Body)
		}
		res, err := l.do(ctx, req, flow)
		if e := dialogLost(sip.INFO, res, err); e != nil && res != nil {
			l.finish(e, e.Status != sip.StatusCallTransactionDoesNotExists)
		} else if err != nil || res.StatusCode >= 300 {
			l.log.Info("INFO not delivered", "error", err, "status", status(res))
		}
	}
}

func status(res *sip.Response) int {
	if res == nil {
		return 0
	}
	return res.StatusCode
}
