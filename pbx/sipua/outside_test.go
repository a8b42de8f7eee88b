package sipua

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/siptrunk"
)

func TestCallOverATrunk(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	p := b.provider("sip")
	out := b.outside(context.Background(), outgoing("030 123456", "sip"), nil)
	req := p.request(sip.INVITE)
	if req.Recipient.User != "+4930123456" || req.Recipient.Host != "192.0.2.99" || req.From().Address.User != "account" ||
		req.From().Address.Host != "192.0.2.99" || req.To().Address.User != "+4930123456" || value(req, "P-Asserted-Identity") != "" {
		t.Fatalf("INVITE\n%v", req)
	}
	p.reply(req, 180, "callee")
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	if i := d.leg.Info(); i.Party != "030 123456" || i.Trunk != "sip" {
		t.Errorf("info %+v", i)
	}
	if used := b.lines.Status()[0].Calls; used != 1 {
		t.Errorf("%d channels are in use", used)
	}
	d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	p.reply(p.request(sip.BYE), 200, "")
	eventually(t, func() bool { return b.lines.Status()[0].Calls == 0 })
	if got := b.lines.heard(); got != "answered udp "+p.addr() {
		t.Errorf("of the servers it told: %s", got)
	}
}

// challenge is what a provider says to somebody it does not know.
const challenge = `WWW-Authenticate: Digest realm="provider", nonce="n1", qop="auth", algorithm=MD5`

// proven reports whether req holds the right password.
func proven(t *testing.T, req *sip.Request, header string) bool {
	t.Helper()
	c, err := digest.ParseCredentials(value(req, header))
	if err != nil {
		return false
	}
	ch := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, QOP: []string{"auth"}, Algorithm: "MD5"}
	want, err := digest.Digest(ch, digest.Options{Method: string(req.Method), URI: c.URI, Username: "account", Password: "secret", Cnonce: c.Cnonce, Count: c.Nc})
	return err == nil && want.Response == c.Response
}

// All that a provider may ask a password for: the INVITE, and BYE in the dialog.
func TestTrunkAsksForThePassword(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	p := b.provider("sip")
	out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 401, "x", challenge)
	p.request(sip.ACK)
	again := p.request(sip.INVITE)
	if !proven(t, again, "Authorization") || again.CSeq().SeqNo <= req.CSeq().SeqNo || again.CallID().Value() != req.CallID().Value() {
		t.Fatalf("INVITE\n%v", again)
	}
	p.reply(again, 200, "callee", plainSDP)
	if ack := p.request(sip.ACK); ack.CSeq().SeqNo != again.CSeq().SeqNo || value(ack, "Authorization") != value(again, "Authorization") {
		t.Fatalf("ACK\n%v", ack)
	}
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	bye := p.request(sip.BYE)
	p.reply(bye, 407, "callee", strings.Replace(challenge, "WWW-Authenticate", "Proxy-Authenticate", 1))
	second := p.request(sip.BYE)
	if !proven(t, second, "Proxy-Authorization") || second.CSeq().SeqNo <= bye.CSeq().SeqNo {
		t.Fatalf("BYE\n%v", second)
	}
	p.reply(second, 200, "")
}

// A wrong password is tried once; then another trunk may do better.
func TestTrunkRefusesThePassword(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"), trunk("other"))
	p, other := b.provider("sip"), b.provider("other")
	out := b.outside(context.Background(), outgoing("+4930123456", "sip", "other"), nil)
	for range 2 {
		p.reply(p.request(sip.INVITE), 401, "x", challenge)
		p.request(sip.ACK)
	}
	req := other.request(sip.INVITE)
	other.reply(req, 486, "x")
	other.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseBusy)
	p.silent(2 * t1)
}

func TestFailover(t *testing.T) {
	t.Parallel()
	const busyLine = `Reason: Q.850;cause=17;text="user busy"`
	for name, test := range map[string]struct {
		ring   bool     // before
		status int      // of the first server
		extra  []string // headers of it
		next   bool     // the second server is tried
		cause  dialplan.Cause
	}{
		"503":                      {status: 503, next: true},
		"500":                      {status: 500, next: true},
		"504":                      {status: 504, next: true},
		"408":                      {status: 408, next: true},
		"503 after ringing":        {ring: true, status: 503, next: true},
		"408 after ringing":        {ring: true, status: 408, cause: dialplan.CauseUnreachable},
		"busy":                     {status: 486, cause: dialplan.CauseBusy},
		"busy everywhere":          {status: 600, cause: dialplan.CauseBusy},
		"declined":                 {status: 603, cause: dialplan.CauseDeclined},
		"no such number":           {status: 404, cause: dialplan.CauseNotFound},
		"forbidden":                {status: 403, cause: dialplan.CauseForbidden},
		"no answer":                {status: 480, cause: dialplan.CauseNoAnswer},
		"480 that means busy":      {status: 480, extra: []string{busyLine}, cause: dialplan.CauseBusy},
		"500 that means busy":      {status: 500, extra: []string{busyLine}, cause: dialplan.CauseBusy},
		"503 of a full network":    {status: 503, extra: []string{`Reason: Q.850;cause=34`}, next: true},
		"500 that means no number": {status: 500, extra: []string{`Reason: Q.850;cause=1`}, cause: dialplan.CauseNotFound},
		"redirection":              {status: 302, extra: []string{"Contact: <sip:+49900123456@elsewhere.invalid>"}, cause: dialplan.CauseRedirected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inFakeTime(t, nil, func(t *testing.T, b *bed) {
				first, second := b.phoneOn("udp", ""), b.phoneOn("udp", "")
				b.serve("sip", first, second)
				out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
				req := first.request(sip.INVITE)
				if test.ring {
					first.reply(req, 180, "x")
				}
				first.reply(req, test.status, "x", test.extra...)
				began := time.Now()
				first.request(sip.ACK)
				if !test.next {
					e := b.fails(b.wait(out).err, test.cause)
					if e.Status != test.status || !e.Remote {
						t.Errorf("%+v", e)
					}
					second.silent(t1)
					return
				}
				again := second.request(sip.INVITE)
				within(t, began, time.Second)
				if again.CallID().Value() == req.CallID().Value() {
					t.Error("two dialogs with one Call-ID")
				}
				second.reply(again, 200, "callee", plainSDP)
				second.request(sip.ACK)
				if d := b.wait(out); d.err != nil {
					t.Fatal(d.err)
				}
			}, trunk("sip"))
		})
	}
}

// A server that says nothing is left after trunk.patience; when it answers after
// all, its call is hung up.
func TestServerThatAnswersTooLate(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		first, second := b.phoneOn("udp", ""), b.phoneOn("udp", "")
		b.serve("sip", first, second)
		began := time.Now()
		out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
		req := first.request(sip.INVITE)
		again := second.request(sip.INVITE)
		within(t, began, 2*time.Second)
		second.reply(again, 200, "callee", plainSDP)
		second.request(sip.ACK)
		if d := b.wait(out); d.err != nil {
			t.Fatal(d.err)
		}
		first.reply(req, 200, "late", plainSDP)
		first.request(sip.ACK)
		first.reply(first.request(sip.BYE), 200, "")
		if got := b.lines.heard(); got != "failed udp "+first.addr()+", answered udp "+second.addr() {
			t.Errorf("of the servers it told: %s", got)
		}
	}, trunk("sip", impatient))
}

// A server that has begun to answer, however slowly, is not left.
func TestServerThatTries(t *testing.T) {
	t.Parallel()
	inFakeTime(t, nil, func(t *testing.T, b *bed) {
		first, second := b.phoneOn("udp", ""), b.phoneOn("udp", "")
		b.serve("sip", first, second)
		out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
		req := first.request(sip.INVITE)
		first.reply(req, 100, "")
		second.silent(8 * t1)
		first.reply(req, 200, "callee", plainSDP)
		first.request(sip.ACK)
		if d := b.wait(out); d.err != nil {
			t.Fatal(d.err)
		}
	}, trunk("sip", impatient))
}

func TestTwoOfThreeServersAreDead(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip", func(t *config.Trunk) { t.Patience = config.Duration(20 * t1) }))
	p := newPeer(t, "udp", b.udp)
	b.serve("sip", p)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close() // refuses connections
	refuses := siptrunk.Server{Trunk: "sip", Transport: "tcp", Addr: netip.MustParseAddrPort(closed.Addr().String())}
	silent := unanswered(t)
	silent.Trunk = "sip"
	b.lines.servers["sip"] = append([]siptrunk.Server{refuses, silent}, b.lines.servers["sip"]...)
	out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
}

func TestAllTrunksFail(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"), trunk("full", func(t *config.Trunk) { t.Channels = 1 }))
	p := b.provider("sip")
	release, _ := b.lines.Acquire("full", false)
	defer release()
	out := b.outside(context.Background(), outgoing("+4930123456", "sip", "full"), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 503, "x", "Retry-After: 60")
	p.request(sip.ACK)
	e := b.fails(b.wait(out).err, dialplan.CauseCallLimit)
	if !strings.Contains(e.Detail, "sip: ") || !strings.Contains(e.Detail, "503") || !strings.Contains(e.Detail, "full: call-limit: all 1 channels are taken") {
		t.Errorf("%+v", e)
	}
	var un *UnavailableError
	if len(b.lines.why) != 1 || !errors.As(b.lines.why[0], &un) || un.RetryAfter() != time.Minute {
		t.Errorf("%v", b.lines.why)
	}
}

func TestFullTrunkIsPassedOver(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("full", func(t *config.Trunk) { t.Channels = 1 }), trunk("sip"))
	release, _ := b.lines.Acquire("full", false)
	defer release()
	full, p := b.provider("full"), b.provider("sip")
	out := b.outside(context.Background(), outgoing("+4930123456", "full", "sip"), nil)
	p.reply(p.request(sip.INVITE), 486, "x")
	p.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseBusy)
	full.silent(t1)
}

// No limit and no refusal holds an emergency call back.
func TestEmergencyCall(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("full", func(t *config.Trunk) {
		t.Channels, t.Dial = 1, config.DialFormat{Format: "international", Strip: 2}
	}), trunk("sip"))
	release, _ := b.lines.Acquire("full", false)
	defer release()
	full, p := b.provider("full"), b.provider("sip")
	o := outgoing("112", "full", "sip")
	o.Emergency, o.Anonymous = true, true
	out := b.outside(context.Background(), o, nil)
	req := full.request(sip.INVITE)
	if req.Recipient.User != "112" || req.From().Address.User != "account" {
		t.Errorf("INVITE\n%v", req)
	}
	full.reply(req, 403, "x")
	full.request(sip.ACK)
	again := p.request(sip.INVITE)
	p.reply(again, 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
}

// A 503 is about the server only when it wants to be left alone for a time; in any
// case the call goes on.
func TestServerThatRefusesOneCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		extra []string
		told  string
	}{
		"for itself":   {[]string{"Retry-After: 120 (maintenance)"}, "failed"},
		"for the call": {nil, "answered"},
		"for no time":  {[]string{"Retry-After: 0"}, "answered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("sip"))
			first, second := newPeer(t, "udp", b.udp), newPeer(t, "udp", b.udp)
			b.serve("sip", first, second)
			out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
			first.reply(first.request(sip.INVITE), 503, "x", test.extra...)
			first.request(sip.ACK)
			second.reply(second.request(sip.INVITE), 200, "callee", plainSDP)
			second.request(sip.ACK)
			if d := b.wait(out); d.err != nil {
				t.Fatal(d.err)
			}
			if got, want := b.lines.heard(), test.told+" udp "+first.addr()+", answered udp "+second.addr(); got != want {
				t.Errorf("of the servers it told: %s, want %s", got, want)
			}
		})
	}
}

// A trunk whose formats the caller has not is passed over: nobody was called by it.
func TestTrunkWithoutACommonCodecIsPassedOver(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("narrow", func(t *config.Trunk) { t.Codecs = []string{"G729"} }), trunk("sip"))
	narrow, p := b.provider("narrow"), b.provider("sip")
	out := b.outside(context.Background(), outgoing("+4930123456", "narrow", "sip"), nil)
	p.reply(p.request(sip.INVITE), 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
	narrow.silent(t1)
}

// An emergency call whose answer cannot be used is not over.
func TestEmergencyCallAfterAnAnswerThatIsNone(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("odd"), trunk("sip"))
	odd, p := b.provider("odd"), b.provider("sip")
	o := outgoing("112", "odd", "sip")
	o.Emergency = true
	out := b.outside(context.Background(), o, nil)
	odd.reply(odd.request(sip.INVITE), 200, "callee")
	odd.request(sip.ACK)
	odd.reply(odd.request(sip.BYE), 200, "callee")
	p.reply(p.request(sip.INVITE), 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
}

// A caller who gives up ends it: nothing else is tried.
func TestCallerGivesUpWhileATrunkRings(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"), trunk("other"))
	p, other := b.provider("sip"), b.provider("other")
	ctx, cancel := context.WithCancelCause(context.Background())
	rings := make(chan call.Progress, 1)
	out := b.outside(ctx, outgoing("+4930123456", "sip", "other"), func(pr call.Progress) { rings <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 180, "callee")
	<-rings
	cancel(&dialplan.Ended{Cause: dialplan.CauseCancelled})
	c := p.request(sip.CANCEL)
	if got := value(c, "Reason"); !strings.HasPrefix(got, "Q.850;cause=16") {
		t.Errorf("Reason %q", got)
	}
	p.reply(c, 200, "callee")
	p.reply(req, 487, "callee")
	p.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseCancelled)
	other.silent(t1)
	eventually(t, func() bool { return b.lines.Status()[1].Calls == 0 })
}

func TestEarlyMediaOfATrunk(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct {
		status int
		early  bool
	}{"pass": {183, true}, "ring": {180, false}} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("sip", func(t *config.Trunk) { t.EarlyMedia = policy }))
			p := b.provider("sip")
			rings := make(chan call.Progress, 1)
			out := b.outside(context.Background(), outgoing("+4930123456", "sip"), func(pr call.Progress) { rings <- pr })
			req := p.request(sip.INVITE)
			p.reply(req, 183, "callee", plainSDP)
			if got := <-rings; got.Status != want.status || got.Early != nil != want.early {
				t.Errorf("%+v", got)
			}
			p.reply(req, 486, "callee")
			p.request(sip.ACK)
			b.fails(b.wait(out).err, dialplan.CauseBusy)
		})
	}
}

// What the caller hears of one trunk is over when the next one is asked, which may
// let it hear something else.
func TestEarlyMediaOfTheNextTrunk(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"), trunk("other"))
	p, other := b.provider("sip"), b.provider("other")
	rings := make(chan call.Progress, 1)
	out := b.outside(context.Background(), outgoing("+4930123456", "sip", "other"), func(pr call.Progress) { rings <- pr })
	req := p.request(sip.INVITE)
	p.reply(req, 183, "callee", plainSDP)
	first := <-rings
	p.reply(req, 503, "callee")
	p.request(sip.ACK)
	if got := <-rings; !got.Over {
		t.Errorf("%+v, want that it is over", got)
	}
	req = other.request(sip.INVITE)
	other.reply(req, 183, "callee", plainSDP)
	second := <-rings
	if first.Early == nil || second.Early == nil || first.Early == second.Early {
		t.Errorf("early media of %+v and %+v, want two", first, second)
	}
	other.reply(req, 486, "callee")
	other.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseBusy)
}

func TestCodecsAndEncryptionOfATrunk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*config.Trunk)
		types  string
		crypto bool
	}{
		"as all":          {func(*config.Trunk) {}, "0 8 101", false},
		"its own order":   {func(t *config.Trunk) { t.Codecs = []string{"PCMA", "PCMU"} }, "8 0 101", false},
		"one of them":     {func(t *config.Trunk) { t.Codecs = []string{"PCMA"} }, "8 101", false},
		"srtp in clear":   {func(t *config.Trunk) { t.SRTP = "optional" }, "0 8 101", false},
		"srtp regardless": {func(t *config.Trunk) { t.SRTP = "required" }, "0 8 101", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("sip", test.change))
			p := b.provider("sip")
			out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
			req := p.request(sip.INVITE)
			if got := typesOf(req.Body()); got != test.types || strings.Contains(string(req.Body()), "a=crypto") != test.crypto {
				t.Errorf("offer\n%s", req.Body())
			}
			p.reply(req, 486, "x")
			p.request(sip.ACK)
			b.fails(b.wait(out).err, dialplan.CauseBusy)
		})
	}
}

// Over TCP the connection is opened for the call, and opened again when it has
// closed while the call was up.
func TestTrunkOverTCP(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	accept := func() *peer {
		_ = server.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		conn, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return newPeerOn(t, "tcp", conn)
	}
	b.lines.servers["sip"] = []siptrunk.Server{{Trunk: "sip", Transport: "tcp", Addr: netip.MustParseAddrPort(server.Addr().String())}}
	out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
	p := accept()
	req := p.request(sip.INVITE)
	if via := req.Via(); via.Transport != "TCP" {
		t.Errorf("Via %s", via.Value())
	}
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	flow := d.leg.(*leg).dialog.flow
	p.conn.Close()
	eventually(t, func() bool { return !b.ua.edge.Alive(flow) })
	d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	p = accept()
	p.reply(p.request(sip.BYE), 200, "")
}

// Requests in a dialog with a trunk go to its Record-Route, those to a phone where
// it was heard.
func TestTrunkWithARecordRoute(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	p, node := b.provider("sip"), newPeer(t, "udp", b.udp)
	out := b.outside(context.Background(), outgoing("+4930123456", "sip"), nil)
	req := p.request(sip.INVITE)
	p.reply(req, 200, "callee", plainSDP, "Record-Route: <sip:"+node.addr()+";lr>")
	node.request(sip.ACK)
	d := b.wait(out)
	if d.err != nil {
		t.Fatal(d.err)
	}
	s := sideOf(newPeer(t, "udp", b.udp), req, "callee") // one of its machines that takes no calls
	s.send("OPTIONS")
	s.response(200)
	d.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	node.reply(node.request(sip.BYE), 200, "")
	p.silent(t1)
}

func TestNoSuchTrunk(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	_, err := b.ua.Outside(outgoing("+4930123456", "other"))
	b.fails(err, dialplan.CauseNotFound)
	_, err = b.ua.Outside(outgoing("+4930123456"))
	b.fails(err, dialplan.CauseNotFound)
}

// eventually waits for something that no message tells of.
func eventually(t *testing.T, f func() bool) {
	t.Helper()
	limit, tick := time.After(patience), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it did not happen")
		}
	}
}
