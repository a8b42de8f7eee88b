package web

import (
	"encoding/base64"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"dialtone/config"
)

func argonOf(password string) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), []byte("somesalt"), 1, 64, 1, 32))
}

func testSessions(t *testing.T) (*sessions, *config.Config) {
	t.Helper()
	cfg := config.Default()
	cfg.Extensions = map[string]config.Extension{"100": {Password: "a"}, "101": {Password: "b"}}
	return openSessions(filepath.Join(t.TempDir(), "sessions.json"), func() *config.Config { return &cfg }, slog.New(slog.DiscardHandler)), &cfg
}

// What a page registers with is good for two hours, and only while it is logged in.
func TestIssuedCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, cfg := testSessions(t)
		me, _ := s.of(s.open("100"))
		user, password, until := me.credential(time.Now())
		whose, want, ok := s.issued(user)
		if !ok || whose != "100" || want != password || time.Until(until) > credentialLife {
			t.Fatalf("%q %v until %v", whose, ok, until)
		}
		for _, other := range []string{"100", "101" + user[3:], user + "x", "100~9999999999~nobody", "100~x~" + me.ID, "~~"} {
			if _, _, ok := s.issued(other); ok {
				t.Errorf("%q is good, too", other)
			}
		}
		if forged := "100~9999999999~" + me.ID; me.password(forged) == password {
			t.Error("the password does not depend on the time")
		}
		time.Sleep(credentialLife + credentialSlack + 2*time.Second)
		if _, _, ok := s.issued(user); ok {
			t.Error("it is good for ever")
		}
		user, _, _ = me.credential(time.Now())
		s.close(me.ID)
		if _, _, ok := s.issued(user); ok {
			t.Error("it is good after the page has logged out")
		}
		me, _ = s.of(s.open("100"))
		user, _, _ = me.credential(time.Now())
		delete(cfg.Extensions, "100")
		if _, _, ok := s.issued(user); ok {
			t.Error("it is good when the extension is no more")
		}
	})
}

func TestSessionsAreBoundedAndForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := testSessions(t)
		first := s.open("100")
		time.Sleep(time.Minute)
		for range sessionsEach {
			s.open("100")
		}
		if _, ok := s.of(first); ok || len(s.byID) != sessionsEach {
			t.Errorf("%d sessions of one extension are kept", len(s.byID))
		}
		used := s.open("101")
		for range 40 {
			time.Sleep(24 * time.Hour)
			if _, ok := s.of(used); !ok {
				t.Fatal("a session that is used every day is forgotten")
			}
		}
		s.save()
		if len(s.byID) != 1 {
			t.Errorf("%d sessions that nobody uses are kept", len(s.byID)-1)
		}
	})
}

func TestCookiesAreNotGuessed(t *testing.T) {
	s, _ := testSessions(t)
	cookie := s.open("100")
	first := "x"
	if cookie[:1] == first {
		first = "y"
	}
	for _, other := range []string{"", ".", cookie[:len(cookie)-1], cookie + "x", cookie[:13], first + cookie[1:]} {
		if _, ok := s.of(other); ok {
			t.Errorf("%q is taken for %q", other, cookie)
		}
	}
}
