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
	strangerRest = 10 * time.Minute // between two lines about one stranger
	proofWithin  = 4 * time.Second  // a phone that is asked who it is has answered
)

// stranger is an address, and the extension that it says it is: "" when it says
// none of ours.
type stranger struct {
	addr      netip.Addr
	extension string
}

// strangers are those that were noted within strangerRest.
type strangers struct {
	mu    sync.Mutex
	noted map[stranger]time.Time
}

// note notes a stranger and reports since when it is, and whether that is new. When
// too many come at once, the rest is not noted and nothing new.
func (s *strangers) note(a stranger, now time.Time) (since time.Time, news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.noted[a]; known && now.Sub(at) < strangerRest {
		return at, false
	}
	if len(s.noted) >= maxStrangers {
		for k, at := range s.noted {
			if now.Sub(at) >= strangerRest {
				delete(s.noted, k)
			}
		}
		if len(s.noted) >= maxStrangers {
			return now, false
		}
	}
	if s.noted == nil {
		s.noted = map[stranger]time.Time{}
	}
	s.noted[a] = now
	return now, true
}

func (s *strangers) forget(a stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.noted, a)
}

// strangerOf is who sends req, before it has proved anything.
func (u *UA) strangerOf(req *sip.Request, flow sipedge.Flow) stranger {
	a := stranger{addr: flow.Remote.Addr()}
	from := unescape(req.From().Address.User)
	if _, ours := u.config().Extensions[from]; ours {
		a.extension = from
	}
	return a
}

// unproven says in one line why a call without credentials is of no trunk. Phones
// send their first INVITE without, too: who says it is an extension is mentioned
// when it was asked to prove that before, and did not.
func (u *UA) unproven(req *sip.Request, flow sipedge.Flow, misses []siptrunk.Miss) {
	who, now := u.strangerOf(req, flow), time.Now()
	if len(misses) == 0 {
		return
	}
	if who.extension != "" {
		neighbour := func(r netip.AddrPort) bool { return r.Addr() == who.addr }
		if u.registered(who.extension, neighbour) {
			return
		}
		if since, news := u.asked.note(who, now); news || now.Sub(since) < proofWithin {
			return
		}
	}
	if _, news := u.strangers.note(who, now); !news {
		return
	}
	var why []string
	for _, m := range misses {
		why = append(why, m.Trunk+": "+m.Why)
	}
	u.log.Info("call of no trunk and without credentials", slog.Any("source", flow.Remote), slog.String("from", unescape(req.From().Address.User)),
		slog.String("to", unescape(req.Recipient.User)), slog.String("trunks", strings.Join(why, "; ")))
}

// unbelieved says in one line why the credentials of a call were not accepted.
func (u *UA) unbelieved(req *sip.Request, flow sipedge.Flow, reason string) {
	if _, news := u.refused.note(u.strangerOf(req, flow), time.Now()); news {
		u.log.Info("call not authenticated", slog.Any("source", flow.Remote), slog.String("from", clean(unescape(req.From().Address.User))),
			slog.String("to", clean(req.Recipient.User)), slog.String("reason", clean(reason)))
	}
}

// phoneAt reports whether req comes from the very address of a phone that is
// registered as whom it says it is, and so has to prove that, even where a trunk is.
func (u *UA) phoneAt(req *sip.Request, flow sipedge.Flow) bool {
	return u.registered(unescape(req.From().Address.User), func(r netip.AddrPort) bool { return r == flow.Remote })
}

func (u *UA) registered(extension string, at func(netip.AddrPort) bool) bool {
	return slices.ContainsFunc(u.registrar.Lookup(extension), func(c registrar.Contact) bool { return at(c.Peer.Remote) })
}
