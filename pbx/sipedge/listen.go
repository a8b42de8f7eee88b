package sipedge

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Address is one that the edge listens on.
type Address struct {
	Transport string // "udp", "tcp" or "tls"
	AddrPort  netip.AddrPort
}

// String is a like "udp 192.0.2.1:5060".
func (a Address) String() string { return a.Transport + " " + a.AddrPort.String() }

// listeners are the bound addresses. Only concrete ones are bound: Via, Contact
// and the source of answers have to name one.
type listeners struct {
	mu    sync.Mutex
	udp   map[netip.AddrPort]*udpSocket
	tcp   map[Address]*acceptor
	begun bool
	// failed are addresses that could not be bound after Listen, to say so once.
	failed map[Address]bool
	// machine gives the addresses of the machine; nil means net.InterfaceAddrs.
	machine func() ([]netip.Addr, error)
}

// Listen binds every address of sip.udp, sip.tcp and sip.tls. A host that is
// empty, 0.0.0.0 or [::] stands for the addresses that the machine has, and will
// have: while running, they are looked at every ten seconds. When one cannot be
// bound, none is, and the error says which and why.
func (e *Edge) Listen(_ context.Context) error {
	want, err := e.wanted()
	if err != nil {
		return err
	}
	if len(want) == 0 {
		return errors.New("sip: there is no address to listen on; set sip.udp, sip.tcp or sip.tls")
	}
	for a, wild := range want {
		if a.Transport == "tls" && e.serverTLS == nil {
			e.addrs.closeAll()
			return fmt.Errorf("sip.tls: listening on %s needs a certificate", a.AddrPort)
		}
		err := e.addrs.bind(e, a)
		if err == nil {
			continue
		}
		if wild && errors.Is(err, syscall.EADDRNOTAVAIL) {
			e.log.Warn("an address of this machine cannot be used", "address", a.String(), "error", err)
			continue
		}
		e.addrs.closeAll()
		return bindError(a, err)
	}
	if len(e.Addresses()) == 0 {
		return errors.New("sip: none of the addresses of this machine can be used")
	}
	return nil
}

// bindError says in plain words what is wrong.
func bindError(a Address, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot listen on %s: the address is in use; another Dialtone or another PBX seems to run "+
			"on this machine. Stop it, or set other addresses in sip.%s", a, a.Transport)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("cannot listen on %s: this machine does not have the address; see sip.%s", a, a.Transport)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("cannot listen on %s: no permission; ports below 1024 need CAP_NET_BIND_SERVICE, "+
			"or set another port in sip.%s", a, a.Transport)
	}
	return fmt.Errorf("cannot listen on %s (sip.%s): %w", a, a.Transport, err)
}

// wanted is what should be bound; true marks those that a wildcard stands for.
func (e *Edge) wanted() (map[Address]bool, error) {
	machine := e.addrs.machine
	if machine == nil {
		machine = machineAddrs
	}
	have, err := machine()
	if err != nil {
		return nil, fmt.Errorf("sip: the addresses of this machine cannot be read: %w", err)
	}
	sip := e.opt.Config().SIP
	want := map[Address]bool{}
	for _, t := range []struct {
		transport string
		specs     []string
	}{{"udp", sip.UDP}, {"tcp", sip.TCP}, {"tls", sip.TLS}} {
		for _, spec := range t.specs {
			addrs, wild, err := expand(spec, have)
			if err != nil {
				return nil, fmt.Errorf("sip.%s: %w", t.transport, err)
			}
			for _, a := range addrs {
				want[Address{t.transport, a}] = wild
			}
		}
	}
	return want, nil
}

func (l *listeners) bind(e *Edge, a Address) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.Transport == "udp" {
		s, err := e.bindUDP(a.AddrPort)
		if err != nil {
			return err
		}
		if !l.serves(e, s.serve) {
			s.close()
			return ErrNotRunning
		}
		if l.udp == nil {
			l.udp = map[netip.AddrPort]*udpSocket{}
		}
		l.udp[s.local] = s
		return nil
	}
	t, err := e.bindStream(a.Transport, a.AddrPort)
	if err != nil {
		return err
	}
	if !l.serves(e, t.serve) {
		t.close()
		return ErrNotRunning
	}
	if l.tcp == nil {
		l.tcp = map[Address]*acceptor{}
	}
	l.tcp[Address{a.Transport, t.local}] = t
	return nil
}

// serves begins to serve what is bound now, which start does for what was bound before;
// false when the edge ends. mu is held.
func (l *listeners) serves(e *Edge, serve func(context.Context)) bool {
	return !l.begun || e.running(func(ctx context.Context) { e.readers.Go(func() { serve(ctx) }) })
}

// start serves what Listen has bound.
func (l *listeners) start(ctx context.Context, e *Edge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
	for _, s := range l.udp {
		e.readers.Go(func() { s.serve(ctx) })
	}
	for _, t := range l.tcp {
		e.readers.Go(func() { t.serve(ctx) })
	}
}

// watch follows the addresses of the machine.
func (l *listeners) watch(ctx context.Context, e *Edge) {
	tick := time.NewTicker(rescanEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.rescan(e)
		}
	}
}

// rescan binds addresses that have come, and closes those that have gone.
func (l *listeners) rescan(e *Edge) {
	want, err := e.wanted()
	if err != nil {
		e.log.Warn("looking for new addresses failed", "error", err)
		return
	}
	have := map[Address]bool{}
	for _, a := range e.Addresses() {
		have[a] = true
	}
	for a, wild := range want {
		if !wild || a.AddrPort.Port() == 0 || have[a] {
			continue
		}
		switch err := l.bind(e, a); {
		case err == nil:
			e.log.Info("listening on a new address", "address", a.String())
		case errors.Is(err, ErrNotRunning):
			return
		case l.firstFailure(a):
			e.log.Warn("a new address cannot be used", "address", a.String(), "error", err)
		}
	}
	l.dropVanished(e, want)
}

func (l *listeners) firstFailure(a Address) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil || len(l.failed) > 1000 {
		l.failed = map[Address]bool{}
	}
	first := !l.failed[a]
	l.failed[a] = true
	return first
}

// dropVanished closes sockets of addresses that a wildcard no longer stands for.
func (l *listeners) dropVanished(e *Edge, want map[Address]bool) {
	keep := func(a Address) bool {
		if _, ok := want[a]; ok {
			return true
		}
		_, ok := want[Address{a.Transport, netip.AddrPortFrom(a.AddrPort.Addr(), 0)}]
		return ok
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for at, s := range l.udp {
		if a := (Address{"udp", at}); !keep(a) {
			s.close()
			delete(l.udp, at)
			e.log.Info("an address has gone", "address", a.String())
		}
	}
	for a, t := range l.tcp {
		if !keep(a) {
			t.close()
			delete(l.tcp, a)
			e.log.Info("an address has gone", "address", a.String())
		}
	}
}

func (l *listeners) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.udp {
		s.close()
	}
	for _, t := range l.tcp {
		t.close()
	}
	l.udp, l.tcp = nil, nil
}

// Addresses are those that the edge listens on, in order.
func (e *Edge) Addresses() []Address {
	l := &e.addrs
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []Address
	for at := range l.udp {
		list = append(list, Address{"udp", at})
	}
	for a := range l.tcp {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Address) int {
		if c := -strings.Compare(a.Transport, b.Transport); c != 0 {
			return c // udp, tls, tcp
		}
		return a.AddrPort.Compare(b.AddrPort)
	})
	return list
}

func (l *listeners) socket(at netip.AddrPort) *udpSocket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.udp[at]
}
