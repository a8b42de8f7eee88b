package sipreg

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

// ask sends OPTIONS to a contact over its flow and notes what comes back. again
// says that it is to be asked again soon.
func (s *Service) ask(ctx context.Context, c registrar.Contact) (again bool) {
	flow := sipedge.Flow(c.Peer)
	if flow.Reliable() && !s.edge.Alive(flow) {
		s.registrar.FlowGone(c.Peer)
		return false
	}
	req, err := s.options(&c, flow)
	if err != nil {
		s.log.Debug("contact cannot be asked", slog.String("contact", c.String()), slog.Any("error", err))
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	sent := time.Now()
	switch err := s.answer(ctx, req, flow); {
	case err == nil:
		s.registrar.Answered(c.ContactKey, c.Peer, time.Since(sent))
		return false
	case errors.Is(err, context.Canceled):
		return false // we stop, which says nothing about the phone
	case errors.Is(err, sipedge.ErrFlowGone) && flow.Reliable():
		s.registrar.FlowGone(c.Peer)
		return false
	}
	return s.registrar.Unanswered(c.ContactKey, c.Peer)
}

// answer sends req and waits for a final answer, whatever it says: a phone that
// refuses OPTIONS is there. Only 408 is what a proxy says when it is not.
func (s *Service) answer(ctx context.Context, req *sip.Request, flow sipedge.Flow) error {
	tx, err := s.edge.Request(ctx, req, flow)
	if err != nil {
		return err
	}
	res, err := sipedge.Final(ctx, tx)
	if err == nil && res.StatusCode == sip.StatusRequestTimeout {
		return sipedge.ErrSilent
	}
	return err
}

// options is an OPTIONS to a contact (RFC 3261 §11.1).
func (s *Service) options(c *registrar.Contact, flow sipedge.Flow) (*sip.Request, error) {
	var target sip.Uri
	if err := sip.ParseUri(c.URI, &target); err != nil {
		return nil, err
	}
	req := sip.NewRequest(sip.OPTIONS, target)
	for _, p := range c.Path {
		req.AppendHeader(sip.NewHeader("Route", p))
	}
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "dialtone", Host: s.config().SIP.Domain}}
	from.Params.Add("tag", randomID())
	to := target
	to.UriParams, to.Headers = nil, nil
	callID := sip.CallIDHeader(randomID())
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: to})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.OPTIONS})
	req.AppendHeader(&sip.ContactHeader{Address: s.edge.ContactURI(flow, "")})
	req.AppendHeader(sip.NewHeader("Accept", "application/sdp"))
	return req, nil
}

func randomID() string { return strings.ToLower(rand.Text()) }
