package storagetest

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
)

// Subscription is the one of a phone that watches extension number n.
func Subscription(n int) storage.Subscription {
	return storage.Subscription{
		ID: fmt.Sprintf("s%06d", n), Event: "dialog", EventID: "7", Resource: strconv.Itoa(100 + n), Subscriber: "100",
		CallID: "abc@192.0.2.7", Local: "<sip:101@dialtone>;tag=l", Remote: "<sip:100@dialtone>;tag=r", Sent: 4, Heard: 2,
		Target: "sip:100@192.0.2.7:5060", Routes: []string{"<sip:edge.example;lr>"}, Flow: "udp 192.0.2.1:5060 192.0.2.7:5060",
		Expires: noon().Add(time.Hour),
	}
}

func subscriptionsChange(t *testing.T, s storage.Store) {
	check := func(want ...storage.Subscription) {
		t.Helper()
		got, err := s.Subscriptions()
		if err != nil {
			t.Fatalf("Subscriptions: %v", err)
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	save := func(changed []storage.Subscription, removed ...string) {
		t.Helper()
		if err := s.SaveSubscriptions(changed, removed); err != nil {
			t.Fatalf("SaveSubscriptions: %v", err)
		}
	}
	check()
	save([]storage.Subscription{Subscription(2), Subscription(1)})
	check(Subscription(1), Subscription(2))
	later := Subscription(2)
	later.Sent, later.Expires = 9, later.Expires.Add(time.Minute)
	save([]storage.Subscription{later, Subscription(3)}, Subscription(1).ID, "none")
	check(later, Subscription(3))
	long := Subscription(4)
	long.CallID = strings.Repeat("x", 20000)
	for _, bad := range []storage.Subscription{{}, long} {
		if err := s.SaveSubscriptions([]storage.Subscription{Subscription(5), bad}, nil); err == nil {
			t.Errorf("%.40s was kept", bad.CallID)
		}
	}
	check(later, Subscription(3))
}
