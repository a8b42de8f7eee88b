package sipmwi

import (
	"fmt"
	"testing"
	"time"
)

func TestSubscriptions(t *testing.T) {
	s, now := &Service{subs: newSubscriptions()}, time.Now()
	admit := func(mailbox string, n int) *subscription {
		u := &subscription{mailbox: mailbox, key: fmt.Sprint(mailbox, "/", n), expires: now.Add(time.Duration(n+1) * time.Minute)}
		if !s.admit(u) {
			t.Fatalf("%s is refused", u.key)
		}
		return u
	}
	count := func(mailbox string, want int) {
		t.Helper()
		if list, _ := s.of(mailbox); len(list) != want {
			t.Errorf("%s has %d, want %d", mailbox, len(list), want)
		}
	}
	other := admit("102", 100)
	for n := range maxOfOne {
		admit("101", n)
	}
	count("101", maxOfOne)
	admit("101", maxOfOne) // the one that ends first makes room
	count("101", maxOfOne)
	if s.subs.byKey["101/0"] != nil {
		t.Error("the oldest one is there")
	}
	count("102", 1)
	if list := s.expired(now.Add(3 * time.Minute)); len(list) != 2 {
		t.Errorf("%d are over", len(list))
	}
	count("101", maxOfOne-2)
	s.expired(now.Add(time.Hour))
	count("101", 0)
	count("102", 1)
	s.subs.remove(other)
	s.subs.remove(other)
	if len(s.subs.byKey)+len(s.subs.byMailbox) != 0 {
		t.Errorf("left: %v", s.subs)
	}
}
