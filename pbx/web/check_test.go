package web

import "testing"

// A page that cannot be used finds out why, also before anybody is logged in.
func TestWhatAPageNeedsToCheckItself(t *testing.T) {
	s := openSite(t)
	c := s.client()
	if got := get[aboutAnswer](c, "/api/phone/check"); got != (aboutAnswer{Certificate: "own"}) {
		t.Errorf("a stranger is told %+v", got)
	}
	if code, body := c.login("100", "kqvt-8mzn-3xwp-r5hc"); code != 204 && code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if got := get[aboutAnswer](c, "/api/phone/check"); got != (aboutAnswer{Certificate: "own", Target: "~echo"}) {
		t.Errorf("who is logged in is told %+v", got)
	}
}
