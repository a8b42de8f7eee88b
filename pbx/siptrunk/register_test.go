package siptrunk

import (
	"crypto/md5"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
)

// registrar answers REGISTER as a provider does whose account is user:secret.
type registrar struct {
	password string
	least    int // Min-Expires
	grants   int // 0: what was asked for
	busy     int // so many more requests get 503
	after    string
	nonce    int
	fresh    bool // another nonce in each challenge
	bindings map[string]string
}

func newRegistrar() *registrar { return &registrar{password: "secret", bindings: map[string]string{}} }

func (r *registrar) serve(req *sip.Request, _ netip.AddrPort) *sip.Response {
	if req.Method != sip.REGISTER {
		return respond(req, 200, "OK")
	}
	if r.busy > 0 {
		r.busy--
		res := respond(req, 503, "Service Unavailable")
		if r.after != "" {
			res.AppendHeader(sip.NewHeader("Retry-After", r.after))
		}
		return res
	}
	if !proves(req, r.password) {
		if r.fresh {
			r.nonce++
		}
		return respond(req, 401, "Unauthorized", fmt.Sprintf(`WWW-Authenticate: Digest realm="provider", nonce="n%d", algorithm=MD5, qop="auth"`, r.nonce))
	}
	asked, _ := strconv.Atoi(req.GetHeader("Expires").Value())
	if asked > 0 && asked < r.least {
		return respond(req, 423, "Interval Too Brief", "Min-Expires: "+strconv.Itoa(r.least))
	}
	given := asked
	if r.grants > 0 && asked > 0 {
		given = r.grants
	}
	for _, h := range req.GetHeaders("Contact") {
		c := h.(*sip.ContactHeader)
		if e, _ := c.Params.Get("expires"); e == "0" {
			delete(r.bindings, c.Address.String())
		} else {
			r.bindings[c.Address.String()] = e
		}
	}
	res := respond(req, 200, "OK")
	for b := range r.bindings {
		var u sip.Uri
		if err := sip.ParseUri(b, &u); err != nil {
			panic(err)
		}
		res.AppendHeader(&sip.ContactHeader{Address: u, Params: sip.HeaderParams{{K: "expires", V: strconv.Itoa(given)}}})
	}
	return res
}

var param = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// proves computes the digest of a request anew (RFC 7616 §3.4, MD5).
func proves(req *sip.Request, password string) bool {
	h := req.GetHeader("Authorization")
	if h == nil {
		return false
	}
	p := map[string]string{}
	for _, m := range param.FindAllStringSubmatch(strings.TrimPrefix(h.Value(), "Digest "), -1) {
		p[m[1]] = m[2]
	}
	hash := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
	want := hash(hash(p["username"], p["realm"], password), p["nonce"], p["nc"], p["cnonce"], p["qop"], hash(string(req.Method), p["uri"]))
	return p["response"] == want && p["uri"] == req.Recipient.String()
}

func TestRegistrationIsRefreshedBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		r.grants = 100
		n := &network{answer: r.serve}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		began := time.Now()
		s := b.want("p", StateRegistered)
		if left := time.Until(s.Expires); left != 100*time.Second {
			t.Errorf("registered for %v, want what was granted, 100s", left)
		}
		if first := n.requests(sip.REGISTER); len(first) != 2 || first[0].Recipient.String() != "sip:203.0.113.9" ||
			first[0].From().Address.String() != "sip:user@203.0.113.9" || first[0].GetHeader("Expires").Value() != "600" {
			t.Errorf("first REGISTERs: %v", first)
		}
		time.Sleep(84 * time.Second)
		synctest.Wait()
		if got := len(n.requests(sip.REGISTER)); got != 2 {
			t.Errorf("%d REGISTERs after 84 s, want 2", got)
		}
		time.Sleep(time.Hour)
		b.want("p", StateRegistered)
		all := n.requests(sip.REGISTER)
		if got, want := len(all), 2*(1+int(time.Since(began)/(85*time.Second))); got != want {
			t.Errorf("%d REGISTERs, want %d", got, want)
		}
		for i, req := range all {
			if i > 0 && (req.CSeq().SeqNo <= all[i-1].CSeq().SeqNo || req.CallID().Value() != all[0].CallID().Value() ||
				req.Contact().Address.String() != all[0].Contact().Address.String()) {
				t.Fatalf("REGISTER %d: Call-ID and contact stay, CSeq grows:\n%s", i, req)
			}
		}
		if n.pings < 3600/int(keepAliveUDP.Seconds())-50 {
			t.Errorf("%d keep-alives within an hour", n.pings)
		}
		if got := b.log.count("a trunk is registered", "trunk=p"); got != 1 {
			t.Errorf("%d lines about the registration, want 1:\n%s", got, b.log)
		}
		b.stop()
		if len(r.bindings) != 0 || b.log.count("a trunk was unregistered") != 1 || n.held != 0 {
			t.Errorf("after the stop: bindings %v, held %d, log:\n%s", r.bindings, n.held, b.log)
		}
	})
}

func TestWrongPasswordIsNotTriedAgainAndAgain(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		t.Run(fmt.Sprintf("fresh nonces %v", fresh), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistrar()
				r.password, r.fresh = "other", fresh
				n := &network{answer: r.serve}
				b := open(t, n, map[string]config.Trunk{"p": provider()})
				s := b.want("p", StateFailed)
				if !strings.Contains(s.Why, "wrong username or password") || time.Until(s.Next) != refusedPause {
					t.Errorf("why %q, next in %v", s.Why, time.Until(s.Next))
				}
				tries := len(n.requests(sip.REGISTER))
				if most := map[bool]int{false: 2, true: 3}[fresh]; tries != most {
					t.Errorf("%d REGISTERs, want %d", tries, most)
				}
				time.Sleep(9 * time.Minute)
				synctest.Wait()
				if got := len(n.requests(sip.REGISTER)); got != tries {
					t.Errorf("%d REGISTERs within 9 minutes, want %d", got, tries)
				}
				if b.log.count("cannot be used as it is configured", "wrong username or password", "event="+EventRefused) != 1 || strings.Contains(b.log.String(), "secret") {
					t.Errorf("log:\n%s", b.log)
				}
				b.Reload()
				b.want("p", StateFailed)
				if got := len(n.requests(sip.REGISTER)); got != 2*tries {
					t.Errorf("%d REGISTERs after a reload, want %d: it is tried again", got, 2*tries)
				}
				b.reload("p", func(c *config.Trunk) { c.Password = "other" })
				b.want("p", StateRegistered)
			})
		})
	}
}

func TestTooBriefIntervalIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		r.least = 1800
		n := &network{answer: r.serve}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		s := b.want("p", StateRegistered)
		if time.Until(s.Expires) != 1800*time.Second {
			t.Errorf("registered for %v", time.Until(s.Expires))
		}
		before := len(n.requests(sip.REGISTER))
		time.Sleep(1600 * time.Second)
		synctest.Wait()
		if got := len(n.requests(sip.REGISTER)) - before; got != 2 {
			t.Errorf("%d REGISTERs for a refresh, want 2: the longer time is remembered", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		n := &network{answer: func(req *sip.Request, _ netip.AddrPort) *sip.Response {
			return respond(req, 423, "Interval Too Brief", "Min-Expires: 5")
		}}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		if s := b.want("p", StateFailed); !strings.Contains(s.Why, "Min-Expires: 5") {
			t.Errorf("why %q", s.Why)
		}
	})
}

func TestFailuresAreTriedAgainLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		r.busy = math.MaxInt
		n := &network{answer: r.serve}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		began := time.Now()
		s := b.want("p", StateFailWait)
		if !strings.Contains(s.Why, "503 Service Unavailable") {
			t.Errorf("why %q", s.Why)
		}
		time.Sleep(2 * time.Hour)
		s = b.want("p", StateFailWait)
		if s.Since != began {
			t.Errorf("it failed since %v, want %v: the attempts between do not count", s.Since, began)
		}
		all := n.requests(sip.REGISTER)
		last := time.Duration(0)
		for i := 1; i < len(all); i++ {
			gap := all[i].at.Sub(all[i-1].at)
			if gap < retryFirst || gap > retryLast || i < 8 && gap < last {
				t.Errorf("gap %d is %v after %v", i, gap, last)
			}
			last = gap
		}
		if len(all) < 28 || len(all) > 36 {
			t.Errorf("%d attempts in two hours", len(all))
		}
		if got := b.log.count("it is tried again"); got != 1 {
			t.Errorf("%d lines about one failure, want 1:\n%s", got, b.log)
		}
		n.change(func() { r.busy = 0 })
		time.Sleep(retryLast)
		b.want("p", StateRegistered)
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		r.busy, r.after = 1, "120 (maintenance)"
		n := &network{answer: r.serve}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		b.want("p", StateFailWait)
		time.Sleep(119 * time.Second)
		b.want("p", StateFailWait)
		if got := len(n.requests(sip.REGISTER)); got != 1 {
			t.Errorf("%d REGISTERs before the time, want 1", got)
		}
		time.Sleep(2 * time.Second)
		b.want("p", StateRegistered)
	})
}

func TestSilentRegistrarIsDownUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, silent := newRegistrar(), true
		n := &network{answer: func(req *sip.Request, to netip.AddrPort) *sip.Response {
			if silent {
				return nil
			}
			return r.serve(req, to)
		}}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		if s := b.want("p", StateTrying); !s.Servers[0].Alive {
			t.Error("a server that was not heard of yet is taken for dead")
		}
		time.Sleep(3 * time.Second)
		s := b.want("p", StateDown)
		if !strings.Contains(s.Why, "no answer to REGISTER within 2s") || s.Servers[0].Alive {
			t.Errorf("%+v", s)
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		n.change(func() { silent = false })
		time.Sleep(probeLast + usualPatience + 5*time.Second)
		b.want("p", StateRegistered) // a question was answered; the next attempt would be minutes away
		for _, words := range []string{"a trunk is down", "a trunk is registered"} {
			if b.log.count(words) != 1 {
				t.Errorf("%d lines with %q, want 1:\n%s", b.log.count(words), words, b.log)
			}
		}
	})
}

func TestRegistrationMovesBehindNAT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		n := &network{answer: r.serve, public: netip.MustParseAddrPort("198.51.100.7:31000")}
		b := open(t, n, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Qualify = config.Duration(time.Minute) })})
		b.want("p", StateRegistered)
		only := func(host string) {
			t.Helper()
			if len(r.bindings) != 1 {
				t.Fatalf("bindings %v, want one", r.bindings)
			}
			for c := range r.bindings {
				if !strings.HasSuffix(c, "@"+host) {
					t.Errorf("contact %s, want it at %s", c, host)
				}
			}
		}
		only("198.51.100.7:31000")
		if got := len(n.requests(sip.REGISTER)); got != 4 {
			t.Errorf("%d REGISTERs, want 4: two, and two for the address", got)
		}
		// A new address is noticed by the next question, long before the refresh.
		n.change(func() { n.public = netip.MustParseAddrPort("198.51.100.8:40000") })
		time.Sleep(2 * time.Minute)
		b.want("p", StateRegistered)
		only("198.51.100.8:40000")
		if u := b.Contact("p", b.lines["p"].bound.flow); u.HostPort() != "198.51.100.8:40000" {
			t.Errorf("contact of calls %s", u.String())
		}
		b.stop()
		if len(r.bindings) != 0 {
			t.Errorf("left behind: %v", r.bindings)
		}
	})
}

// Some providers refuse a REGISTER with two contacts: then the old one ends by itself.
func TestProviderThatTakesOneContact(t *testing.T) {
	for _, refuses := range []int{400, 403} {
		t.Run(strconv.Itoa(refuses), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRegistrar()
				n := &network{public: netip.MustParseAddrPort("198.51.100.7:31000"), answer: func(req *sip.Request, to netip.AddrPort) *sip.Response {
					if proves(req, "secret") && len(req.GetHeaders("Contact")) > 1 {
						return respond(req, refuses, "One Contact")
					}
					return r.serve(req, to)
				}}
				b := open(t, n, map[string]config.Trunk{"p": provider()})
				b.want("p", StateRegistered)
				all := n.requests(sip.REGISTER)
				var contacts []int
				for _, req := range all {
					contacts = append(contacts, len(req.GetHeaders("Contact")))
				}
				// Each is sent again with the password.
				if want := []int{1, 1, 2, 2, 1, 1}; !slices.Equal(contacts, want) {
					t.Errorf("contacts of the REGISTERs %v, want %v", contacts, want)
				}
				if last := all[len(all)-1]; last.Contact().Address.HostPort() != "198.51.100.7:31000" {
					t.Errorf("the last one is of %s", last.Contact().Address.HostPort())
				}
				time.Sleep(time.Hour)
				b.want("p", StateRegistered)
				if got := b.log.count("a trunk is registered"); got != 1 {
					t.Errorf("log:\n%s", b.log)
				}
			})
		})
	}
}

// One that refuses the one contact too has said its last word.
func TestRefusalOfOneContactIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		at := func(req *sip.Request) string {
			return req.GetHeaders("Contact")[0].(*sip.ContactHeader).Address.HostPort()
		}
		n := &network{answer: func(req *sip.Request, to netip.AddrPort) *sip.Response {
			if req.Method == sip.REGISTER && at(req) == "198.51.100.8:40000" {
				return respond(req, 403, "Forbidden")
			}
			return r.serve(req, to)
		}}
		n.public = netip.MustParseAddrPort("198.51.100.7:31000")
		b := open(t, n, map[string]config.Trunk{"p": provider(func(c *config.Trunk) { c.Qualify = config.Duration(time.Minute) })})
		b.want("p", StateRegistered)
		before := len(n.requests(sip.REGISTER))
		n.change(func() { n.public = netip.MustParseAddrPort("198.51.100.8:40000") })
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		refused := 0
		for _, req := range n.requests(sip.REGISTER)[before:] {
			if at(req.Request) == "198.51.100.8:40000" {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("the new contact was tried %d times, want 2: beside the old one, and alone", refused)
		}
	})
}

// A trunk that is not registered though it should be is dead, whatever its servers
// say.
func TestTrunkThatIsNotRegisteredIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		n := &network{answer: r.serve}
		b := prepare(t, n, map[string]config.Trunk{"p": provider()})
		if b.Dead("p") {
			t.Error("dead before anything was tried")
		}
		b.start()
		b.want("p", StateRegistered)
		if b.Dead("p") {
			t.Error("dead though it is registered")
		}
		n.change(func() { r.password = "another" })
		time.Sleep(10 * time.Minute)
		b.want("p", StateFailed)
		if !b.Dead("p") {
			t.Error("not dead though it was refused")
		}
		n.change(func() { r.password = "secret" })
		time.Sleep(refusedPause)
		b.want("p", StateRegistered)
		if b.Dead("p") {
			t.Error("dead though it is registered again")
		}
	})
}

func TestReloadTouchesOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		n := &network{answer: r.serve}
		b := open(t, n, map[string]config.Trunk{"p": provider(), "q": provider(func(c *config.Trunk) { c.Username = "other" })})
		b.want("p", StateRegistered)
		b.want("q", StateRegistered)
		count := func() int { synctest.Wait(); return len(n.requests(sip.REGISTER)) }
		before := count()
		b.reload("p", func(c *config.Trunk) { c.Channels, c.Weight = 4, 7 })
		if got := count(); got != before || b.one("p").Limit != 4 {
			t.Errorf("channels changed: %d REGISTERs, want none; limit %d", got-before, b.one("p").Limit)
		}
		b.reload("p", func(c *config.Trunk) { c.Expires = config.Duration(time.Hour) })
		if got := count(); got != before+2 || len(r.bindings) != 2 {
			t.Errorf("expires changed: %d REGISTERs, want 2; bindings %v", got-before, r.bindings)
		}
		b.want("p", StateRegistered)
		before = count()
		delete(b.conf.Trunks, "q")
		b.Reload()
		if got := count(); got != before+2 || len(r.bindings) != 1 {
			t.Errorf("removed: %d REGISTERs, want 2; bindings %v", got-before, r.bindings)
		}
		b.reload("p", func(c *config.Trunk) { c.Register = false })
		if count(); len(r.bindings) != 0 {
			t.Errorf("register turned off: bindings %v", r.bindings)
		}
	})
}

// A registrar that finds 0 too brief must not have us registered anew while we leave.
func TestLeavingIsNotMadeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistrar()
		n := &network{answer: func(req *sip.Request, to netip.AddrPort) *sip.Response {
			if h := req.GetHeader("Expires"); h != nil && h.Value() == "0" && proves(req, "secret") {
				return respond(req, 423, "Interval Too Brief", "Min-Expires: 60")
			}
			return r.serve(req, to)
		}}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		b.want("p", StateRegistered)
		b.stop()
		all := n.requests(sip.REGISTER)
		if last := all[len(all)-1]; last.GetHeader("Expires").Value() != "0" || b.log.count("was not unregistered", "423") != 1 {
			t.Errorf("the last REGISTER is for %s s; log:\n%s", last.GetHeader("Expires").Value(), b.log)
		}
	})
}

func TestStopDoesNotWaitForADeadRegistrar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, silent := newRegistrar(), false
		n := &network{answer: func(req *sip.Request, to netip.AddrPort) *sip.Response {
			if silent {
				return nil
			}
			return r.serve(req, to)
		}}
		b := open(t, n, map[string]config.Trunk{"p": provider()})
		b.want("p", StateRegistered)
		n.change(func() { silent = true })
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > goodbyeWithin || b.log.count("was not unregistered") != 1 {
			t.Errorf("took %v; log:\n%s", took, b.log)
		}
	})
}
