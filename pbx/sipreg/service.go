package sipreg

import (
	"context"
	"log/slog"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

// Edge is what is needed of a *sipedge.Edge.
type Edge interface {
	Handle(sip.RequestMethod, sipedge.Handler)
	Supported(tags ...string)
	OnClose(func(sipedge.Flow))
	Request(context.Context, *sip.Request, sipedge.Flow) (sip.ClientTransaction, error)
	Alive(sipedge.Flow) bool
	ContactURI(flow sipedge.Flow, user string) sip.Uri
}

// Options are what a Service works with; all are needed.
type Options struct {
	Edge      Edge
	Auth      *sipauth.Authenticator
	Registrar *registrar.Registrar
	Config    func() *config.Config // the current one
	Log       *slog.Logger
}

// Service answers REGISTER and qualifies phones.
type Service struct {
	edge      Edge
	auth      *sipauth.Authenticator
	registrar *registrar.Registrar
	config    func() *config.Config
	log       *slog.Logger
	qualifier *qualifier
}

// New takes over REGISTER from the edge; call it before the edge runs.
func New(o Options) *Service {
	s := &Service{edge: o.Edge, auth: o.Auth, registrar: o.Registrar, config: o.Config, log: o.Log}
	s.qualifier = newQualifier(s)
	o.Edge.Supported("path", "outbound")
	o.Edge.Handle(sip.REGISTER, s.serve)
	o.Edge.OnClose(func(f sipedge.Flow) { s.registrar.FlowGone(registrar.Flow(f)) })
	return s
}

// Run qualifies phones until ctx ends and returns when no question is under way.
// The edge is to run before it.
func (s *Service) Run(ctx context.Context) {
	for _, c := range s.registrar.All() {
		// Connections do not survive a restart as their contacts do.
		if f := sipedge.Flow(c.Peer); f.Reliable() && !s.edge.Alive(f) {
			s.registrar.FlowGone(c.Peer)
		}
	}
	s.qualifier.run(ctx)
}
