// Package sipmessage is MESSAGE (RFC 3428): it takes those of extensions, which prove who
// they are, and sends them to phones. What becomes of them, pbx/messages decides.
package sipmessage

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/messages"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/siptrunk"
)

// Edge is what is needed of a *sipedge.Edge.
type Edge interface {
	Handle(sip.RequestMethod, sipedge.Handler)
	Request(context.Context, *sip.Request, sipedge.Flow) (sip.ClientTransaction, error)
}

// Registrar is what is needed of a *registrar.Registrar.
type Registrar interface {
	Lookup(extension string) []registrar.Contact
}

// Trunks is what is needed of a *siptrunk.Trunks.
type Trunks interface {
	Identify(*sip.Request, sipedge.Flow) (trunk string, misses []siptrunk.Miss)
}

// Options are what a Service works with; all are needed.
type Options struct {
	Edge      Edge
	Auth      *sipauth.Authenticator
	Registrar Registrar
	Trunks    Trunks
	Config    func() *config.Config
	// Take takes a message.
	Take func(context.Context, messages.Message) messages.Answer
	Log  *slog.Logger
}

// Service speaks MESSAGE. It is safe for concurrent use.
type Service struct{ Options }

// New takes over MESSAGE from the edge; call it before the edge runs.
func New(o Options) *Service {
	s := &Service{o}
	o.Edge.Handle(sip.MESSAGE, s.serve)
	return s
}

// serve answers MESSAGE.
func (s *Service) serve(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	extension, ok := s.authenticate(req, tx, flow)
	if !ok {
		return
	}
	m, status, phrase := read(req)
	if status != 0 {
		res := sipedge.NewResponse(req, status, phrase)
		if status == sip.StatusUnsupportedMediaType {
			res.AppendHeader(sip.NewHeader("Accept-Encoding", "identity"))
		}
		s.refuse(tx, res, extension, m.To)
		return
	}
	m.From = extension
	if name := s.Config().Extensions[extension].Name; name != "" {
		m.FromName = name
	}
	a := s.Take(ctx, m)
	res := sipedge.NewResponse(req, a.Status, phraseOf(a.Reason))
	if a.RetryAfter > 0 {
		res.AppendHeader(sip.NewHeader("Retry-After", strconv.Itoa(int(math.Ceil(a.RetryAfter.Seconds())))))
	}
	if a.Status >= 300 {
		s.refuse(tx, res, extension, m.To)
		return
	}
	s.respond(tx, res)
}

// authenticate gives the extension that a message comes from; otherwise it has dealt with
// the request. Trunks do not send messages to extensions.
func (s *Service) authenticate(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) (extension string, ok bool) {
	var credentials []string
	for _, h := range req.GetHeaders("Authorization") {
		credentials = append(credentials, h.Value())
	}
	if len(credentials) == 0 {
		if trunk := s.trunk(req, flow); trunk != "" {
			s.Log.Info("MESSAGE refused", "trunk", trunk, "from", flow.Transport+" "+flow.Remote.String(), "because", "only extensions send messages")
			s.respond(tx, sipedge.NewResponse(req, sip.StatusForbidden, "Only Extensions Send Messages"))
			return "", false
		}
	}
	v := s.Auth.Check(string(req.Method), req.Recipient.String(), credentials, flow.Remote.Addr())
	switch v.Kind {
	case sipauth.OK:
		return v.Extension, true
	case sipauth.Blocked:
		tx.Terminate()
		return "", false
	}
	if v.Reason != "" && !v.Stale {
		s.Log.Info("MESSAGE refused", "from", flow.Transport+" "+flow.Remote.String(), "because", v.Reason)
	}
	res := sipedge.NewResponse(req, sip.StatusUnauthorized, "Unauthorized")
	for _, c := range v.Challenges {
		res.AppendHeader(sip.NewHeader("WWW-Authenticate", c))
	}
	s.respond(tx, res)
	tx.Terminate()
	return "", false
}

// trunk is the line to the outside that a request comes from; a phone that is registered at
// that very address has to prove that it is itself.
func (s *Service) trunk(req *sip.Request, flow sipedge.Flow) string {
	of := s.Registrar.Lookup(sipedge.UnescapeUser(req.From().Address.User))
	if slices.ContainsFunc(of, func(c registrar.Contact) bool { return c.Peer.Remote == flow.Remote }) {
		return ""
	}
	trunk, _ := s.Trunks.Identify(req, flow)
	return trunk
}

func (s *Service) refuse(tx sip.ServerTransaction, res *sip.Response, from, to string) {
	s.Log.Info("MESSAGE refused", "extension", from, "to", to, "status", res.StatusCode, "because", res.Reason)
	s.respond(tx, res)
}

func (s *Service) respond(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		s.Log.Debug("MESSAGE could not be answered", "status", res.StatusCode, "error", err)
	}
}

// read is what a request says; a status is why it cannot be taken.
func read(req *sip.Request) (m messages.Message, status int, phrase string) {
	m = messages.Message{
		To: clean(sipedge.UnescapeUser(req.Recipient.User)), FromName: displayName(req.From().DisplayName),
		Type: clean(value(req, "Content-Type")), Body: req.Body(),
		CallID: req.CallID().Value(), CSeq: req.CSeq().SeqNo, Lasts: -1,
	}
	if _, dialog := req.To().Params.Get("tag"); dialog { // in a call, it goes to our own address
		m.To = clean(sipedge.UnescapeUser(req.To().Address.User))
	}
	if e := strings.TrimSpace(value(req, "Content-Encoding")); e != "" && !strings.EqualFold(e, "identity") {
		return m, sip.StatusUnsupportedMediaType, "Unsupported Content-Encoding"
	}
	if m.Type == "" {
		m.Type = "text/plain"
	}
	if len(m.Type) > maxTypeBytes {
		return m, sip.StatusUnsupportedMediaType, "Content-Type Too Long"
	}
	if text := strings.TrimSpace(value(req, "Expires")); text != "" {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return m, sip.StatusBadRequest, "Bad Expires"
		}
		m.Lasts = time.Duration(n) * time.Second
	}
	if m.To == "" || len(m.To) > maxUserBytes {
		return m, sip.StatusNotFound, "Not Found"
	}
	m.FromName = clip(m.FromName, maxUserBytes)
	return m, 0, ""
}

const (
	maxTypeBytes = 200
	maxUserBytes = 200
)
