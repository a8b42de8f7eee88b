package sipauth_test

import (
	"net/netip"
	"testing"

	"dialtone/pbx/sipauth"
)

// Credentials that were given to a page for a while are as good as those of the
// configuration, which go on to be good.
func TestIssuedCredentials(t *testing.T) {
	cfg := testConfig()
	a := start(cfg)
	good := true
	a.Issue(func(username string) (extension, password string, ok bool) {
		return "100", "for-a-while", good && username == "100~1790000000~abc"
	})
	page := newPhone("100~1790000000~abc", "for-a-while")
	if v := page.login(t, a); v.Kind != sipauth.OK || v.Extension != "100" {
		t.Errorf("the page: %+v", v)
	}
	if v := newPhone("100~1790000000~abc", "other").login(t, a); v.Kind == sipauth.OK {
		t.Errorf("with another password: %+v", v)
	}
	if v := newPhone("100", cfg.Extensions["100"].Password.Reveal()).login(t, a); v.Kind != sipauth.OK {
		t.Errorf("the phone of the extension: %+v", v)
	}
	good = false
	if v := page.send(a); v.Kind == sipauth.OK {
		t.Errorf("after it was taken away: %+v", v)
	}
}

// Wrong passwords count together, wherever they were tried.
func TestPasswordsThatAreCheckedElsewhere(t *testing.T) {
	cfg := testConfig()
	cfg.SIP.MaxFailures = 3
	a := start(cfg)
	here, there := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.10")
	for range 2 {
		a.Wrong("100", here)
	}
	if wait := a.Wait("100", here); wait != 0 {
		t.Errorf("after two it waits %v", wait)
	}
	a.Right("100", here)
	for range 2 {
		a.Wrong("100", here)
	}
	if wait := a.Wait("100", here); wait != 0 {
		t.Errorf("the right password between did not count: %v", wait)
	}
	a.Wrong("100", here)
	if wait := a.Wait("100", here); wait <= 0 {
		t.Error("after three it does not wait")
	}
	for extension, source := range map[string]netip.Addr{"101": here, "100": there} {
		if wait := a.Wait(extension, source); wait != 0 {
			t.Errorf("%s from %s waits %v", extension, source, wait)
		}
	}
	for range 10 { // with the five before, five times three
		a.Wrong("102", here)
	}
	if a.Wait("101", here) <= 0 || a.Wait("101", there) != 0 {
		t.Error("an address that tries many extensions is not held up, or others are")
	}
}
