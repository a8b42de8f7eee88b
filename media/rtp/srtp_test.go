package rtp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/srtp/v3"
)

// secured is the phone's own end of SRTP, independent of the port's.
type secured struct{ in, out *srtp.Context }

func newSecured(tb testing.TB, suiteName string, ours, theirs byte) *secured {
	tb.Helper()
	s, ok := findSuite(suiteName)
	if !ok {
		tb.Fatalf("no suite %s", suiteName)
	}
	context := func(n byte) *srtp.Context {
		m := master(suiteName, n)
		c, err := srtp.CreateContext(m[:s.key], m[s.key:], s.profile)
		if err != nil {
			tb.Fatal(err)
		}
		return c
	}
	return &secured{in: context(theirs), out: context(ours)}
}

// keys are what a port is given for a phone with the keys ours and theirs.
func keys(suite string, ours, theirs byte) *Crypto {
	return &Crypto{Suite: suite, LocalMaster: master(suite, theirs), RemoteMaster: master(suite, ours)}
}

func (s *secured) seal(tb testing.TB, b []byte) []byte {
	tb.Helper()
	out, err := s.out.EncryptRTP(nil, b, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func (s *secured) open(tb testing.TB, b []byte) string {
	tb.Helper()
	out, err := s.in.DecryptRTP(nil, b, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out[headerSize:])
}

func TestSRTPWithPlainAndWithSRTP(t *testing.T) {
	for _, suite := range Suites() {
		for _, both := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s both sides %v", suite, both), func(t *testing.T) {
				c := newCall(t, loopback4, func(a, b *Params) {
					a.Crypto = keys(suite, 1, 2)
					if both {
						b.Crypto = keys(suite, 3, 4)
					}
				})
				alice, bob := newSecured(t, suite, 1, 2), newSecured(t, suite, 3, 4)
				for range 3 {
					c.alice.sendRaw(c.toAlice, alice.seal(t, c.alice.packet(0, "to bob")))
					g := c.bob.receive()
					payload := g.payload
					if both {
						payload = bob.open(t, g.raw)
					}
					if payload != "to bob" {
						t.Fatalf("bob got %q", payload)
					}
					back := c.bob.packet(0, "to alice")
					if both {
						back = bob.seal(t, back)
					}
					c.bob.sendRaw(c.toBob, back)
					if g := c.alice.receive(); strings.Contains(g.payload, "alice") || alice.open(t, g.raw) != "to alice" {
						t.Fatalf("alice got %q", g.payload)
					}
				}
				if !c.toAlice.Stats().Encrypted || c.toBob.Stats().Encrypted != both {
					t.Error("statistics say otherwise")
				}
			})
		}
	}
}

func TestWrongKeyIsCountedAndSilent(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			c := newCall(t, loopback4, func(a, _ *Params) { a.Crypto = keys(suite, 1, 2) })
			wrong := newSecured(t, suite, 9, 9)
			c.alice.sendRaw(c.toAlice, wrong.seal(t, c.alice.packet(0, "wrong")))
			c.alice.send(c.toAlice, 0, "in clear")
			c.alice.send(c.toAlice, 0, strings.Repeat("in clear, long enough for a tag ", 3))
			until(t, "three packets rejected", func() bool { return c.toAlice.Stats().RxRejected == 3 })
			c.bob.hearsNothing()
			if st := c.toAlice.Stats(); st.RxPackets != 0 {
				t.Errorf("%d packets counted as audio", st.RxPackets)
			}
		})
	}
}

func TestReplayIsRefused(t *testing.T) {
	c := newCall(t, loopback4, func(a, _ *Params) { a.Crypto = keys(Suites()[0], 1, 2) })
	alice := newSecured(t, Suites()[0], 1, 2)
	b := alice.seal(t, c.alice.packet(0, "once"))
	c.alice.sendRaw(c.toAlice, b)
	c.bob.receive()
	c.alice.sendRaw(c.toAlice, b)
	until(t, "the copy rejected", func() bool { return c.toAlice.Stats().RxRejected == 1 })
	c.bob.hearsNothing()
}

func TestAuthenticatedSourceMayMove(t *testing.T) {
	suite := Suites()[2]
	c := newCall(t, loopback4, func(a, _ *Params) { a.Crypto = keys(suite, 1, 2) })
	alice := newSecured(t, suite, 1, 2)
	c.alice.sendRaw(c.toAlice, alice.seal(t, c.alice.packet(0, "here")))
	c.bob.receive()
	elsewhere := newPhone(t, loopback4)
	elsewhere.sendRaw(c.toAlice, alice.seal(t, c.alice.packet(0, "there")))
	if g := c.bob.receive(); g.payload != "there" {
		t.Errorf("got %q", g.payload)
	}
	c.bob.send(c.toBob, 0, "bob")
	if got := alice.open(t, elsewhere.receive().raw); got != "bob" {
		t.Errorf("got %q", got)
	}
}

func TestSameKeysKeepTheRollOver(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			c := newCall(t, loopback4, func(a, b *Params) { a.Crypto, b.Crypto = keys(suite, 1, 2), keys(suite, 3, 4) })
			alice, bob := newSecured(t, suite, 1, 2), newSecured(t, suite, 3, 4)
			pass := func(what string) {
				t.Helper()
				c.alice.sendRaw(c.toAlice, alice.seal(t, c.alice.packet(0, what)))
				if got := bob.open(t, c.bob.receive().raw); got != what {
					t.Fatalf("got %q, want %q", got, what)
				}
			}
			c.alice.seq = 65500
			c.toBob.tx.mu.Lock()
			c.toBob.tx.top = 65520
			c.toBob.tx.mu.Unlock()
			for range 80 {
				pass("over the end of the numbers")
			}
			a, b := c.alice.params(), c.bob.params()
			a.Crypto, b.Crypto = keys(suite, 1, 2), keys(suite, 3, 4)
			configure(t, c.toAlice, a)
			configure(t, c.toBob, b)
			pass("after a re-INVITE")

			a.Crypto, b.Crypto = keys(suite, 5, 6), keys(suite, 7, 8)
			configure(t, c.toAlice, a)
			configure(t, c.toBob, b)
			alice, bob = newSecured(t, suite, 5, 6), newSecured(t, suite, 7, 8)
			pass("with new keys")
		})
	}
}

func TestNoSequenceNumberIsEncryptedTwice(t *testing.T) {
	c := newCall(t, loopback4, func(_, b *Params) { b.Crypto = keys(Suites()[0], 3, 4) })
	bob := newSecured(t, Suites()[0], 3, 4)
	c.alice.send(c.toAlice, 0, "one")
	c.alice.seq--
	c.alice.send(c.toAlice, 0, "another with its number")
	c.alice.send(c.toAlice, 0, "two")
	first, second := c.bob.receive(), c.bob.receive()
	if a, b := bob.open(t, first.raw), bob.open(t, second.raw); a != "one" || b != "two" {
		t.Errorf("got %q and %q", a, b)
	}
	if d := c.toBob.Stats().TxDropped; d != 1 {
		t.Errorf("%d dropped, want 1", d)
	}
}

func TestBadKeysAreRefusedWithoutBeingShown(t *testing.T) {
	e := newEngine(t, 1)
	p := open(t, e, loopback4)
	params := newPhone(t, loopback4).params()
	for _, c := range []struct {
		crypto Crypto
		want   string
	}{
		{Crypto{Suite: "NULL"}, `crypto suite "NULL" is not known`},
		{Crypto{Suite: Suites()[0], LocalMaster: []byte("secret"), RemoteMaster: master(Suites()[0], 1)}, "needs 28 bytes of key and salt, not 6"},
		{Crypto{Suite: Suites()[1], LocalMaster: master(Suites()[1], 1)}, "needs 44 bytes of key and salt, not 0"},
	} {
		params.Crypto = &c.crypto
		err := p.Configure(params)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
		for _, s := range []string{fmt.Sprint(err), fmt.Sprintf("%v %+v %#v", c.crypto, c.crypto, c.crypto)} {
			if strings.Contains(s, "secret") || strings.Contains(s, "0x73, 0x65") || strings.Contains(s, "115 101") {
				t.Errorf("the key is shown: %s", s)
			}
		}
	}
}

func TestSourcesOfAnEncryptedLegAreBounded(t *testing.T) {
	suite := Suites()[0]
	c := newCall(t, loopback4, func(a, _ *Params) { a.Crypto = keys(suite, 1, 2) })
	alice := newSecured(t, suite, 1, 2)
	for i := range maxSources + 10 {
		c.alice.ssrc = uint32(i)
		c.alice.sendRaw(c.toAlice, alice.seal(t, c.alice.packet(0, "x")))
	}
	until(t, "ten packets rejected", func() bool { return c.toAlice.Stats().RxRejected == 10 })
}

// The record of a call is written when its ports are closed.
func TestStatisticsSayThatTheLegWasEncrypted(t *testing.T) {
	c := newCall(t, loopback4, func(a, _ *Params) { a.Crypto = keys(Suites()[0], 1, 2) })
	c.toAlice.Close()
	c.toBob.Close()
	if a, b := c.toAlice.Stats().Encrypted, c.toBob.Stats().Encrypted; !a || b {
		t.Errorf("encrypted: %v and %v, want only the first", a, b)
	}
}
