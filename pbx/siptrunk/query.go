package siptrunk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

const (
	resolvConf   = "/etc/resolv.conf"
	askWithin    = 1500 * time.Millisecond // one name server has to answer
	askRounds    = 2                       // of all name servers
	maxNameHosts = 4                       // name servers that are asked
	udpSize      = 1232                    // bytes of an answer over UDP (RFC 6891, DNS flag day 2020)
)

// resolver asks name servers, without any cache: lines keep what they need.
type resolver struct{ servers []string }

func newResolver(servers []string) *resolver { return &resolver{servers: servers} }

// addresses of name servers; those of the machine are read anew each time, as
// they change with the network.
func (r *resolver) addresses() ([]string, error) {
	if r.servers != nil {
		return r.servers, nil
	}
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, fmt.Errorf("name servers: %w", err)
	}
	var list []string
	for _, s := range conf.Servers {
		if list = append(list, net.JoinHostPort(s, conf.Port)); len(list) == maxNameHosts {
			break
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("name servers: there is none in %s", resolvConf)
	}
	return list, nil
}

// reply is what name servers say about a name: nothing, for a time, when there is
// no record of the type.
type reply struct {
	records []dns.RR
	ttl     time.Duration
}

// ask asks one name server after the other, twice, until one knows.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (reply, error) {
	servers, err := r.addresses()
	if err != nil {
		return reply{}, err
	}
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), kind)
	m.SetEdns0(udpSize, false)
	var last error
	for range askRounds {
		for _, server := range servers {
			res, err := exchange(ctx, m, server)
			if err == nil {
				return replyOf(res, kind), nil
			}
			last = err
			if ctx.Err() != nil {
				return reply{}, fmt.Errorf("look up %s %s: %w", dns.TypeToString[kind], name, ctx.Err())
			}
		}
	}
	return reply{}, fmt.Errorf("look up %s %s: %w", dns.TypeToString[kind], name, last)
}

// exchange asks over UDP, and again over TCP when the answer did not fit. An
// answer that the name server could not find is an error.
func exchange(ctx context.Context, m *dns.Msg, server string) (*dns.Msg, error) {
	m = m.Copy()
	m.Id = dns.Id()
	client := dns.Client{Net: "udp", Timeout: askWithin, UDPSize: udpSize}
	res, _, err := client.ExchangeContext(ctx, m, server)
	if err == nil && res.Truncated {
		client.Net = "tcp"
		res, _, err = client.ExchangeContext(ctx, m, server)
	}
	if err != nil {
		return nil, fmt.Errorf("name server %s: %w", server, err)
	}
	switch res.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		return res, nil
	case dns.RcodeFormatError, dns.RcodeNotImplemented:
		if m.IsEdns0() != nil { // it may be too old for that
			m.Extra = nil
			return exchange(ctx, m, server)
		}
	}
	return nil, fmt.Errorf("name server %s: %s", server, dns.RcodeToString[res.Rcode])
}

// replyOf takes the records of a type, and the least time that one is good for;
// without one, what the zone says about names that are not there (RFC 2308).
func replyOf(m *dns.Msg, kind uint16) reply {
	out := reply{ttl: maxTTL}
	for _, rr := range m.Answer {
		out.ttl = min(out.ttl, seconds(rr.Header().Ttl))
		if rr.Header().Rrtype == kind {
			out.records = append(out.records, rr)
		}
	}
	if len(out.records) > 0 {
		return out
	}
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			out.ttl = min(out.ttl, seconds(soa.Hdr.Ttl), seconds(soa.Minttl))
		}
	}
	return out
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

var errNoAddress = errors.New("the name has no address")

// hosts gives the addresses of a name, those of IPv4 first. A name that the name
// servers do not know may be known to the machine (/etc/hosts, search domains).
func (r *resolver) hosts(ctx context.Context, name string) ([]netip.Addr, time.Duration, error) {
	type result struct {
		reply
		err error
	}
	six := make(chan result, 1)
	go func() {
		found, err := r.ask(ctx, name, dns.TypeAAAA)
		six <- result{found, err}
	}()
	four, err := r.ask(ctx, name, dns.TypeA)
	other := <-six
	ttl := maxTTL
	var list []netip.Addr
	for _, rr := range slices.Concat(four.records, other.records) {
		ttl = min(ttl, seconds(rr.Header().Ttl))
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if a, ok := netip.AddrFromSlice(ip); ok && len(list) < maxAddresses {
			list = append(list, a.Unmap())
		}
	}
	if len(list) > 0 {
		return list, ttl, nil
	}
	if r.servers == nil {
		if found, lerr := net.DefaultResolver.LookupNetIP(ctx, "ip", name); lerr == nil {
			for _, a := range found[:min(len(found), maxAddresses)] {
				list = append(list, a.Unmap())
			}
			return list, time.Minute, nil
		}
	}
	if err = errors.Join(err, other.err); err == nil {
		err = fmt.Errorf("look up %s: %w", name, errNoAddress)
	}
	return nil, 0, err
}
