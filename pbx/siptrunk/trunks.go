// Package siptrunk knows the lines to the outside: where their servers are now
// (RFC 3263), which of them answer, whether we are registered there, and which
// calls come from them. It makes no calls: pbx/sipua does.
package siptrunk

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// Edge is what a trunk needs of the SIP sockets.
type Edge interface {
	Request(ctx context.Context, req *sip.Request, flow sipedge.Flow) (sip.ClientTransaction, error)
	ContactURI(flow sipedge.Flow, user string) sip.Uri
}

// Options are the parts that Trunks works with; all but Servers are required.
type Options struct {
	Edge    Edge
	Config  func() *config.Config
	Log     *slog.Logger
	Servers []string // name servers, host:port; nil is those of the machine
}

// Server is one server of a trunk, as it can be reached now.
type Server struct {
	Trunk     string
	Transport string // "udp", "tcp", "tls"
	Addr      netip.AddrPort
	Name      string // that its certificate must have
}

// State is how a trunk is.
type State string

// The states of a trunk.
const (
	New        State = "new"        // nothing was tried yet
	Trying     State = "trying"     // a registration or question is under way
	Registered State = "registered" // it takes calls, and sends them here
	Up         State = "up"         // it answers; it is not registered at
	FailWait   State = "fail-wait"  // it failed, and is tried again
	Failed     State = "failed"     // it refused in a way that trying again does not help
	Down       State = "down"       // no server of it answers
)

// Status is how a trunk is, and why.
type Status struct {
	Name    string
	State   State
	Since   time.Time
	Why     string    // of FailWait, Failed and Down: in words
	Next    time.Time // when it is tried again
	Expires time.Time // of the registration
	Servers []ServerStatus
	Calls   int // channels in use
}

// ServerStatus is how one server of a trunk is.
type ServerStatus struct {
	Server
	Alive bool
	Since time.Time
	RTT   time.Duration // of the last OPTIONS, 0 when there was none
}

// Miss says why a request does not come from a trunk.
type Miss struct{ Trunk, Why string }
