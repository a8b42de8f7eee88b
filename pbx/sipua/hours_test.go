package sipua

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/siptrunk"
)

// office is a provider at which we are registered. It answers all that comes in
// dialogs, refreshes of sessions among it, and counts.
type office struct {
	*peer
	bed       *bed
	registers int
	refreshes map[string]int // of ours, by method and Call-ID
	byes      int
	silent    bool
}

// open makes an office and a bed with a trunk to it.
func openOffice(t *testing.T, b *bed, e *ether) *office {
	t.Helper()
	o := &office{peer: newPeerOn(t, "udp", e.dial(officeAt, b.udp)), bed: b, refreshes: map[string]int{}}
	o.serve(o.take)
	return o
}

var officeAt = mustAddr("127.0.0.9:5060")

// take answers a request, in the goroutine of the peer; a first INVITE is handed
// over.
func (o *office) take(req *sip.Request) bool {
	id := string(req.Method) + " " + req.CallID().Value()
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.silent:
	case req.Method == sip.REGISTER && value(req, "Authorization") == "":
		o.reply(req, 401, "x", challenge)
	case req.Method == sip.REGISTER:
		o.registers++
		o.reply(req, 200, "x", "Expires: "+value(req, "Expires"))
	case req.Method == sip.UPDATE:
		o.refreshes[id]++
		o.reply(req, 200, "", "Require: timer", "Session-Expires: "+value(req, "Session-Expires"))
	case req.Method == sip.INVITE && toTag(req) != "":
		o.refreshes[id]++
		o.reply(req, 200, "", plainSDP, "Require: timer", "Session-Expires: "+value(req, "Session-Expires"))
	case req.Method == sip.INVITE:
		return false
	case req.Method == sip.BYE:
		o.byes++
		o.reply(req, 200, "")
	case req.Method != sip.ACK:
		o.reply(req, 200, "x")
	}
	return true
}

// called is a call of ours that the office answers, with a session of 90 s that who
// refreshes.
func (o *office) called(who string) (*side, call.Leg) {
	o.t.Helper()
	out := o.bed.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
	req := o.request(sip.INVITE)
	if value(req, "Session-Expires") != "90" || value(req, "Min-SE") != "90" {
		o.t.Fatalf("INVITE\n%v", req)
	}
	o.reply(req, 200, "callee", plainSDP, "Allow: INVITE, UPDATE", "Require: timer", "Session-Expires: 90;refresher="+who)
	d := o.bed.wait(out)
	if d.err != nil {
		o.t.Fatal(d.err)
	}
	return sideOf(o.peer, req, "callee"), d.leg
}

// calls is a call of the office that we answer, with a session of 90 s that who
// refreshes.
func (o *office) calls(who string) (*side, call.Leg) {
	o.t.Helper()
	s := newSide(o.peer, "030654321", "030123456")
	s.send("INVITE", plainSDP, "Allow: INVITE", "Supported: timer", "Session-Expires: 90;refresher="+who)
	c := o.bed.take()
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	res := s.response(200)
	if got := value(res, "Session-Expires"); got != "90;refresher="+who {
		o.t.Fatalf("Session-Expires %q", got)
	}
	s.learn(res)
	s.ack()
	if err := <-done; err != nil {
		o.t.Fatal(err)
	}
	return s, c.leg
}

// Calls through a trunk that last six hours, with sessions of 90 s, the shortest
// that RFC 4028 allows: each side refreshes two of them, one each way, while the
// registration goes on. Then the provider dies.
func TestCallsOfSixHours(t *testing.T) {
	engine := newEngine(t)
	synctest.Test(t, func(t *testing.T) {
		e := &ether{}
		b := newBedOn(t, e.listen, engine, nil, trunk("sip", func(t *config.Trunk) {
			t.Host, t.Register, t.Expires, t.Qualify = officeAt.String(), true, config.Duration(10*time.Minute), config.Duration(30*time.Second)
		}), func(c *config.Config) {
			c.SIP.UDP, c.SIP.TCP, c.SIP.SessionExpires = []string{"127.0.0.1:5060"}, nil, config.Duration(90*time.Second)
		})
		o := openOffice(t, b, e)
		state := func(want siptrunk.State) {
			t.Helper()
			synctest.Wait()
			if s := b.lines.Status()[0]; s.State != want {
				t.Fatalf("the trunk is %s (%s), want %s", s.State, s.Why, want)
			}
		}
		time.Sleep(5 * time.Second)
		state(siptrunk.StateRegistered)

		began := time.Now()
		outOurs, l1 := o.called("uac")
		outTheirs, l2 := o.called("uas")
		inOurs, l3 := o.calls("uas")
		inTheirs, l4 := o.calls("uac")
		legs := []call.Leg{l1, l2, l3, l4}
		routines := 0
		for n := range 6 * 60 * 60 / 45 {
			time.Sleep(45 * time.Second)
			for _, s := range []*side{outTheirs, inTheirs} {
				s.send("UPDATE", "Supported: timer", "Session-Expires: 90;refresher=uac")
				if res := s.response(200); value(res, "Session-Expires") != "90;refresher=uac" {
					t.Fatalf("200\n%v", res)
				}
			}
			if n == 20 {
				synctest.Wait()
				routines = runtime.NumGoroutine()
			}
		}
		time.Sleep(time.Second)
		state(siptrunk.StateRegistered)
		for i, l := range legs {
			if l.Context().Err() != nil {
				t.Fatalf("call %d is over after %v: %v", i+1, time.Since(began), context.Cause(l.Context()))
			}
		}
		if now := runtime.NumGoroutine(); now > routines+1 {
			t.Errorf("%d goroutines at the end, %d after a quarter of an hour", now, routines)
		}
		o.mu.Lock()
		for id, want := range map[string]int{
			"UPDATE " + outOurs.callID: 480, "INVITE " + inOurs.callID: 480,
			"UPDATE " + outTheirs.callID: 0, "INVITE " + outTheirs.callID: 0, "UPDATE " + inTheirs.callID: 0, "INVITE " + inTheirs.callID: 0,
		} {
			if got := o.refreshes[id]; got != want {
				t.Errorf("%s: we refreshed %d times within six hours, want %d", id, got, want)
			}
		}
		if want := int(time.Since(began)/(510*time.Second)) + 1; o.registers != want {
			t.Errorf("registered %d times, want %d", o.registers, want)
		}
		o.silent = true
		o.mu.Unlock()
		if b.lines.Status()[0].Calls != 4 || engine.Stats().Open != 4 {
			t.Errorf("%d channels and %d ports in use, want 4", b.lines.Status()[0].Calls, engine.Stats().Open)
		}

		died := time.Now()
		for _, l := range legs {
			<-l.Context().Done()
			var e *dialplan.Ended
			if e = ended(l.Context()); e.Cause != dialplan.CauseSessionExpired && e.Cause != dialplan.CauseUnreachable {
				t.Errorf("ended with %v", e)
			}
		}
		if took := time.Since(died); took > 90*time.Second {
			t.Errorf("the calls ended %v after the provider", took)
		}
		time.Sleep(time.Minute)
		if b.lines.Status()[0].Calls != 0 || engine.Stats().Open != 0 || len(b.ua.table.all()) != 0 {
			t.Errorf("left: %d channels, %d ports, legs %v", b.lines.Status()[0].Calls, engine.Stats().Open, b.ua.table.all())
		}
		o.mu.Lock()
		o.silent = false
		o.mu.Unlock()
		time.Sleep(15 * time.Minute)
		state(siptrunk.StateRegistered)
	})
}
