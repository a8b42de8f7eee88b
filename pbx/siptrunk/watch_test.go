package siptrunk

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
)

// peer is a trunk that does not register.
func peer(change ...func(*config.Trunk)) config.Trunk {
	return provider(append([]func(*config.Trunk){func(c *config.Trunk) {
		c.Register, c.Username, c.Password, c.Qualify = false, "", "", config.Duration(30*time.Second)
	}}, change...)...)
}

func TestPeerIsAskedWhetherItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		code := 200
		n := &network{answer: func(req *sip.Request, _ netip.AddrPort) *sip.Response {
			if code == 0 {
				return nil
			}
			return respond(req, code, "Words")
		}}
		b := open(t, n, map[string]config.Trunk{"p": peer()})
		b.want("p", StateUp)
		time.Sleep(10 * time.Minute)
		if got := len(n.requests(sip.OPTIONS)); got < 18 || got > 21 {
			t.Errorf("%d questions within ten minutes, want one each 30 s", got)
		}
		n.change(func() { code = 404 }) // it is there, and says so
		time.Sleep(time.Minute)
		b.want("p", StateUp)
		n.change(func() { code = 503 })
		time.Sleep(time.Minute)
		if s := b.want("p", StateDown); !strings.Contains(s.Why, "it answers OPTIONS with 503 Words") {
			t.Errorf("why %q", s.Why)
		}
		n.change(func() { code = 0 })
		time.Sleep(time.Minute)
		if s := b.want("p", StateDown); !strings.Contains(s.Why, "no answer to OPTIONS within 2s") || s.Servers[0].Alive {
			t.Errorf("%+v", s)
		}
		n.change(func() { code = 200 })
		time.Sleep(probeLast + 5*time.Second)
		b.want("p", StateUp)
		if b.log.count("a trunk is up") != 2 || b.log.count("a server") != 0 {
			t.Errorf("log:\n%s", b.log)
		}
	})
}

func TestDeadServerIsTriedLastAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := false
		n := &network{answer: func(req *sip.Request, _ netip.AddrPort) *sip.Response {
			if !there {
				return nil
			}
			return respond(req, 200, "OK")
		}}
		b := open(t, n, map[string]config.Trunk{"p": peer(func(c *config.Trunk) { c.Qualify = 0 })})
		b.want("p", StateNew)
		l := b.lines["p"]
		one := Server{Trunk: "p", Transport: "udp", Addr: netip.MustParseAddrPort("203.0.113.1:5060")}
		two := Server{Trunk: "p", Transport: "udp", Addr: netip.MustParseAddrPort("203.0.113.2:5060")}
		if err := l.learn(answer{ttl: maxTTL, records: []record{{rank: 1, servers: []Server{one}}, {rank: 2, servers: []Server{two}}}}, nil); err != nil {
			t.Fatal(err)
		}
		first := func() Server {
			t.Helper()
			list, err := b.Servers(t.Context(), "p")
			if err != nil || len(list) != 2 {
				t.Fatal(list, err)
			}
			return list[0]
		}
		if first() != one {
			t.Errorf("first %v", first())
		}
		b.Failed(one, errors.New("no answer to INVITE"))
		b.Failed(Server{Trunk: "p", Addr: home}, errors.New("not one of its servers"))
		if first() != two {
			t.Errorf("first %v, want the one that is not dead", first())
		}
		b.Answered(two)
		b.want("p", StateUp)
		time.Sleep(time.Minute)
		if got := len(n.requests(sip.OPTIONS)); got < 3 || got > 6 {
			t.Errorf("%d questions to a dead server within a minute", got)
		}
		n.change(func() { there = true })
		time.Sleep(probeLast + 5*time.Second)
		synctest.Wait()
		if first() != one {
			t.Errorf("first %v, want the one that is back", first())
		}
		if b.log.count("does not answer", "203.0.113.1", "no answer to INVITE") != 1 || b.log.count("answers again", "203.0.113.1") != 1 {
			t.Errorf("log:\n%s", b.log)
		}
		asked := len(n.requests(sip.OPTIONS))
		time.Sleep(30 * time.Minute)
		if got := len(n.requests(sip.OPTIONS)); got != asked {
			t.Errorf("%d questions though they are off", got-asked)
		}
		b.Failed(one, errors.New("gone"))
		if b.Dead("p") {
			t.Error("it counts as dead though one of its servers is not")
		}
		b.Failed(two, errors.New("gone"))
		if !b.Dead("p") || b.Dead("none") {
			t.Errorf("dead: %v, and one that is not there: %v", b.Dead("p"), b.Dead("none"))
		}
		if s := b.one("p"); s.State != StateDown || !strings.Contains(s.Why, "none of its 2 servers answers") {
			t.Errorf("%s, %s", s.State, s.Why)
		}
		b.Answered(two)
		b.want("p", StateUp)
		if b.Dead("p") {
			t.Error("it counts as dead though it answers")
		}
	})
}

// unavailable is a refusal that asks to be left alone for a time.
type unavailable time.Duration

func (unavailable) Error() string               { return "503 Service Unavailable" }
func (u unavailable) RetryAfter() time.Duration { return time.Duration(u) }

// A server that refused a call, and said for how long, is not asked before.
func TestServerThatRefusesCallsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{answer: func(req *sip.Request, _ netip.AddrPort) *sip.Response { return respond(req, 200, "OK") }}
		b := open(t, n, map[string]config.Trunk{"p": peer()})
		b.want("p", StateUp)
		list, err := b.Servers(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		before := len(n.requests(sip.OPTIONS))
		b.Failed(list[0], fmt.Errorf("no lines: %w", unavailable(5*time.Minute)))
		time.Sleep(5*time.Minute - time.Second)
		if s := b.want("p", StateDown); !strings.Contains(s.Why, "no lines") {
			t.Errorf("why %q", s.Why)
		}
		if got := len(n.requests(sip.OPTIONS)) - before; got != 0 {
			t.Errorf("%d questions before the time, want none", got)
		}
		time.Sleep(2 * time.Second)
		b.want("p", StateUp)
	})
}
