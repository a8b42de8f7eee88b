package web

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
)

// Guesses that come together are no more than those that come one after the other, but for
// those that are looked at at once.
func TestGuessesInParallelAreCounted(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) {
		cfg.SIP.MaxFailures = 3
		cfg.Extensions["103"] = config.Extension{WebPassword: config.Secret("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + argonOf("wordpass"))}
	})
	for _, extension := range []string{"100", "103"} {
		source := netip.MustParseAddr("192.0.2." + extension)
		for range loginsAtOnce { // all of them wait before one is looked at
			s.server.logins <- struct{}{}
		}
		var looked atomic.Int32
		var tasks sync.WaitGroup
		for range 40 {
			tasks.Go(func() {
				if _, f := s.server.checkLogin(t.Context(), extension, "guess", source); f == wrong {
					looked.Add(1)
				} else if f != locked {
					t.Errorf("a guess is %v", f)
				}
			})
		}
		for s.server.waiting.Load() < 40 {
			runtime.Gosched()
		}
		for range loginsAtOnce {
			s.server.logins.give()
		}
		tasks.Wait()
		if n := looked.Load(); n > 3+loginsAtOnce-1 {
			t.Errorf("%s: %d of 40 guesses were looked at", extension, n)
		}
	}
}

func TestThoseWhoWaitToLogInAreBounded(t *testing.T) {
	s := openSite(t)
	s.server.waiting.Store(loginsWait + loginsAtOnce)
	if status, body := s.client().login("100", "kqvt-8mzn-3xwp-r5hc"); status != 429 || body != `{"code":"busy"}` {
		t.Errorf("one more: %d %s", status, body)
	}
	s.server.waiting.Store(0)
	if status, body := s.client().login("100", "kqvt-8mzn-3xwp-r5hc"); status != 204 {
		t.Errorf("when they are gone: %d %s", status, body)
	}
}

// A password that was not looked at was not wrong.
func TestPasswordsThatAreNotLookedAtDoNotCount(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) { cfg.SIP.MaxFailures = 1 })
	source := netip.MustParseAddr("192.0.2.1")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range loginsAtOnce {
		s.server.logins <- struct{}{}
	}
	if _, f := s.server.checkLogin(gone, "100", "kqvt-8mzn-3xwp-r5hc", source); f != notChecked {
		t.Errorf("of somebody who has gone: %v", f)
	}
	if wait := s.server.Auth.Wait("100", source); wait != 0 || s.server.waiting.Load() != 0 {
		t.Errorf("it counts: %v", wait)
	}
}

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := make(turns, 1)
		if !all.take(t.Context(), time.Second) || all.take(t.Context(), time.Second) {
			t.Error("the second does not wait for the first, or the first for nobody")
		}
		time.AfterFunc(time.Second, all.give)
		if !all.take(t.Context(), time.Minute) {
			t.Error("nobody follows the first")
		}
	})
}

// Who logs in in a browser that is logged in leaves nothing of the session before.
func TestLoggingInEndsTheSessionBefore(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	c.login("101", "b7fd-w2ks-9pte-n4vx")
	s.server.sessions.mu.Lock()
	defer s.server.sessions.mu.Unlock()
	if n := len(s.server.sessions.byID); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// The cookie lives as long as the session does, which is used.
func TestTheCookieIsRenewed(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	res, _ := c.do("GET", "/api/phone/session", "")
	if set := res.Header.Get("Set-Cookie"); !strings.Contains(set, "Max-Age=2592000") {
		t.Errorf("asking for the session sets %q", set)
	}
	if v := get[sessionAnswer](c, "/api/phone/session"); v.Extension != "100" {
		t.Errorf("then it is that of %q", v.Extension)
	}
}

func TestLogOutsAreOnTheDiskAtOnce(t *testing.T) {
	s, _ := testSessions(t)
	me, _ := s.of(s.open("100"))
	s.close(me.ID)
	if b, err := os.ReadFile(s.file); err != nil || string(b) != "[]" {
		t.Errorf("%s: %v", b, err)
	}
}

func TestSavingIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := testSessions(t)
		inTheWay := filepath.Dir(s.file) + "/web"
		s.file = inTheWay + "/sessions.json"
		if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.run(ctx) }()
		s.open("100")
		time.Sleep(2 * time.Second)
		if err := os.Remove(inTheWay); err != nil {
			t.Fatal(err)
		}
		time.Sleep(saveAgain + time.Second)
		if _, err := os.Stat(s.file); err != nil {
			t.Error(err)
		}
		cancel()
		<-done
	})
}

func TestWhatBelongsToASessionEndsWithIt(t *testing.T) {
	s, cfg := testSessions(t)
	ended := ""
	me, _ := s.of(s.open("100"))
	other, _ := s.of(s.open("101"))
	s.attach(me.ID, func() { ended += "a" })
	detach := s.attach(me.ID, func() { ended += "b" })
	s.attach(other.ID, func() { ended += "c" })
	detach()
	s.close(me.ID)
	if ended != "a" || len(s.links) != 1 {
		t.Errorf("logging out ends %q", ended)
	}
	s.attach(me.ID, func() { ended += "d" })
	delete(cfg.Extensions, "101")
	s.recheck()
	if ended != "adc" || len(s.links) != 0 {
		t.Errorf("then, and when the other extension is no more: %q", ended)
	}
}
