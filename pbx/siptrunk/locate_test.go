package siptrunk

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"dialtone/config"
)

// zone is a name server on the loopback.
type zone struct {
	addr string

	mu      sync.Mutex
	records map[string][]dns.RR // by name and type
	broken  bool                // answers SERVFAIL
	asked   map[string]int
	overTCP int
	large   bool // answers do not fit over UDP
}

func newZone(t *testing.T, lines ...string) *zone {
	t.Helper()
	z := &zone{asked: map[string]int{}}
	z.set(t, lines...)
	pc, l := bothOnOnePort(t)
	z.addr = pc.LocalAddr().String()
	for _, s := range []*dns.Server{{PacketConn: pc, Handler: z}, {Listener: l, Handler: z}} {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		done := make(chan struct{})
		go func() { defer close(done); _ = s.ActivateAndServe() }()
		<-up
		t.Cleanup(func() { _ = s.Shutdown(); <-done })
	}
	return z
}

// bothOnOnePort listens for UDP and TCP on a port that is free for both.
func bothOnOnePort(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		pc, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return pc, l
		}
		_ = l.Close() // taken by another
	}
}

func (z *zone) set(t *testing.T, lines ...string) {
	t.Helper()
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records = map[string][]dns.RR{}
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			t.Fatal(err)
		}
		key := rr.Header().Name + dns.TypeToString[rr.Header().Rrtype]
		z.records[key] = append(z.records[key], rr)
	}
}

func (z *zone) ServeDNS(w dns.ResponseWriter, req *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	m := new(dns.Msg)
	m.SetReply(req)
	q := req.Question[0]
	key := strings.ToLower(q.Name) + dns.TypeToString[q.Qtype]
	z.asked[key]++
	tcp := w.RemoteAddr().Network() == "tcp"
	switch {
	case z.broken:
		m.Rcode = dns.RcodeServerFailure
	case z.large && !tcp:
		m.Truncated = true
	default:
		m.Answer = z.records[key]
	}
	if tcp {
		z.overTCP++
	}
	_ = w.WriteMsg(m)
}

func texts(list []Server) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.String())
	}
	return out
}

func TestServersOfAHost(t *testing.T) {
	z := newZone(t,
		`full.example. 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.full.example.`,
		`full.example. 60 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.full.example.`,
		`full.example. 60 IN NAPTR 10 20 "s" "SIP+D2X" "" _other.full.example.`,
		`_sips._tcp.full.example. 60 IN SRV 10 0 5071 a.full.example.`,
		`_sip._udp.full.example. 60 IN SRV 20 0 5062 b.full.example.`,
		`_sip._udp.full.example. 60 IN SRV 10 0 5061 a.full.example.`,
		`_sip._tcp.full.example. 60 IN SRV 10 0 5063 a.full.example.`,
		`a.full.example. 60 IN A 192.0.2.1`,
		`b.full.example. 60 IN A 192.0.2.2`,
		`b.full.example. 60 IN AAAA 2001:db8::2`,
		`full.example. 60 IN A 192.0.2.9`,
		`srv.example. 60 IN A 192.0.2.9`,
		`_sip._udp.srv.example. 60 IN SRV 0 0 5060 a.full.example.`,
		`_sip._tcp.srv.example. 60 IN SRV 0 0 5070 a.full.example.`,
		`plain.example. 60 IN A 192.0.2.3`,
		`alias.example. 60 IN CNAME plain.example.`,
		`none.example. 60 IN A 192.0.2.4`,
		`_sip._udp.none.example. 60 IN SRV 0 0 0 .`,
	)
	for _, test := range []struct{ host, transport, want, name string }{
		{"full.example", "", "tls 192.0.2.1:5071, udp 192.0.2.1:5061, udp 192.0.2.2:5062, udp [2001:db8::2]:5062", "full.example"},
		{"full.example", "udp", "udp 192.0.2.1:5061, udp 192.0.2.2:5062, udp [2001:db8::2]:5062", "full.example"},
		{"full.example", "tcp", "tcp 192.0.2.1:5063", "full.example"}, // NAPTR leaves it out, SRV has it
		{"full.example:5099", "", "udp 192.0.2.9:5099", "full.example"},
		{"srv.example", "", "udp 192.0.2.1:5060, tcp 192.0.2.1:5070", "srv.example"},
		{"srv.example", "tls", "tls 192.0.2.9:5061", "srv.example"},
		{"plain.example", "", "udp 192.0.2.3:5060", "plain.example"},
		{"plain.example", "tcp", "tcp 192.0.2.3:5060", "plain.example"},
		{"none.example", "udp", "udp 192.0.2.4:5060", "none.example"},
		{"192.0.2.7", "tls", "tls 192.0.2.7:5061", "192.0.2.7"},
		{"[2001:db8::7]:5070", "", "udp [2001:db8::7]:5070", "2001:db8::7"},
		{"2001:db8::7", "", "udp [2001:db8::7]:5060", "2001:db8::7"},
		{"::ffff:192.0.2.7", "", "udp 192.0.2.7:5060", "192.0.2.7"},
	} {
		t.Run(test.host+" "+test.transport, func(t *testing.T) {
			b := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Host, c.Transport = test.host, test.transport })}, z.addr)
			list, err := b.Servers(t.Context(), "p")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(texts(list), ", "); got != test.want {
				t.Errorf("have %s\nwant %s", got, test.want)
			}
			for _, s := range list {
				if s.Name != test.name || s.Trunk != "p" {
					t.Errorf("server %+v: want the name %s", s, test.name)
				}
			}
		})
	}
}

func TestUnknownHostSaysSo(t *testing.T) {
	z := newZone(t)
	b := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Host = "nobody.example" })}, z.addr)
	if _, err := b.Servers(t.Context(), "p"); err == nil || !strings.Contains(err.Error(), "trunk p: look up nobody.example: the name has no address") {
		t.Errorf("error %v", err)
	}
	if _, err := b.Servers(t.Context(), "q"); err == nil || !strings.Contains(err.Error(), "trunk q: there is no such trunk") {
		t.Errorf("error %v", err)
	}
}

func TestNameServersMayFail(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	z := newZone(t, `p.example. 60 IN A 192.0.2.3`)
	z.mu.Lock()
	z.large = true
	z.mu.Unlock()
	r := newResolver([]string{silent.LocalAddr().String(), z.addr})
	a, err := r.locate(t.Context(), parseHost("p.example:5060"), "")
	if err != nil || len(a.records) != 1 || a.ttl != time.Minute {
		t.Fatalf("%+v, %v", a, err)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.overTCP == 0 {
		t.Error("a truncated answer was not asked for over TCP")
	}
}

func TestOldAnswerStaysWhenNamesCannotBeLookedUp(t *testing.T) {
	z := newZone(t,
		`p.example. 60 IN A 192.0.2.3`,
		`_sip._udp.p.example. 60 IN SRV 0 0 5070 p.example.`)
	b := prepare(t, &network{}, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Host = "p.example" })}, z.addr)
	l := b.lines["p"]
	look := func() []string {
		t.Helper()
		l.mu.Lock()
		l.found.due = time.Time{}
		l.mu.Unlock()
		_ = l.find(t.Context(), true)
		list, err := b.Servers(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		return texts(list)
	}
	if got := look(); !slices.Equal(got, []string{"udp 192.0.2.3:5070"}) {
		t.Fatal(got)
	}
	z.mu.Lock()
	z.broken = true
	z.mu.Unlock()
	if got := look(); !slices.Equal(got, []string{"udp 192.0.2.3:5070"}) {
		t.Errorf("after a failure: %v", got)
	}
	look()
	if n := b.log.count("cannot be looked up", "SERVFAIL", "old_answer_used=true"); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, b.log)
	}
	z.mu.Lock()
	z.broken = false
	z.mu.Unlock()
	z.set(t, `p.example. 60 IN A 192.0.2.4`)
	if got := look(); !slices.Equal(got, []string{"udp 192.0.2.4:5060"}) {
		t.Errorf("after a change: %v", got)
	}
	if b.log.count("are found again") != 1 {
		t.Errorf("log:\n%s", b.log)
	}
}

func TestAnswersAreKeptForTheirTime(t *testing.T) {
	for _, test := range []struct{ ttl, want time.Duration }{
		{time.Second, minTTL}, {5 * time.Minute, 5 * time.Minute}, {24 * time.Hour, maxTTL},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := prepare(t, &network{}, map[string]config.Trunk{"p": provider()})
			l := b.lines["p"]
			if err := l.learn(answer{records: []record{{}}, ttl: test.ttl}, nil); err != nil {
				t.Fatal(err)
			}
			if got := time.Until(l.found.due); got != test.want {
				t.Errorf("TTL %v: looked up again after %v, want %v", test.ttl, got, test.want)
			}
		})
	}
}

func TestServersShareByWeight(t *testing.T) {
	records := []record{
		{rank: 2, weight: 1, servers: serversAt(nil, 0, "", "")},
	}
	for i, r := range []record{{rank: 1, weight: 3}, {rank: 1, weight: 1}, {rank: 0, weight: 0}, {rank: 1, weight: 0}} {
		r.servers = []Server{{Name: strconv.Itoa(i)}}
		records = append(records, r)
	}
	const rounds = 8000
	first := map[string]int{}
	seed := uint64(1)
	for range rounds {
		list := ordered(records, func(n int) int { // a congruential generator: the same in each run
			seed = seed*6364136223846793005 + 1442695040888963407
			return int(seed>>33) % n
		})
		if len(list) != 4 || list[0].Name != "2" {
			t.Fatalf("order %v, want the lowest rank first", list)
		}
		first[list[1].Name]++
	}
	if share := float64(first["0"]) / rounds; share < 0.72 || share > 0.78 {
		t.Errorf("weight 3 of 4 is first in %.2f of the orders", share)
	}
	if first["3"] == 0 || first["3"] > rounds/50 {
		t.Errorf("without weight it is first %d times of %d", first["3"], rounds)
	}
}
