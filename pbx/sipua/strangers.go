package sipua

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
	"dialtone/pbx/siptrunk"
)

const (
	maxStrangers = 1024
	strangerRest = 10 * time.Minute // between two lines about one address
)

// strangers are the addresses of which the log was told lately.
type strangers struct {
	mu   sync.Mutex
	told map[netip.Addr]time.Time
}

// news reports whether the log is to be told of an address. When too many come at
// once, the rest is not mentioned.
func (s *strangers) news(a netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.told[a]; known && now.Sub(at) < strangerRest {
		return false
	}
	if len(s.told) >= maxStrangers {
		for k, at := range s.told {
			if now.Sub(at) >= strangerRest {
				delete(s.told, k)
			}
		}
		if len(s.told) >= maxStrangers {
			return false
		}
	}
	if s.told == nil {
		s.told = map[netip.Addr]time.Time{}
	}
	s.told[a] = now
	return true
}

// stranger says in one line why a call without credentials is of no trunk. Phones
// send their first INVITE without, too: those that are registered from that address
// are not mentioned.
func (u *UA) stranger(req *sip.Request, flow sipedge.Flow, misses []siptrunk.Miss) {
	from := unescape(req.From().Address.User)
	neighbour := func(r netip.AddrPort) bool { return r.Addr() == flow.Remote.Addr() }
	if len(misses) == 0 || u.registered(from, neighbour) || !u.strangers.news(flow.Remote.Addr(), time.Now()) {
		return
	}
	var why []string
	for _, m := range misses {
		why = append(why, m.Trunk+": "+m.Why)
	}
	u.log.Info("call of no trunk and without credentials", slog.Any("source", flow.Remote), slog.String("from", from),
		slog.String("to", unescape(req.Recipient.User)), slog.String("trunks", strings.Join(why, "; ")))
}

// phoneAt reports whether req comes from the very address of a phone that is
// registered as whom it says it is, and so has to prove that, even where a trunk is.
func (u *UA) phoneAt(req *sip.Request, flow sipedge.Flow) bool {
	return u.registered(unescape(req.From().Address.User), func(r netip.AddrPort) bool { return r == flow.Remote })
}

func (u *UA) registered(extension string, at func(netip.AddrPort) bool) bool {
	return slices.ContainsFunc(u.registrar.Lookup(extension), func(c registrar.Contact) bool { return at(c.Peer.Remote) })
}
