package sipedge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"dialtone/config"

	"github.com/emiago/sipgo/sip"
)

// ask is a request of ours to a URI.
func ask(tb testing.TB, method sip.RequestMethod, uri string) *sip.Request {
	tb.Helper()
	var u sip.Uri
	if err := sip.ParseUri(uri, &u); err != nil {
		tb.Fatal(err)
	}
	req := sip.NewRequest(method, u)
	req.AppendHeader(&sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "pbx", Host: "h"}, Params: sip.HeaderParams{{K: "tag", V: newTag()}}})
	req.AppendHeader(&sip.ToHeader{Address: u})
	id := sip.CallIDHeader(newTag())
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: method})
	return req
}

// request reads one that has not come before: when the phone is late, the edge
// repeats itself.
func (p *phone) request() *sip.Request {
	p.t.Helper()
	if p.had == nil {
		p.had = map[string]bool{}
	}
	for {
		req := p.anyRequest()
		key := string(req.Method) + " " + req.Via().Params.GetOr("branch", "")
		if !p.had[key] {
			p.had[key] = true
			return req
		}
	}
}

// anyRequest may be one that came before.
func (p *phone) anyRequest() *sip.Request {
	p.t.Helper()
	req, ok := p.next(5 * time.Second).(*sip.Request)
	if !ok {
		p.t.Fatal("no request came")
	}
	return req
}

// reply is a response text to a request that the phone got.
func reply(req *sip.Request, code int, reason, tag string) string {
	res := sip.NewResponseFromRequest(req, code, reason, nil)
	if tag != "" {
		res.To().Params.Add("tag", tag)
	}
	return res.String()
}

// meetPhone has a phone say something, so that the edge knows its flow.
func meetPhone(b *bench, transport string) (*phone, Flow) {
	p := b.phone(transport)
	remote := netip.MustParseAddrPort(p.LocalAddr().String())
	p.send(request("OPTIONS", int(remote.Port())))
	p.wantCode(200)
	return p, Flow{Transport: transport, Local: b.at(transport), Remote: remote}
}

// Trap T5 of sipgo: over TCP a request went to the client that came last.
func TestRequestsFollowTheirFlow(t *testing.T) {
	b := start(t, setUp{options: withTLS(t)})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		first, flow := meetPhone(b, transport)
		other, _ := meetPhone(b, transport)
		req := ask(t, sip.INFO, "sip:x@10.255.255.1:5060")
		tx, err := b.Request(t.Context(), req, flow)
		if err != nil {
			t.Fatal(err)
		}
		got := first.request()
		if FlowOf(tx) != flow {
			t.Errorf("sent on %v", FlowOf(tx))
		}
		via := got.Via()
		if via.Host != "127.0.0.1" || via.Port != int(b.at(transport).Port()) || via.Transport != strings.ToUpper(transport) {
			t.Errorf("Via %s", via.Value())
		}
		first.send(reply(got, 200, "OK", "t"))
		if res := wantResponse(t, tx); res.StatusCode != 200 {
			t.Error(res)
		}
		if m := other.next(20 * time.Millisecond); m != nil {
			t.Errorf("%s: another phone got\n%s", transport, m)
		}
	}
}

func TestAFlowThatIsGoneIsNeverDialled(t *testing.T) {
	gone := make(chan Flow, 1)
	b := start(t, setUp{edge: func(e *Edge) { e.OnClose(func(f Flow) { gone <- f }) }})
	// Somebody listens where the phone was: he must not get our request.
	thief, flow := usurp(t, b, gone)
	defer func() { _ = thief.Close() }()
	if b.Alive(flow) {
		t.Error("the flow is said to be alive")
	}
	if _, err := b.Request(t.Context(), ask(t, sip.INFO, "sip:x@h"), flow); !errors.Is(err, ErrFlowGone) {
		t.Errorf("Request gave %v", err)
	}
	if err := b.Write(ask(t, sip.ACK, "sip:x@h"), flow); !errors.Is(err, ErrFlowGone) {
		t.Errorf("Write gave %v", err)
	}
	_ = thief.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
	if c, err := thief.Accept(); err == nil {
		t.Errorf("the edge dialled %s", c.LocalAddr())
	}
	udp := Flow{Transport: "udp", Local: netip.MustParseAddrPort("127.0.0.1:1"), Remote: flow.Remote}
	if _, err := b.Request(t.Context(), ask(t, sip.INFO, "sip:x@h"), udp); !errors.Is(err, ErrFlowGone) || b.Alive(udp) {
		t.Errorf("an address that is not ours gave %v", err)
	}
}

// usurp listens where a phone was whose flow is gone.
func usurp(t *testing.T, b *bench, gone <-chan Flow) (net.Listener, Flow) {
	t.Helper()
	for range 10 { // another program may be faster
		p, flow := meetPhone(b, "tcp")
		_ = p.Conn.(*net.TCPConn).SetLinger(0) // else its port is kept for a minute
		_ = p.Close()
		if f := await(t, gone); f != flow {
			t.Fatalf("closed %v, want %v", f, flow)
		}
		if thief, err := net.Listen("tcp", flow.Remote.String()); err == nil {
			return thief, flow
		}
	}
	t.Fatal("the ports of ten phones were all taken by others")
	return nil, Flow{}
}

func TestTransactionsEndWithTheirConnection(t *testing.T) {
	causes := make(chan error, 1)
	b := start(t, setUp{edge: waiting(causes)})
	p, flow := meetPhone(b, "tcp")
	p.send(request("INVITE", 1))
	tx, err := b.Request(t.Context(), ask(t, sip.INVITE, "sip:x@h"), flow)
	if err != nil {
		t.Fatal(err)
	}
	p.wantCodeAmong("INVITE")
	_ = p.Close()
	await(t, tx.Done())
	if !errors.Is(tx.Err(), ErrFlowGone) {
		t.Errorf("our request ended with %v", tx.Err())
	}
	if cause := await(t, causes); !errors.Is(cause, ErrFlowGone) {
		t.Errorf("the handler's context ended with %v", cause)
	}
}

// wantCodeAmong waits for a request of a method, whatever comes before it.
func (p *phone) wantCodeAmong(method sip.RequestMethod) {
	p.t.Helper()
	for {
		switch m := p.next(5 * time.Second).(type) {
		case nil:
			p.t.Fatal("no request came")
		case *sip.Request:
			if m.Method == method {
				return
			}
		}
	}
}

func TestOurInviteRingsLongAndForks(t *testing.T) {
	b := start(t, setUp{edge: always})
	p, flow := meetPhone(b, "udp")
	tx, err := b.Request(t.Context(), ask(t, sip.INVITE, "sip:x@h"), flow)
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan string, 2)
	tx.OnRetransmission(func(res *sip.Response) { more <- res.To().Params.GetOr("tag", "") })
	got := p.request()
	// Nobody reads while 200 provisionals come; the answer is not lost.
	for range 200 {
		p.send(reply(got, 180, "Ringing", "a"))
	}
	p.send(reply(got, 200, "OK", "a"))
	p.send(reply(got, 200, "OK", "b"))
	if tag := await(t, more); tag != "b" {
		t.Errorf("the second 2xx has tag %q", tag)
	}
	for {
		res := wantResponse(t, tx)
		if res.StatusCode == 200 {
			if res.To().Params.GetOr("tag", "") != "a" {
				t.Error(res)
			}
			break
		}
	}
}

func TestCancelOfOursFollowsTheInvite(t *testing.T) {
	b := start(t, setUp{})
	p, flow := meetPhone(b, "udp")
	req := ask(t, sip.INVITE, "sip:bob@10.255.255.1")
	tx, err := b.Request(t.Context(), req, flow)
	if err != nil {
		t.Fatal(err)
	}
	invite := p.request()
	p.send(reply(invite, 180, "Ringing", "a"))
	wantResponse(t, tx)
	ctx, err := b.Request(t.Context(), NewCancel(req), FlowOf(tx))
	if err != nil {
		t.Fatal(err)
	}
	cancel := p.request()
	if cancel.Method != sip.CANCEL || cancel.Via().Value() != invite.Via().Value() || cancel.CSeq().SeqNo != invite.CSeq().SeqNo {
		t.Fatalf("the CANCEL is\n%s", cancel)
	}
	p.send(reply(cancel, 200, "OK", "a"))
	wantResponse(t, ctx)
	p.send(reply(invite, 487, "Request Terminated", "a"))
	if res := wantResponse(t, tx); res.StatusCode != 487 {
		t.Error(res)
	}
	if ack := p.request(); ack.Method != sip.ACK {
		t.Errorf("want ACK, have\n%s", ack)
	}
}

func TestResponsesThatAreNotForUs(t *testing.T) {
	strays := make(chan *sip.Response, 3)
	b := start(t, setUp{edge: func(e *Edge) { e.OnStray(func(res *sip.Response, _ Flow) { strays <- res }) }})
	p, flow := meetPhone(b, "udp")
	tx, err := b.Request(t.Context(), ask(t, sip.INVITE, "sip:x@h"), flow)
	if err != nil {
		t.Fatal(err)
	}
	got := p.request()
	tx.Terminate()
	other := got.Clone()
	other.Via().Params.Add("branch", "z9hG4bKsomebodyelse")
	p.send(reply(other, 200, "OK", "x"))
	p.send(strings.Replace(reply(got, 200, "OK", "y"), "Via:", "Via: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bKq\r\nVia:", 1))
	p.send(reply(got, 200, "OK", "late"))
	if res := await(t, strays); res.To().Params.GetOr("tag", "") != "late" {
		t.Errorf("stray:\n%s", res)
	}
}

// Trap T2 of sipgo: it sends nothing of more than 1300 bytes over UDP.
func TestLargeMessagesOverUDP(t *testing.T) {
	body := []byte(strings.Repeat("x", 3000))
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INFO, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			res := e.response(req, 200, "OK")
			res.SetBody(body)
			_ = e.Respond(tx, res)
		})
	}})
	p, flow := meetPhone(b, "udp")
	p.send(request("INFO", 1))
	if res := p.wantCode(200); len(res.Body()) != len(body) {
		t.Errorf("%d bytes came", len(res.Body()))
	}
	req := ask(t, sip.INVITE, "sip:x@h")
	req.SetBody(body)
	if _, err := b.Request(t.Context(), req, flow); err != nil {
		t.Fatal(err)
	}
	if got := p.request(); len(got.Body()) != len(body) || got.Via().Transport != "UDP" {
		t.Errorf("%d bytes came over %s", len(got.Body()), got.Via().Transport)
	}
}

func TestLargeRequestsPreferTCPWhenTheChoiceIsOurs(t *testing.T) {
	b := start(t, setUp{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, c := range []struct{ uri, want string }{
		{"sip:x@" + l.Addr().String() + ";transport=udp", "udp"},
		{"sip:x@" + l.Addr().String(), "tcp"},
	} {
		req := ask(t, sip.INVITE, c.uri)
		req.SetBody([]byte(strings.Repeat("x", 3000)))
		tx, err := b.Request(t.Context(), req, Flow{})
		if err != nil {
			t.Fatal(err)
		}
		if f := FlowOf(tx); f.Transport != c.want || req.Via().Transport != strings.ToUpper(c.want) {
			t.Errorf("%s went over %s, Via %s", c.uri, f.Transport, req.Via().Value())
		}
	}
	_ = l.Close()
	req := ask(t, sip.INVITE, "sip:x@"+freeUDP(t))
	req.SetBody([]byte(strings.Repeat("x", 3000)))
	tx, err := b.Request(t.Context(), req, Flow{})
	if err != nil || FlowOf(tx).Transport != "udp" {
		t.Errorf("without TCP: %v %v", FlowOf(tx), err)
	}
}

func freeUDP(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

func TestNothingCanBeInjected(t *testing.T) {
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INFO, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			res := e.response(req, 200, "OK\r\nEvil: 1")
			res.AppendHeader(sip.NewHeader("X-A", "a\r\nEvil: 1"))
			res.AppendHeader(sip.NewHeader("X-B\r\nEvil", "1"))
			res.AppendHeader(&sip.ContactHeader{DisplayName: "x\" <sip:evil@e>\r\nEvil: 1", Address: sip.Uri{User: "a b\r\nEvil: 1@\"<>", Host: "h"}})
			if err := e.Respond(tx, res); err != nil {
				t.Error(err)
			}
		})
	}})
	p, flow := meetPhone(b, "udp")
	p.send(request("INFO", 1))
	res := p.wantCode(200)
	if strings.Contains(string(p.seen), "\nEvil") || strings.Contains(string(p.seen), "\rEvil") {
		t.Errorf("injected:\n%s", p.seen)
	}
	if c := res.Contact(); c == nil || UnescapeUser(c.Address.User) != "a b\r\nEvil: 1@\"<>" || c.Address.Host != "h" {
		t.Errorf("Contact %v", c)
	}
	req := ask(t, sip.INFO, "sip:x@h")
	req.Recipient.User = "x\r\nEvil: 1"
	req.From().DisplayName = "x\" <sip:evil@e>;tag=1\r\nEvil: 2"
	req.AppendHeader(sip.NewHeader("Subject", "a\r\nEvil: yes"))
	if _, err := b.Request(t.Context(), req, flow); err != nil {
		t.Fatal(err)
	}
	got := p.request()
	if strings.Contains(string(p.seen), "\nEvil") || got.From().Address.User != "pbx" {
		t.Errorf("injected:\n%s", p.seen)
	}
	for _, host := range []string{"h\r\nEvil: 1", "h;x", "a b", ""} {
		req := ask(t, sip.INFO, "sip:x@h")
		req.Recipient.Host = host
		if _, err := b.Request(t.Context(), req, flow); !errors.Is(err, ErrUnsafe) {
			t.Errorf("host %q gave %v", host, err)
		}
	}
}

func TestContactAndMediaAddressFitTheFarSide(t *testing.T) {
	b := start(t, setUp{config: func(c *config.Config) { c.SIP.External = "203.0.113.7" }})
	udp, tcp := b.at("udp"), b.at("tcp")
	at := func(transport, remote string) Flow {
		f := Flow{Transport: transport, Local: udp, Remote: netip.MustParseAddrPort(remote)}
		if transport == "tcp" {
			f.Local = netip.AddrPortFrom(tcp.Addr(), 50000) // a connection that we opened
		}
		return f
	}
	for _, c := range []struct {
		flow            Flow
		uri, media, bad string
	}{
		{flow: at("udp", "192.168.1.5:5060"), uri: "sip:100@127.0.0.1:" + portText(udp), media: "127.0.0.1"},
		{flow: at("udp", "198.51.100.1:5060"), uri: "sip:100@203.0.113.7:" + portText(udp), media: "203.0.113.7"},
		{flow: at("tcp", "10.0.0.1:5060"), uri: "sip:100@127.0.0.1:" + portText(tcp) + ";transport=tcp", media: "127.0.0.1"},
		{flow: at("udp", "[2001:db8::1]:5060"), uri: "sip:100@127.0.0.1:" + portText(udp), media: "127.0.0.1"},
	} {
		u := b.ContactURI(c.flow, "100")
		bind, advertise := b.MediaAddr(c.flow)
		if u.String() != c.uri || advertise.String() != c.media || bind != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("%s: %s, media %s/%s", c.flow, u.String(), bind, advertise)
		}
	}
	if u := b.ContactURI(at("udp", "10.0.0.1:1"), "a b@c"); u.User != "a%20b%40c" {
		t.Error(u.String())
	}
}

func TestFlowsAreWrittenAndRead(t *testing.T) {
	for _, f := range []Flow{{}, {"udp", netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("[2001:db8::1]:1")}} {
		if have, err := ParseFlow(f.String()); err != nil || have != f {
			t.Errorf("%q gave %v %v", f.String(), have, err)
		}
	}
	for _, s := range []string{"x", "udp a b", "udp 1.1.1.1:1 b", "ftp 1.1.1.1:1 1.1.1.1:2"} {
		if _, err := ParseFlow(s); err == nil {
			t.Errorf("%q was read", s)
		}
	}
}

// A far side whose answers cannot be read looks as if it gave none: the log says
// what it is. Of answers that nobody waits for it says nothing.
func TestUnreadableAnswersAreLogged(t *testing.T) {
	var log bytes.Buffer
	b := start(t, setUp{options: func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }})
	p, flow := meetPhone(b, "udp")
	tx, err := b.Request(t.Context(), ask(t, sip.INFO, "sip:x@h"), flow)
	if err != nil {
		t.Fatal(err)
	}
	req := p.request()
	good := reply(req, 200, "OK", "t")
	bad := strings.Replace(good, "\r\nCSeq: ", "\r\nContact: <sip:x@h>;expires=1;expires=1\r\nCSeq: ", 1)
	p.send(bad)
	p.send(strings.Replace(bad, "branch=", "branch=z9hG4bKother", 1))
	p.send(good)
	if res := wantResponse(t, tx); res.StatusCode != 200 {
		t.Error(res)
	}
	b.stop()
	if n := strings.Count(log.String(), "cannot be read"); n != 1 || !strings.Contains(log.String(), `method=INFO status=200 why="Bad Contact"`) {
		t.Errorf("%d lines, want 1:\n%s", n, &log)
	}
}
