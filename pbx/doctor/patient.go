package doctor

import (
	"context"
	"errors"
	"net/netip"

	"dialtone/config"
	"dialtone/pbx/api"
)

// Server is one that runs, as its control socket shows it.
type Server interface {
	Status(ctx context.Context) (api.Status, error)
	Check(ctx context.Context) (api.Check, error)
	Trunks(ctx context.Context) ([]api.Trunk, error)
	Registrations(ctx context.Context) ([]api.Registration, error)
}

// Options are what is examined.
type Options struct {
	Server Server
	// Loaded is the configuration, and Mistakes why the server would not take it. File is
	// its name, "" when there is none.
	Loaded   *config.Loaded
	Mistakes error
	File     string
	Data     string // the data folder
}

// patient is a server with what is known of it.
type patient struct {
	Options
	cfg    *config.Config // in force as far as can be known; never nil
	status api.Status
	check  api.Check
	err    error // why the server cannot be asked
}

func newPatient(ctx context.Context, o Options) *patient {
	p := &patient{Options: o}
	if o.Loaded != nil {
		p.cfg = o.Loaded.Config
	}
	if p.cfg == nil {
		usual := config.Default()
		p.cfg = &usual
	}
	p.status, p.err = o.Server.Status(ctx)
	if p.err == nil {
		p.check, p.err = o.Server.Check(ctx)
	}
	return p
}

func (p *patient) running() bool { return p.err == nil }

func (p *patient) server(context.Context) []Finding {
	switch {
	case p.err == nil && p.status.Draining:
		return []Finding{warning("the server is about to stop, and takes no new calls", "wait until it has stopped, then start it again")}
	case p.err == nil:
		return []Finding{ok("Dialtone " + p.status.Version + " runs")}
	case errors.Is(p.err, api.ErrNoServer):
		return []Finding{skipped("the server does not run: what follows is what can be seen without it", "start it, then ask again: dialtone serve")}
	}
	return []Finding{problem(p.err.Error(), "run this as the user that runs the server, or as root")}
}

// reach is an address at which we can connect to what is bound at one: who listens on every
// address does so on that of the machine for itself.
func reach(at netip.AddrPort) netip.AddrPort {
	if !at.Addr().IsUnspecified() {
		return at
	}
	if at.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()) // both families
}

// listening are the addresses of a transport, as we can connect to them.
func (p *patient) listening(transport string) (list []netip.AddrPort) {
	for _, a := range p.status.Addresses {
		if at, err := netip.ParseAddrPort(a.Address); err == nil && a.Transport == transport {
			list = append(list, reach(at))
		}
	}
	return list
}

// web are those of the web phone.
func (p *patient) web() (list []netip.AddrPort) {
	for _, a := range p.check.Web {
		if at, err := netip.ParseAddrPort(a); err == nil {
			list = append(list, reach(at))
		}
	}
	return list
}
