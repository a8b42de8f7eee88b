package registrar_test

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// TestLookupOrder: best q first, of equals the one heard of last.
func TestLookupOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		for _, c := range []registrar.Binding{{URI: "sip:old@h", Q: 0.5}, {URI: "sip:low@h", Q: 0.1}, {URI: "sip:new@h", Q: 0.5}, {URI: "sip:best@h", Q: 1}} {
			c.Expires = time.Hour
			f.update(f.request(c))
			time.Sleep(time.Second)
		}
		if got := uris(f.reg.Lookup("100")); got != "best@h new@h old@h low@h" {
			t.Errorf("order is %q", got)
		}
		if got := f.reg.Lookup("101"); len(got) != 0 {
			t.Errorf("101 never registered, but is at %q", uris(got))
		}
	})
}

func TestLookupGivesOneFlowOfAPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		for reg, remote := range []string{"192.0.2.7:1001", "192.0.2.7:1002"} {
			req := f.request(registrar.Binding{URI: "sip:a@h", Instance: "<urn:uuid:1>", RegID: reg + 1, Q: 1, Expires: time.Hour, NAT: true})
			req.Flow = tcp(remote)
			f.update(req)
			time.Sleep(time.Second)
		}
		at := func() string {
			found := f.reg.Lookup("100")
			if len(found) != 1 {
				t.Fatalf("%d contacts, want one", len(found))
			}
			return found[0].Flow
		}
		if got := at(); got != "192.0.2.7:1002" {
			t.Errorf("rings at %s, want the flow heard of last", got)
		}
		f.reg.FlowGone(tcp("192.0.2.7:1002"))
		if got := at(); got != "192.0.2.7:1001" {
			t.Errorf("rings at %s when the better flow is closed, want the other", got)
		}
	})
}

func TestByFlow(t *testing.T) {
	f := start(t)
	phone := netip.MustParseAddrPort("192.0.2.7:5060")
	if f.reg.ByFlow(phone) {
		t.Error("known before it registered")
	}
	f.update(f.request(contact("sip:a@h", time.Hour), contact("sip:b@h", time.Hour)))
	mapped := netip.AddrPortFrom(netip.AddrFrom16(phone.Addr().As16()), phone.Port())
	if !f.reg.ByFlow(phone) || !f.reg.ByFlow(mapped) || f.reg.ByFlow(netip.MustParseAddrPort("192.0.2.7:5061")) {
		t.Error("not known, or known by another port")
	}
	moved := f.request(contact("sip:a@h", time.Hour))
	moved.Flow = flow("192.0.2.8:5060")
	f.update(moved)
	if !f.reg.ByFlow(phone) || !f.reg.ByFlow(moved.Flow.Remote) {
		t.Error("one contact moved: both flows are in use")
	}
	f.update(f.request(contact("sip:b@h", 0)))
	if f.reg.ByFlow(phone) {
		t.Error("known after the last contact there was removed")
	}
}

// TestReachability walks through what OPTIONS can tell of a phone.
func TestReachability(t *testing.T) {
	f := start(t)
	c := f.update(f.request(contact("sip:a@h", time.Hour)))[0]
	status := func() registrar.Status {
		got, ok := f.reg.Get(c.ContactKey)
		if !ok {
			t.Fatal("contact is gone")
		}
		return got.Status
	}
	miss := func(times int) (again bool) {
		for range times {
			again = f.reg.Unanswered(c.ContactKey, c.Peer)
		}
		return again
	}
	if again := miss(10); again || status() != registrar.Unknown {
		t.Errorf("a phone that never answers is %v and is to be asked again soon: %v", status(), again)
	}
	f.reg.Answered(c.ContactKey, c.Peer, 20*time.Millisecond)
	if got, _ := f.reg.Get(c.ContactKey); got.Status != registrar.Reachable || got.RTT != 20*time.Millisecond {
		t.Errorf("answered: %v after %v", got.Status, got.RTT)
	}
	if again := miss(2); !again || status() != registrar.Reachable {
		t.Errorf("two misses: %v, again %v", status(), again)
	}
	if again := miss(1); again || status() != registrar.Lost {
		t.Errorf("three misses: %v, again %v", status(), again)
	}
	if got := uris(f.reg.Lookup("100")); got != "a@h" {
		t.Errorf("a lost phone is all there is, but Lookup gives %q", got)
	}
	f.update(f.request(contact("sip:b@h", time.Hour)))
	if got := uris(f.reg.Lookup("100")); got != "b@h" {
		t.Errorf("with a better one there, Lookup gives %q", got)
	}
	f.reg.Answered(c.ContactKey, flow("192.0.2.99:1"), time.Millisecond)
	if status() != registrar.Lost {
		t.Error("an answer from another flow counted")
	}
	f.update(f.request(contact("sip:a@h", time.Hour)))
	if status() != registrar.Unknown {
		t.Errorf("registered again: %v", status())
	}
}

func TestFlowGone(t *testing.T) {
	f := start(t)
	register := func(nat bool) registrar.Contact {
		req := f.request(registrar.Binding{URI: "sip:a@h", Q: 1, Expires: time.Hour, NAT: nat})
		req.Flow = tcp("192.0.2.7:40000")
		return f.update(req)[0]
	}
	c := register(true)
	udp := c.Peer
	udp.Transport = "udp"
	f.reg.FlowGone(udp)
	if got := f.reg.Lookup("100"); len(got) != 1 || got[0].Status != registrar.Unknown {
		t.Error("the same port of another transport counted")
	}
	f.reg.FlowGone(c.Peer)
	if got := f.reg.Lookup("100"); len(got) != 0 || f.reg.ByFlow(c.Peer.Remote) {
		t.Errorf("behind NAT and gone, but found at %q", uris(got))
	}
	if all := f.reg.All(); len(all) != 1 || all[0].Status != registrar.Gone {
		t.Errorf("All shows %+v, want it as gone", all)
	}
	register(false)
	if got := f.reg.Lookup("100"); len(got) != 1 || got[0].Status != registrar.Unknown || !f.reg.ByFlow(c.Peer.Remote) {
		t.Errorf("registered again over the same flow: %+v", got)
	}
	f.reg.FlowGone(c.Peer)
	if got := f.reg.Lookup("100"); len(got) != 1 || got[0].Status != registrar.Gone {
		t.Errorf("not behind NAT, it can be called back; got %+v", got)
	}
}

func TestRemoveAndRetain(t *testing.T) {
	f := start(t)
	c := f.update(f.request(contact("sip:a@h", time.Hour), contact("sip:b@h", time.Hour)))[0]
	if !f.reg.Remove(c.ContactKey, "by hand") || f.reg.Remove(c.ContactKey, "by hand") {
		t.Error("Remove finds it not once, or twice")
	}
	f.reg.Retain(func(ext string) bool { return ext == "100" })
	if len(f.reg.All()) != 1 {
		t.Error("Retain removed a known extension")
	}
	f.reg.Retain(func(string) bool { return false })
	if len(f.reg.All()) != 0 {
		t.Error("Retain left an unknown extension")
	}
	if _, ok := f.reg.Get(storage.ContactKey{Extension: "100", Binding: "sip:b@h"}); ok {
		t.Error("Get finds it still")
	}
}
