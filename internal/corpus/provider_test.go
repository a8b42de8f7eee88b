package corpus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/internal/testphone"
	"dialtone/plantest"
)

// provider is the far side of a trunk: the one server that it has. Its address is
// its own, by which its calls are known.
type provider struct {
	trunk, ip, state string
	phone            *testphone.Phone // nil: there is no server
	number           func(dialled string) string
	far              map[string]*actor // by number
	took             []taken
}

// taken is a call that a trunk took, as expectations write it.
type taken struct {
	at   time.Time
	call string
}

// providers are those of all trunks, who reach the numbers outside.
func (s *scene) providers(t *try, place int, far map[string]*actor) map[string]*provider {
	t.Helper()
	out := map[string]*provider{}
	states := s.suite.Trunks(s.test)
	var codecs []string
	for _, phones := range s.suite.Outside(s.test) {
		codecs = append(codecs, names(phones[0].Codecs)...)
	}
	for i, name := range slices.Sorted(maps.Keys(s.suite.Config.Trunks)) {
		trunk := s.suite.Config.Trunks[name]
		p := &provider{trunk: name, ip: fmt.Sprintf("127.9.%d.%d", place, i+1), state: states[name].Value, far: far}
		p.number = func(dialled string) string {
			dialled = strings.TrimPrefix(dialled, trunk.Dial.Prefix)
			if trunk.Dial.Format == "plain" && s.suite.Plan.E164("+"+dialled) != "" {
				dialled = "+" + dialled
			}
			return s.e164(dialled)
		}
		if p.state != plantest.TrunkDown {
			p.phone = testphone.New(t, testphone.Options{
				Extension: "provider", IP: p.ip, Transport: trunk.Transport, Registrar: true, Patience: patient,
				Silent: p.state == plantest.TrunkSilent, Codecs: codecs,
			})
		}
		out[name] = p
	}
	return out
}

// e164 is how numbers outside are compared.
func (s *scene) e164(number string) string {
	if e164 := s.suite.Plan.E164(number); e164 != "" {
		return e164
	}
	return number
}

// outside are those who have the numbers outside.
func (s *scene) outside() map[string]*actor {
	out := map[string]*actor{}
	world := s.suite.Outside(s.test)
	for i, number := range slices.Sorted(maps.Keys(world)) {
		out[s.e164(number)] = &actor{label: number, does: world[number][0], hz: farthest - spacing*float64(i)}
	}
	return out
}

// host is what the plan has to say so that the trunk leads here.
func (p *provider) host() string {
	if p.phone == nil {
		return fmt.Sprintf(`"%s:9"`, p.ip) // nobody listens there
	}
	return fmt.Sprintf("%q", p.phone.Addr())
}

// serve takes calls, until ctx ends.
func (p *provider) serve(ctx context.Context, tasks *sync.WaitGroup) {
	if p.phone == nil {
		return
	}
	for c := p.phone.Next(ctx); c != nil; c = p.phone.Next(ctx) {
		a := p.far[p.number(c.Dialled())]
		if p.state != plantest.TrunkFails {
			p.took = append(p.took, taken{time.Now(), fmt.Sprintf("%s via %s from %s", c.Dialled(), p.trunk, shown(c))})
		}
		switch {
		case p.state == plantest.TrunkFails:
			c.Reject(503)
		case a == nil:
			c.Reject(404)
		default:
			tasks.Go(func() { a.take(ctx, c, p.trunk) })
		}
	}
}

// shown is the number that the callee is to see.
func shown(c *testphone.Call) string {
	from := c.Invite("From")
	for _, name := range []string{"P-Preferred-Identity", "Remote-Party-ID"} {
		if value := c.Invite(name); value != "" && !strings.Contains(from, "anonymous@") {
			from = value
		}
	}
	_, uri, _ := strings.Cut(from, "<sip")
	user, _, _ := strings.Cut(strings.TrimLeft(uri, "s:"), "@")
	return user
}

// trunks gives the keys of a plan that have to be others, so that its trunks lead
// to the providers. A server that is not there is known at once over TCP.
func (s *scene) trunks(t *try, providers map[string]*provider) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, p := range providers {
		key := "trunks." + name + "."
		out[key+"host"] = p.host()
		if s.suite.Config.Trunks[name].Proxy != "" {
			out[key+"proxy"] = p.host()
		}
		if p.phone != nil {
			continue
		}
		if _, set := s.suite.Loaded.Position(key + "transport"); set {
			out[key+"transport"] = "tcp"
		} else {
			out[key+"host"] = s.also(t, key+"host", p.host(), "transport: tcp")
		}
	}
	return out
}

// found waits until the server knows where its trunks lead.
func (x *exchange) found(ctx context.Context) {
	x.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, trunk := range x.server.Trunks() {
		for len(trunk.Servers) == 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
				x.t.Fatalf("the server of trunk %s is not known: %s", trunk.Name, trunk.Why)
			}
			for _, again := range x.server.Trunks() {
				if again.Name == trunk.Name {
					trunk = again
				}
			}
		}
	}
}
