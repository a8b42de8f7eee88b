package turn

import (
	"net"
	"strings"
	"testing"
	"time"
)

// The example is of the program that came first; coturn takes the same.
func TestCredentialsAreThoseOfOthers(t *testing.T) {
	name := Username("100", time.Unix(1790000000, 0))
	if name != "1790000000:100" {
		t.Errorf("username is %q", name)
	}
	// printf %s 1790000000:100 | openssl dgst -sha1 -hmac north -binary | base64
	if got, want := Password("north", name), "w5ByhkULdLuQxL9CBUW+jMqxVvw="; got != want {
		t.Errorf("password is %q, want %q", got, want)
	}
}

func TestWrongCredentialsAreRefused(t *testing.T) {
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Second)
	for _, tt := range []struct{ name, username, password string }{
		{"another secret", Username("100", later), Password("another", Username("100", later))},
		{"another user", Username("101", later), Password(secret, Username("100", later))},
		{"another time", Username("100", later.Add(time.Hour)), Password(secret, Username("100", later))},
		{"too late", Username("100", before), Password(secret, Username("100", before))},
		{"no user", Username("", later), Password(secret, Username("", later))},
		{"no time", "100", Password(secret, "100")},
		{"no password", Username("100", later), ""},
	} {
		for _, network := range []string{"tcp", "udp"} {
			t.Run(tt.name+" by "+network, func(t *testing.T) {
				b := newBed(t)
				if _, err := b.client(network, tt.username, tt.password).Allocate(); err == nil {
					t.Error("let in")
				}
				if n := b.server.Allocations(); n != 0 {
					t.Errorf("%d relayed addresses", n)
				}
			})
		}
	}
	t.Run("without a secret", func(t *testing.T) {
		b := newBed(t, func(s *Settings) { s.Secret = "" })
		name := Username("100", later)
		if _, err := b.client("tcp", name, Password("", name)).Allocate(); err == nil {
			t.Error("let in")
		}
	})
}

func TestUsersHaveSoManyAddresses(t *testing.T) {
	b := newBed(t, func(s *Settings) { s.PerUser, s.Allocations = 2, 3 })
	for range 2 {
		b.allocate(b.welcome("tcp", "100"))
	}
	refused := func(user string) {
		t.Helper()
		if _, err := b.welcome("tcp", user).Allocate(); err == nil || !strings.Contains(err.Error(), "486") {
			t.Errorf("another address of %s: %v, want 486", user, err)
		}
	}
	refused("100")
	conn := b.allocate(b.welcome("udp", "101"))
	refused("101") // there are three in all
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is given back", func() bool { return b.server.Allocations() == 2 })
	b.allocate(b.welcome("tcp", "102"))
}

// Who sends what is wrong over and over is not answered any more; others at the same
// address are.
func TestWhoGuessesIsNotAnswered(t *testing.T) {
	b := newBed(t, func(s *Settings) { s.Failures = 3 })
	name := Username("100", time.Now().Add(time.Hour))
	refused := false
	for range 6 {
		c, err := net.Dial("tcp", b.tcp)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.over(c, name, "guessed").Allocate()
		if err == nil {
			t.Fatal("let in")
		}
		refused = !strings.Contains(err.Error(), "400")
	}
	if !refused {
		t.Error("the sixth guess is answered")
	}
	exchange(t, b.allocate(b.welcome("tcp", "101")), "hello")
}
