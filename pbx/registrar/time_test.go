package registrar_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// countingStore counts the transactions and may fail.
type countingStore struct {
	storage.Store
	saves, contacts atomic.Int32
	fail            atomic.Bool
}

func (s *countingStore) SaveContacts(changed []storage.Contact, removed []storage.ContactKey) error {
	if s.fail.Load() {
		return errors.New("disk full")
	}
	s.saves.Add(1)
	s.contacts.Add(int32(len(changed) + len(removed)))
	return s.Store.SaveContacts(changed, removed)
}

func stored(t *testing.T, s storage.Store) []storage.Contact {
	t.Helper()
	all, err := s.Contacts()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestContactsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		defer f.run()()
		events, stop := f.reg.Subscribe()
		defer stop()
		f.update(f.request(contact("sip:late@h", time.Hour)))
		f.update(f.request(contact("sip:soon@h", time.Minute)))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := uris(f.reg.All()); got != "late@h" {
			t.Errorf("after a minute there is %q", got)
		}
		time.Sleep(30 * time.Minute)
		f.update(f.request(contact("sip:late@h", time.Hour)))
		time.Sleep(59 * time.Minute)
		if got := uris(f.reg.All()); got != "late@h" {
			t.Errorf("a refreshed contact is not there: %q", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := uris(f.reg.All()); got != "" {
			t.Errorf("after its hour there is %q", got)
		}
		var kinds []registrar.EventKind
		for len(events) > 0 {
			kinds = append(kinds, (<-events).Kind)
		}
		if len(kinds) != 4 || kinds[2] != registrar.Expired || kinds[3] != registrar.Expired {
			t.Errorf("events are %v, want two registered, two expired", kinds)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if left := stored(t, f.store); len(left) != 0 {
			t.Errorf("storage still has %+v", left)
		}
	})
}

// TestSavesAreBatched: what comes within a second is one transaction, and
// refreshes cost next to none.
func TestSavesAreBatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		count := &countingStore{Store: f.store}
		f.store = count
		f.restart()
		defer f.run()()
		refresh := func() {
			for _, ext := range []string{"100", "101", "102"} {
				req := f.request(contact("sip:"+ext+"@h", time.Minute))
				req.Extension = ext
				f.update(req)
			}
		}
		refresh()
		if count.saves.Load() != 0 {
			t.Error("Update waited for storage")
		}
		time.Sleep(1100 * time.Millisecond)
		if count.saves.Load() != 1 || count.contacts.Load() != 3 {
			t.Errorf("%d transactions with %d contacts, want 1 with 3", count.saves.Load(), count.contacts.Load())
		}
		for range 60 * 2 {
			time.Sleep(30 * time.Second)
			refresh()
			time.Sleep(1100 * time.Millisecond)
			for _, c := range stored(t, count) {
				if due := f.reg.Lookup(c.Extension)[0].Expires; c.Expires.Before(due) {
					t.Fatalf("storage lets %s expire at %v, before %v", c.Extension, c.Expires, due)
				}
			}
		}
		// An hour of refreshes, saved at most every five minutes.
		if n := count.saves.Load(); n > 13 || n < 11 {
			t.Errorf("%d transactions in an hour, want 12 or so", n)
		}
	})
}

func TestSaveIsRepeatedWhenItFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		count := &countingStore{Store: f.store}
		count.fail.Store(true)
		f.store = count
		f.restart()
		stop := f.run()
		f.update(f.request(contact("sip:a@h", time.Hour), contact("sip:b@h", time.Hour)))
		time.Sleep(10 * time.Second)
		f.update(f.request(contact("sip:b@h", 0)))
		synctest.Wait()
		count.fail.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := stored(t, count); len(got) != 1 || got[0].URI != "sip:a@h" {
			t.Errorf("storage has %+v, want a", got)
		}
		stop()
	})
}

func TestContactsSurviveRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		stop := f.run()
		req := f.request(registrar.Binding{URI: "sip:a@h", Instance: "<urn:uuid:1>", RegID: 3, Q: 0.3, Expires: time.Hour, NAT: true})
		req.Path = []string{"<sip:edge;lr>"}
		before := f.update(req)[0]
		stop() // saves at once
		time.Sleep(10 * time.Minute)
		f.restart()
		after := f.reg.Lookup("100")
		if len(after) != 1 {
			t.Fatalf("%d contacts after the restart, want 1", len(after))
		}
		a, b := after[0].Contact, before.Contact
		if a.Expires.Before(b.Expires) {
			t.Errorf("expires at %v, was granted until %v", a.Expires, b.Expires)
		}
		if len(a.Path) != 1 || a.Path[0] != b.Path[0] {
			t.Errorf("path is %q, was %q", a.Path, b.Path)
		}
		a.Expires, b.Expires, a.Path, b.Path = time.Time{}, time.Time{}, nil, nil
		if a.ContactKey != b.ContactKey || a.URI != b.URI || a.Flow != b.Flow || a.Q != b.Q || a.NAT != b.NAT || a.CSeq != b.CSeq || !a.Since.Equal(b.Since) {
			t.Errorf("came back as %+v\nwas %+v", a, b)
		}
		if after[0].Peer != before.Peer || !f.reg.ByFlow(before.Peer.Remote) {
			t.Errorf("flow is %v, was %v", after[0].Peer, before.Peer)
		}
		late := f.request(contact("sip:a@h", 0))
		late.CSeq = 1
		if _, err := f.reg.Update(late); !errors.Is(err, registrar.ErrOutOfOrder) {
			t.Errorf("order is forgotten: %v", err)
		}
	})
}

// TestExpiryWhileDown: a phone that could not refresh keeps ringing for a while;
// what is long dead is dropped.
func TestExpiryWhileDown(t *testing.T) {
	tests := []struct {
		name string
		down time.Duration
		kept bool
	}{
		{"shorter than the expiry", 30 * time.Second, true},
		{"longer than the expiry", 30 * time.Minute, true},
		{"much longer", 3 * time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := start(t, func(c *config.Config) { c.Registrar.MaxExpires = config.Duration(2 * time.Hour) })
				stop := f.run()
				f.update(f.request(contact("sip:a@h", time.Minute)))
				stop()
				time.Sleep(tt.down)
				f.restart()
				defer f.run()()
				time.Sleep(4 * time.Minute)
				if kept := len(f.reg.Lookup("100")) == 1; kept != tt.kept {
					t.Errorf("after the restart it rings: %v, want %v", kept, tt.kept)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if n, left := len(f.reg.All()), stored(t, f.store); n != 0 || len(left) != 0 {
					t.Errorf("never refreshed, but there are %d contacts, %d stored", n, len(left))
				}
			})
		})
	}
}

func TestSlowSubscriberDoesNotBlock(t *testing.T) {
	f := start(t)
	events, stop := f.reg.Subscribe()
	for range 400 {
		f.update(f.request(contact("sip:a@h", time.Hour)))
		f.update(f.request(contact("sip:a@h", 0)))
	}
	if e := <-events; e.Kind != registrar.Registered || e.Contact.URI != "sip:a@h" {
		t.Errorf("first event is %+v", e)
	}
	stop()
	for len(events) > 0 {
		<-events
	}
	f.update(f.request(contact("sip:a@h", time.Hour)))
	if len(events) != 0 {
		t.Error("an event after stop")
	}
}

// A browser whose connection has closed has half a minute to come back; then it is
// forgotten, as its page is another phone when it is loaded again. Others keep their time.
func TestBrowsersAreForgottenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		defer f.run()()
		over := func(transport, remote, uri string) registrar.Request {
			req := f.request(contact(uri, time.Hour))
			req.Flow = flow(remote)
			req.Flow.Transport = transport
			return req
		}
		f.update(over("wss", "192.0.2.7:1001", "sip:stays@a.invalid"))
		f.update(over("wss", "192.0.2.7:1002", "sip:leaves@b.invalid"))
		f.update(over("wss", "192.0.2.7:1003", "sip:returns@c.invalid"))
		f.update(over("tls", "192.0.2.7:1004", "sip:desk@192.0.2.7"))
		for _, remote := range []string{"192.0.2.7:1002", "192.0.2.7:1003", "192.0.2.7:1004"} {
			gone := flow(remote)
			gone.Transport = "wss"
			if remote == "192.0.2.7:1004" {
				gone.Transport = "tls"
			}
			f.reg.FlowGone(gone)
		}
		time.Sleep(20 * time.Second)
		f.update(over("wss", "192.0.2.7:1005", "sip:returns@c.invalid"))
		if got := len(f.reg.All()); got != 4 {
			t.Errorf("within half a minute there are %d", got)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if got := uris(f.reg.All()); got != "desk@192.0.2.7 returns@c.invalid stays@a.invalid" {
			t.Errorf("then there is %q", got)
		}
	})
}
