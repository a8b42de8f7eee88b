package sipreg

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

// serve handles one REGISTER, in the order of RFC 3261 §10.3.
func (s *Service) serve(_ context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	v, ok := s.authenticate(req, tx, flow)
	if !ok {
		return
	}
	extension := v.Extension
	if to := req.To(); sipedge.UnescapeUser(to.Address.User) != extension {
		s.refuse(tx, req, flow, sip.StatusForbidden, "Not Your Extension", "extension "+extension+" tried to register another")
		return
	}
	ask, fault := readRequest(req, flow)
	if fault != "" {
		s.refuse(tx, req, flow, sip.StatusBadRequest, fault, fault)
		return
	}
	ask.Extension = extension
	if v.Issued && !flow.WebSocket() {
		shorten(&ask, max(issuedExpires, s.config().Registrar.MinExpires.D()))
	}
	current, err := s.registrar.Update(ask)
	if err != nil {
		s.refuseUpdate(tx, req, flow, err)
		return
	}
	s.send(tx, accepted(req, &ask, current, time.Now()))
	for i := range current {
		s.qualifier.add(current[i].ContactKey)
	}
}

// issuedExpires is for how long who has credentials of the web phone may register over
// another transport: a WebSocket ends with the session, others do not.
const issuedExpires = 5 * time.Minute

// shorten has no contact registered for longer than most.
func shorten(ask *registrar.Request, most time.Duration) {
	for i := range ask.Contacts {
		if c := &ask.Contacts[i]; c.Expires < 0 || c.Expires > most {
			c.Expires = most
		}
	}
}

// authenticate says who the request comes from; otherwise it has dealt with the request.
func (s *Service) authenticate(req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) (v sipauth.Verdict, ok bool) {
	var credentials []string
	for _, h := range req.GetHeaders("Authorization") {
		credentials = append(credentials, h.Value())
	}
	v = s.auth.Check(string(req.Method), req.Recipient.String(), credentials, flow.Remote.Addr())
	switch v.Kind {
	case sipauth.OK:
		return v, true
	case sipauth.Blocked:
		s.log.Debug("REGISTER ignored", slog.String("from", flow.Remote.String()), slog.String("because", v.Reason))
		tx.Terminate()
		return v, false
	default:
		if v.Reason != "" && !v.Stale {
			s.log.Info("REGISTER refused", slog.String("from", flow.Transport+" "+flow.Remote.String()), slog.String("because", v.Reason))
		}
		res := sipedge.NewResponse(req, sip.StatusUnauthorized, "Unauthorized")
		for _, c := range v.Challenges {
			res.AppendHeader(sip.NewHeader("WWW-Authenticate", c))
		}
		s.send(tx, res)
		tx.Terminate() // nothing is kept for somebody unknown (RFC 3261 §26.3.2.4)
		return v, false
	}
}

// refuseUpdate answers what the registrar would not do.
func (s *Service) refuseUpdate(tx sip.ServerTransaction, req *sip.Request, flow sipedge.Flow, err error) {
	var brief *registrar.TooBriefError
	switch {
	case errors.As(err, &brief):
		res := sipedge.NewResponse(req, sip.StatusIntervalToBrief, "Interval Too Brief")
		res.AppendHeader(sip.NewHeader("Min-Expires", strconv.Itoa(int(math.Ceil(brief.Min.Seconds())))))
		s.send(tx, res)
	case errors.Is(err, registrar.ErrTooManyContacts):
		s.refuse(tx, req, flow, sip.StatusForbidden, "Too Many Contacts", err.Error())
	case errors.Is(err, registrar.ErrBadContact):
		s.refuse(tx, req, flow, sip.StatusBadRequest, "Bad Contact", err.Error())
	default:
		s.refuse(tx, req, flow, sip.StatusInternalServerError, "CSeq Out Of Order", err.Error())
	}
}

func (s *Service) refuse(tx sip.ServerTransaction, req *sip.Request, flow sipedge.Flow, code int, phrase, because string) {
	s.log.Info("REGISTER refused", slog.String("from", flow.Transport+" "+flow.Remote.String()), slog.Int("status", code), slog.String("because", because))
	s.send(tx, sipedge.NewResponse(req, code, phrase))
}

func (s *Service) send(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		s.log.Debug("REGISTER could not be answered", slog.Int("status", res.StatusCode), slog.Any("error", err))
	}
}
