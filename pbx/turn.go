package pbx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/media/turn"
)

const (
	turnSecretFile = "turn-secret"
	// turnAgain is how often it is looked for addresses at which the relay does not listen.
	turnAgain = 10 * time.Second
	// turnAddresses bounds at how many it does.
	turnAddresses = 32
)

// wireTURN makes the relay for browsers, with a secret that is kept: credentials that
// were handed out are good after a restart as well.
func (s *Server) wireTURN() error {
	kept, err := keptSecret(filepath.Join(s.data, "web", turnSecretFile))
	if err != nil {
		return err
	}
	s.relay = turn.New(turn.Options{
		Log: s.Log, Far: browsersOnly{s},
		Settings: func() turn.Settings {
			cfg := s.Config()
			t := &cfg.Web.TURN
			now := turn.Settings{
				Secret: kept, Realm: cfg.SIP.Domain, Allocations: t.Max, PerUser: t.MaxPerUser,
				Rate: t.Kbits * 1000 / 8, Failures: cfg.SIP.MaxFailures,
			}
			if t.Secret != "" {
				now.Secret = t.Secret.Reveal()
			}
			if !t.Relay {
				now.Allocations = 0
			}
			return now
		},
	})
	return nil
}

// keptSecret reads a secret, or makes it.
func keptSecret(file string) (string, error) {
	b, err := os.ReadFile(file)
	if secret := strings.TrimSpace(string(b)); err == nil && secret != "" {
		return secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the secret of the relay for browsers: %w", err)
	}
	secret := rand.Text()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(secret+"\n"), 0o600)); err != nil {
		return "", fmt.Errorf("the secret of the relay for browsers cannot be kept: %w", err)
	}
	return secret, nil
}

// browsersOnly is what the relay reaches: the port for the audio of browsers.
type browsersOnly struct{ *Server }

// Ours implements turn.Far.
func (b browsersOnly) Ours(a netip.Addr) bool { return b.has(netip.AddrPortFrom(a, 0)) }

// has says whether browsers are told of an address; port 0 is any.
func (b browsersOnly) has(at netip.AddrPort) bool {
	if b.hub == nil {
		return false
	}
	cfg := b.Config()
	external, _ := netip.ParseAddr(cfg.SIP.External)
	port := uint16(cfg.Media.WebRTCPort) //nolint:gosec // was checked
	return b.hub.Has(at) || external == at.Addr() && (at.Port() == 0 || at.Port() == port)
}

// Open implements turn.Far.
func (b browsersOnly) Open(relayed, peer netip.AddrPort, out func([]byte) bool) (turn.Way, bool) {
	if !b.has(peer) {
		return nil, false
	}
	return b.hub.Relay(relayed, out), true
}

// relayFor is the relay as the web phone knows it.
type relayFor struct{ *Server }

// ServeConn implements web.Relay.
func (r relayFor) ServeConn(c net.Conn) error {
	if !r.Config().Web.TURN.Relay {
		return c.Close()
	}
	return r.relay.ServeConn(c)
}

// Credential implements web.Relay.
func (r relayFor) Credential(extension string, until time.Time) (username, password string) {
	return r.relay.Credential(extension, until)
}

// relayUDP has the relay listen over UDP where the web phone does, until ctx ends.
func (s *Server) relayUDP(ctx context.Context) error {
	bound, failed := map[netip.AddrPort]bool{}, map[netip.AddrPort]bool{}
	again := time.NewTicker(turnAgain)
	defer again.Stop()
	for {
		if t := &s.Config().Web.TURN; t.Relay && t.UDP {
			for _, at := range s.relayAddresses() {
				if bound[at] || len(bound) >= turnAddresses {
					continue
				}
				err := s.relay.ListenUDP(ctx, at.String())
				if err != nil && !failed[at] {
					s.Log.Warn("browsers do not reach the relay by UDP at one address", "address", at.String(), "error", err,
						"do", "set web.turn.udp: false if another program needs it")
				}
				bound[at], failed[at] = err == nil, err != nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// relayAddresses are those of the web phone, each by itself: an answer has to come from where
// the question went.
func (s *Server) relayAddresses() []netip.AddrPort {
	var out []netip.AddrPort
	for _, at := range s.browser.Addresses() {
		if !at.Addr().IsUnspecified() {
			out = append(out, at)
			continue
		}
		all, err := net.InterfaceAddrs()
		if err != nil {
			continue
		}
		for _, one := range all {
			n, ok := one.(*net.IPNet)
			if !ok {
				continue
			}
			if a, ok := netip.AddrFromSlice(n.IP); ok && (a.Unmap().IsGlobalUnicast() || a.IsLoopback()) {
				out = append(out, netip.AddrPortFrom(a.Unmap(), at.Port()))
			}
		}
	}
	return out
}
