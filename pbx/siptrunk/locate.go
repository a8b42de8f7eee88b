package siptrunk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// What of the answers of name servers is taken.
const (
	minTTL       = 5 * time.Second
	maxTTL       = time.Hour
	maxServices  = 6  // NAPTR
	maxRecords   = 16 // SRV of one service
	maxAddresses = 8  // of one name
	maxServers   = 32 // of one trunk
)

// record is one server by name, that has one or more addresses. Those of the
// lowest rank are tried first, and share by weight.
type record struct {
	rank, weight int
	servers      []Server
}

// answer is where the servers of a host are.
type answer struct {
	records []record
	ttl     time.Duration
	// doubt is what could not be looked up, though something was found: there may be
	// better servers.
	doubt error
}

// service is one transport at which a name is served, and the SRV name that says
// where.
type service struct{ transport, name string }

// locate finds the servers of a host (RFC 3263 §4). transport is "" when it is
// for the name servers to say.
func (r *resolver) locate(ctx context.Context, h host, transport string) (answer, error) {
	if h.addr.IsValid() || h.port != 0 {
		return r.direct(ctx, h, transport)
	}
	services, ttl, doubt := r.services(ctx, h.name, transport)
	found := r.records(ctx, h, services)
	found.ttl = min(found.ttl, ttl)
	found.doubt = errors.Join(doubt, found.doubt)
	if len(found.records) > 0 {
		return found, nil
	}
	plain, err := r.direct(ctx, h, transport)
	if err != nil {
		return answer{}, errors.Join(found.doubt, err)
	}
	plain.ttl = min(plain.ttl, found.ttl)
	plain.doubt = found.doubt
	return plain, nil
}

// direct is a host whose port is known, or is the usual one.
func (r *resolver) direct(ctx context.Context, h host, transport string) (answer, error) {
	transport = cmp.Or(transport, "udp")
	addrs, ttl := []netip.Addr{h.addr}, maxTTL
	if !h.addr.IsValid() {
		var err error
		if addrs, ttl, err = r.hosts(ctx, h.name); err != nil {
			return answer{}, err
		}
	}
	port := cmp.Or(h.port, usualPort(transport))
	return answer{records: []record{{servers: serversAt(addrs, port, transport, h.name)}}, ttl: ttl}, nil
}

func usualPort(transport string) uint16 {
	if transport == "tls" {
		return 5061
	}
	return 5060
}

func serversAt(addrs []netip.Addr, port uint16, transport, name string) []Server {
	var list []Server
	for _, a := range addrs {
		list = append(list, Server{Transport: transport, Addr: netip.AddrPortFrom(a, port), Name: name})
	}
	return list
}

// services are the transports of a name in the order that NAPTR says (§4.1);
// without NAPTR, those that a SIP URI without transport may mean.
func (r *resolver) services(ctx context.Context, name, transport string) ([]service, time.Duration, error) {
	found, err := r.ask(ctx, name, dns.TypeNAPTR)
	ttl := maxTTL
	if err == nil {
		ttl = found.ttl
	}
	var list []service
	for _, n := range sortedNAPTR(found.records) {
		t := map[string]string{"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}[strings.ToUpper(n.Service)]
		if t != "" && (transport == "" || transport == t) && strings.EqualFold(n.Flags, "s") && len(list) < maxServices {
			list = append(list, service{t, n.Replacement})
		}
	}
	if len(list) > 0 {
		return list, ttl, nil
	}
	for _, s := range []service{{"udp", "_sip._udp."}, {"tcp", "_sip._tcp."}, {"tls", "_sips._tcp."}} {
		if transport == s.transport || transport == "" && s.transport != "tls" {
			list = append(list, service{s.transport, s.name + name})
		}
	}
	return list, ttl, err
}

func sortedNAPTR(records []dns.RR) []*dns.NAPTR {
	var list []*dns.NAPTR
	for _, rr := range records {
		if n, ok := rr.(*dns.NAPTR); ok {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b *dns.NAPTR) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.Preference, b.Preference))
	})
	return list
}

// records are the servers of services: those of the first service come before
// those of the second. They are looked up all at once.
func (r *resolver) records(ctx context.Context, h host, services []service) answer {
	found := make([]answer, len(services))
	var asking sync.WaitGroup
	for i, s := range services {
		asking.Go(func() { found[i] = r.service(ctx, h, s) })
	}
	asking.Wait()
	all := answer{ttl: maxTTL}
	rank, servers := 0, 0
	for _, f := range found {
		all.ttl = min(all.ttl, f.ttl)
		all.doubt = errors.Join(all.doubt, f.doubt)
		highest := rank
		for _, rec := range f.records {
			if servers += len(rec.servers); servers > maxServers {
				break
			}
			rec.rank += rank
			highest = max(highest, rec.rank+1)
			all.records = append(all.records, rec)
		}
		rank = highest
	}
	return all
}

// service looks up one SRV name and the addresses of its targets.
func (r *resolver) service(ctx context.Context, h host, s service) answer {
	srv, err := r.ask(ctx, s.name, dns.TypeSRV)
	if err != nil {
		return answer{ttl: maxTTL, doubt: err}
	}
	list := srv.records[:min(len(srv.records), maxRecords)]
	found := make([]answer, len(list))
	var asking sync.WaitGroup
	for i, rr := range list {
		v, ok := rr.(*dns.SRV)
		if !ok || v.Target == "." {
			continue // the service is not there, and says so (RFC 2782)
		}
		asking.Go(func() {
			addrs, ttl, err := r.hosts(ctx, strings.TrimSuffix(v.Target, "."))
			if err != nil {
				found[i] = answer{ttl: maxTTL, doubt: fmt.Errorf("server %s: %w", v.Target, err)}
				return
			}
			found[i] = answer{ttl: ttl, records: []record{{
				rank: int(v.Priority), weight: int(v.Weight), servers: serversAt(addrs, v.Port, s.transport, h.name),
			}}}
		})
	}
	asking.Wait()
	all := answer{ttl: srv.ttl}
	for i := range found {
		if len(found[i].records) > 0 {
			all.ttl = min(all.ttl, found[i].ttl)
		}
		all.records = append(all.records, found[i].records...)
		all.doubt = errors.Join(all.doubt, found[i].doubt)
	}
	return all
}
