package sipauth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/pbx/sipauth"
)

func TestPhonesThatGetIn(t *testing.T) {
	tests := []struct {
		name  string
		phone func(*phone)
	}{
		{"SHA-256", func(*phone) {}},
		{"MD5", func(p *phone) { p.algorithm = "MD5" }},
		{"MD5 unsaid", func(p *phone) { p.algorithm = "" }},
		{"without qop", func(p *phone) { p.algorithm, p.noQop = "MD5", true }},
		{"with its domain in the user name", func(p *phone) { p.user = "100@dialtone" }},
		{"that signs another host and port", func(p *phone) { p.uri = "sip:192.0.2.1:5060;transport=tcp" }},
		{"from IPv6", func(p *phone) { p.source = netip.MustParseAddr("2001:db8::1") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPhone("100", "secret-100")
			tt.phone(p)
			if v := p.login(t, start(testConfig())); v.Kind != sipauth.OK || v.Extension != "100" {
				t.Errorf("verdict is %+v", v)
			}
		})
	}
}

func TestPhonesThatDoNot(t *testing.T) {
	tests := []struct {
		name   string
		phone  func(*phone)
		reason string
	}{
		{"wrong password", func(p *phone) { p.password = "secret-101" }, "wrong password for extension 100"},
		{"empty password", func(p *phone) { p.password = "" }, "wrong password"},
		{"unknown user", func(p *phone) { p.user = "999" }, `no extension "999"`},
		{"an extension without a password", func(p *phone) { p.user, p.password = "102", "" }, `no extension "102"`},
		{"another domain in the user name", func(p *phone) { p.user = "100@elsewhere" }, "no extension"},
		{"SHA-256 without qop", func(p *phone) { p.noQop = true }, "algorithm"},
		{"an algorithm that was not offered", func(p *phone) { p.algorithm = "MD5-sess" }, "algorithm"},
		{"another user signed", func(p *phone) { p.uri = "sip:900@dialtone" }, "signed the URI"},
		{"no URI signed", func(p *phone) { p.uri = "x" }, "signed the URI"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPhone("100", "secret-100")
			tt.phone(p)
			v := p.login(t, start(testConfig()))
			if v.Kind != sipauth.Challenge || v.Stale || v.Extension != "" || len(v.Challenges) != 2 {
				t.Errorf("verdict is %+v", v)
			}
			if !strings.Contains(v.Reason, tt.reason) {
				t.Errorf("reason %q does not say %q", v.Reason, tt.reason)
			}
		})
	}
}

func TestChallenge(t *testing.T) {
	cfg := testConfig()
	cfg.SIP.Domain = `a"b`
	v := start(cfg).Check("INVITE", "sip:101@dialtone", nil, netip.MustParseAddr("192.0.2.7"))
	if len(v.Challenges) != 2 || v.Reason != "" {
		t.Fatalf("verdict is %+v", v)
	}
	for i, algorithm := range []string{"SHA-256", "MD5"} {
		c := v.Challenges[i]
		for _, part := range []string{`Digest realm="a\"b", nonce="`, `qop="auth"`, "algorithm=" + algorithm} {
			if !strings.Contains(c, part) {
				t.Errorf("challenge %d is %s, without %s", i, c, part)
			}
		}
		if strings.Contains(c, "stale") {
			t.Errorf("challenge %d is stale: %s", i, c)
		}
	}
}

// TestNonceIsReused: phones go on with a nonce and count up, also when requests
// overtake each other; the same count is not taken twice.
func TestNonceIsReused(t *testing.T) {
	a := start(testConfig())
	p := newPhone("100", "secret-100")
	if v := p.login(t, a); v.Kind != sipauth.OK {
		t.Fatalf("login: %+v", v)
	}
	for _, tt := range []struct {
		nc   uint32
		want bool
	}{{2, true}, {2, false}, {1, false}, {5, true}, {4, true}, {3, true}, {4, false}, {100, true}, {37, true}, {37, false}, {36, false}, {1000, true}, {1000, false}} {
		p.nc = tt.nc - 1
		v := p.send(a)
		if ok := v.Kind == sipauth.OK; ok != tt.want {
			t.Errorf("count %d: %+v, want it accepted: %v", tt.nc, v, tt.want)
		}
		if v.Kind == sipauth.Challenge && !v.Stale {
			t.Errorf("count %d: the phone would ask for a password: %+v", tt.nc, v)
		}
	}
}

func TestNonceWithoutQopIsGoodOnce(t *testing.T) {
	a := start(testConfig())
	p := newPhone("100", "secret-100")
	p.algorithm, p.noQop = "MD5", true
	if v := p.login(t, a); v.Kind != sipauth.OK {
		t.Fatalf("login: %+v", v)
	}
	if v := p.send(a); v.Kind != sipauth.Challenge || !v.Stale {
		t.Errorf("replay: %+v", v)
	}
	p.noQop = false
	if v := p.send(a); v.Kind != sipauth.Challenge || !v.Stale {
		t.Errorf("the same nonce with qop: %+v", v)
	}
}

func TestNonceGetsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(testConfig())
		p := newPhone("100", "secret-100")
		p.login(t, a)
		time.Sleep(4*time.Minute + 59*time.Second)
		if v := p.send(a); v.Kind != sipauth.OK {
			t.Errorf("before five minutes: %+v", v)
		}
		time.Sleep(2 * time.Second)
		v := p.send(a)
		if v.Kind != sipauth.Challenge || !v.Stale || !strings.Contains(v.Challenges[0], "stale=true") {
			t.Fatalf("after five minutes: %+v", v)
		}
		p.take(t, v)
		if v := p.send(a); v.Kind != sipauth.OK {
			t.Errorf("with the new nonce: %+v", v)
		}
	})
}

// TestForeignNonces: what was not made here, or for another realm, is stale; the
// verdict is the same for a right and a wrong password, so nothing can be guessed.
func TestForeignNonces(t *testing.T) {
	cfg := testConfig()
	a, other := start(cfg), start(cfg)
	for _, password := range []string{"secret-100", "wrong"} {
		p := newPhone("100", password)
		p.login(t, other)
		good := p.nonce
		spoilt := []byte(good)
		spoilt[20] ^= 1
		for _, nonce := range []string{good, "x", strings.Repeat("A", len(good)), string(spoilt), good + "=", ""} {
			p.nonce = nonce
			if v := p.send(a); v.Kind != sipauth.Challenge || v.Stale != (nonce != "") {
				t.Errorf("nonce %q: %+v", nonce, v)
			}
		}
		for range 20 { // not counted as failures either
			p.nonce = good
			p.send(a)
		}
	}
	p := newPhone("100", "secret-100")
	if v := p.login(t, a); v.Kind != sipauth.OK {
		t.Errorf("afterwards: %+v", v)
	}
}

func TestTooManyWrongPasswords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		var log bytes.Buffer
		a := sipauth.New(sipauth.Options{Config: func() *config.Config { return cfg }, Log: slog.New(slog.NewTextHandler(&log, nil))})
		bad := newPhone("100", "wrong")
		for i := range 3 {
			if v := bad.login(t, a); v.Kind != sipauth.Challenge {
				t.Fatalf("failure %d: %+v", i+1, v)
			}
		}
		if v := bad.login(t, a); v.Kind != sipauth.Blocked || len(v.Challenges) != 0 {
			t.Errorf("after three failures: %+v", v)
		}
		if v := newPhone("100", "secret-100").login(t, a); v.Kind != sipauth.Blocked {
			t.Errorf("the right password after three failures: %+v; guessing could go on", v)
		}
		if v := newPhone("101", "secret-101").login(t, a); v.Kind != sipauth.OK {
			t.Errorf("another extension at the same address: %+v", v)
		}
		elsewhere := newPhone("100", "secret-100")
		elsewhere.source = netip.MustParseAddr("198.51.100.9")
		if v := elsewhere.login(t, a); v.Kind != sipauth.OK {
			t.Errorf("the extension from another address: %+v", v)
		}
		if n := strings.Count(log.String(), "too many wrong passwords"); n != 1 || strings.Contains(log.String(), "wrong-") {
			t.Errorf("log says it %d times:\n%s", n, log.String())
		}
		time.Sleep(10*time.Minute + time.Second)
		if v := newPhone("100", "secret-100").login(t, a); v.Kind != sipauth.OK {
			t.Errorf("ten minutes later: %+v", v)
		}
	})
}

// However an extension writes its name, its wrong passwords are counted together.
func TestSpellingsOfANameCountTogether(t *testing.T) {
	a := start(testConfig())
	for _, user := range []string{"100", "100@dialtone", "100@Dialtone"} {
		if v := newPhone(user, "wrong").login(t, a); v.Kind != sipauth.Challenge {
			t.Fatalf("%s: %+v", user, v)
		}
	}
	for _, user := range []string{"100", "100@dialtone", "100@DIALTONE"} {
		if v := newPhone(user, "secret-100").login(t, a); v.Kind != sipauth.Blocked {
			t.Errorf("%s after three wrong passwords: %+v", user, v)
		}
	}
}

// Wrong passwords with invented names do not have a lock forgotten, and after many of them
// wrong ones are not answered; those who know their password are.
func TestManyInventedNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(testConfig())
		for range 3 {
			newPhone("100", "wrong").login(t, a)
		}
		for i := range 12 { // with the three before, five times three
			if v := newPhone(fmt.Sprint("x", i), "wrong").login(t, a); v.Kind != sipauth.Challenge {
				t.Fatalf("invented name %d: %+v", i, v)
			}
		}
		for i := range 20000 {
			if v := newPhone(fmt.Sprint("y", i), "wrong").login(t, a); v.Kind != sipauth.Blocked || len(v.Challenges) > 0 {
				t.Fatalf("invented name %d after too many: %+v", i, v)
			}
		}
		if v := newPhone("100", "secret-100").login(t, a); v.Kind != sipauth.Blocked {
			t.Errorf("the lock was forgotten: %+v", v)
		}
		good := newPhone("101", "secret-101")
		if v := good.login(t, a); v.Kind != sipauth.OK {
			t.Errorf("a phone with the right password at that address: %+v", v)
		}
		if a.Wait("101", good.source) != 0 {
			t.Error("people cannot log in at the web phone because of it")
		}
		// What is counted meanwhile never shows which names exist.
		time.Sleep(9 * time.Minute)
		for range 4 {
			for _, user := range []string{"101", "999"} {
				if v := newPhone(user, "wrong").login(t, a); v.Kind != sipauth.Blocked {
					t.Errorf("%s: %+v", user, v)
				}
			}
		}
		time.Sleep(9*time.Minute + 59*time.Second)
		for _, user := range []string{"101", "999"} {
			if v := newPhone(user, "wrong").login(t, a); v.Kind != sipauth.Blocked {
				t.Errorf("%s before ten quiet minutes are over: %+v", user, v)
			}
		}
		time.Sleep(10*time.Minute + time.Second)
		for _, user := range []string{"101", "999"} {
			if v := newPhone(user, "wrong").login(t, a); v.Kind != sipauth.Challenge {
				t.Errorf("%s after them: %+v", user, v)
			}
		}
	})
}

func TestFailuresAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := start(testConfig())
		bad, good := newPhone("100", "wrong"), newPhone("100", "secret-100")
		for range 5 {
			bad.login(t, a)
			bad.login(t, a)
			if v := good.login(t, a); v.Kind != sipauth.OK {
				t.Fatalf("after a login in between: %+v", v)
			}
		}
		for range 5 {
			bad.login(t, a)
			bad.login(t, a)
			time.Sleep(10*time.Minute + time.Second)
		}
		if v := good.login(t, a); v.Kind != sipauth.OK {
			t.Errorf("two failures every ten minutes: %+v", v)
		}
	})
}

// TestForgedSourceBlocksNobody: packets with another's address, made with a
// nonce of one's own, count against oneself.
func TestForgedSourceBlocksNobody(t *testing.T) {
	a := start(testConfig())
	attacker := newPhone("100", "wrong")
	attacker.source = netip.MustParseAddr("203.0.113.66")
	victim := newPhone("100", "secret-100")
	for range 10 {
		attacker.take(t, a.Check("REGISTER", registerURI, nil, attacker.source))
		a.Check("REGISTER", registerURI, []string{attacker.answer("REGISTER", registerURI)}, victim.source)
	}
	if v := victim.login(t, a); v.Kind != sipauth.OK {
		t.Errorf("the victim: %+v", v)
	}
	if v := attacker.login(t, a); v.Kind != sipauth.Blocked {
		t.Errorf("the attacker: %+v", v)
	}
}

func TestChallengesAreNoFailures(t *testing.T) {
	a := start(testConfig())
	p := newPhone("100", "secret-100")
	for range 100 {
		a.Check("REGISTER", registerURI, nil, p.source)
		a.Check("REGISTER", registerURI, []string{"Digest nonsense"}, p.source)
	}
	if v := p.login(t, a); v.Kind != sipauth.OK {
		t.Errorf("verdict is %+v", v)
	}
}

// TestSeveralHeaders: the first one that is for us counts.
func TestSeveralHeaders(t *testing.T) {
	a := start(testConfig())
	p := newPhone("100", "secret-100")
	p.take(t, a.Check("INVITE", "sip:101@dialtone", nil, p.source))
	mine := p.answer("INVITE", "sip:101@dialtone")
	other := strings.Replace(mine, `realm="dialtone"`, `realm="elsewhere"`, 1)
	v := a.Check("INVITE", "sip:101@192.0.2.1;user=phone", []string{"Basic abc", other, mine}, p.source)
	if v.Kind != sipauth.OK {
		t.Errorf("third of three: %+v", v)
	}
	if v := a.Check("INVITE", "sip:102@dialtone", []string{p.answer("INVITE", "sip:101@dialtone")}, p.source); v.Kind != sipauth.Challenge {
		t.Errorf("signed for 101, sent to 102: %+v", v)
	}
	if v := a.Check("BYE", "sip:101@dialtone", []string{p.answer("INVITE", "sip:101@dialtone")}, p.source); v.Kind != sipauth.Challenge {
		t.Errorf("signed for INVITE, sent as BYE: %+v", v)
	}
	if v := a.Check("REGISTER", registerURI, []string{other}, p.source); !strings.Contains(v.Reason, "elsewhere") {
		t.Errorf("only another realm: %+v", v)
	}
}

// TestParallelRequestsOfOnePhone: many at once with one nonce are all accepted,
// each once.
func TestParallelRequestsOfOnePhone(t *testing.T) {
	a := start(testConfig())
	p := newPhone("100", "secret-100")
	p.login(t, a)
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := map[sipauth.Kind]int{}
	for range 40 {
		value := p.answer("REGISTER", registerURI)
		for range 2 {
			wg.Go(func() {
				v := a.Check("REGISTER", registerURI, []string{value}, p.source)
				mu.Lock()
				defer mu.Unlock()
				kinds[v.Kind]++
			})
		}
	}
	wg.Wait()
	if kinds[sipauth.OK] != 40 || kinds[sipauth.Challenge] != 40 {
		t.Errorf("verdicts are %v, want 40 accepted, 40 replays refused", kinds)
	}
}

// BenchmarkCheck is what a REGISTER with digest costs here: alone, and with the
// request before it that gets the challenge.
func BenchmarkCheck(b *testing.B) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		b.Run(algorithm, func(b *testing.B) {
			a, p := start(testConfig()), newPhone("100", "secret-100")
			p.algorithm = algorithm
			p.login(b, a)
			headers := make([]string, b.N) // a count is accepted once
			for i := range headers {
				headers[i] = p.answer("REGISTER", registerURI)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if v := a.Check("REGISTER", registerURI, headers[i:i+1], p.source); v.Kind != sipauth.OK {
					b.Fatal(v)
				}
			}
		})
	}
	b.Run("challenge", func(b *testing.B) {
		a, p := start(testConfig()), newPhone("100", "secret-100")
		b.ReportAllocs()
		for b.Loop() {
			a.Check("REGISTER", registerURI, nil, p.source)
		}
	})
	for _, user := range []string{"100", "999"} {
		b.Run(fmt.Sprint("wrong/", user), func(b *testing.B) {
			cfg := testConfig()
			cfg.SIP.MaxFailures = 0
			a, p := start(cfg), newPhone(user, "wrong")
			p.login(b, a)
			header := []string{p.answer("REGISTER", registerURI)}
			b.ReportAllocs()
			for b.Loop() {
				a.Check("REGISTER", registerURI, header, p.source)
			}
		})
	}
}

// TestDigestSetting: sip.digest decides what is offered and what is taken.
func TestDigestSetting(t *testing.T) {
	for _, tt := range []struct {
		digest          string
		offered         []string
		md5, sha256Gets sipauth.Kind
	}{
		{"MD5", []string{"MD5"}, sipauth.OK, sipauth.OK},
		{"both", []string{"SHA-256", "MD5"}, sipauth.OK, sipauth.OK},
		{"SHA-256", []string{"SHA-256"}, sipauth.Challenge, sipauth.OK},
	} {
		t.Run(tt.digest, func(t *testing.T) {
			cfg := testConfig()
			cfg.SIP.Digest = tt.digest
			a := start(cfg)
			v := a.Check("REGISTER", "sip:dialtone", nil, netip.MustParseAddr("192.0.2.7"))
			if len(v.Challenges) != len(tt.offered) {
				t.Fatalf("challenges are %q, want %q", v.Challenges, tt.offered)
			}
			for i, algorithm := range tt.offered {
				if !strings.HasSuffix(v.Challenges[i], "algorithm="+algorithm) {
					t.Errorf("challenge %d is %s, want %s", i, v.Challenges[i], algorithm)
				}
			}
			for algorithm, want := range map[string]sipauth.Kind{"MD5": tt.md5, "SHA-256": tt.sha256Gets} {
				p := newPhone("100", "secret-100")
				p.algorithm = algorithm
				if got := p.login(t, a); got.Kind != want {
					t.Errorf("a phone with %s gets %v (%s), want %v", algorithm, got.Kind, got.Reason, want)
				}
			}
		})
	}
}
