package sipedge

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// silent fails when something comes.
func (p *phone) silent(after string) {
	p.t.Helper()
	if m := p.next(40 * time.Millisecond); m != nil {
		p.t.Errorf("after %s came\n%s", after, m)
	}
}

// wantSame reads the same bytes again.
func (p *phone) wantSame(text []byte) {
	p.t.Helper()
	if p.answer(3*time.Second) == nil || !bytes.Equal(p.seen, text) {
		p.t.Errorf("want again\n%s\nhave\n%s", text, p.seen)
	}
}

// counted answers code to a method and counts how often it was asked to.
func counted(method sip.RequestMethod, code int) (*atomic.Int32, func(*Edge)) {
	n := new(atomic.Int32)
	return n, func(e *Edge) {
		e.Handle(method, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			n.Add(1)
			res := e.response(req, code, "Answer")
			res.AppendHeader(sip.NewHeader("X-Random", newTag()))
			_ = e.Respond(tx, res)
		})
	}
}

func TestARepeatedRequestGetsTheSameBytes(t *testing.T) {
	n, handle := counted(sip.REGISTER, 401)
	b := start(t, setUp{edge: handle})
	p := b.phone("udp")
	for i := range 3 {
		text := request("REGISTER", i)
		p.send(text)
		p.wantCode(401)
		first := bytes.Clone(p.seen)
		for range 3 {
			p.send(text)
			p.wantSame(first)
		}
	}
	if n.Load() != 3 {
		t.Errorf("the handler ran %d times", n.Load())
	}
	// The NAT of the phone gives it another port: still the same request.
	q := b.phone("udp")
	q.send(request("REGISTER", 1))
	p.wantCode(401)
	if n.Load() != 3 {
		t.Error("the handler ran again")
	}
}

func TestOverTCPNothingStaysOfAnAnsweredRequest(t *testing.T) {
	_, handle := counted(sip.REGISTER, 200)
	b := start(t, setUp{edge: handle})
	p := b.phone("tcp")
	p.send(request("REGISTER", 1))
	p.wantCode(200)
	b.eventually("the transaction is forgotten", func() bool { n, _, _ := b.txs.sizes(); return n == 0 })
}

func TestARefusalIsRepeatedUntilItsAck(t *testing.T) {
	n, handle := counted(sip.INVITE, 486)
	b := start(t, setUp{edge: handle})
	p := b.phone("udp")
	p.send(request("INVITE", 1))
	p.wantCode(486)
	first := bytes.Clone(p.seen)
	p.send(request("INVITE", 1))
	p.wantSame(first)
	p.wantSame(first) // by itself, after T1
	p.send(request("ACK", 1))
	p.send(request("ACK", 1))
	p.send(request("INVITE", 1))
	p.silent("the ACK")
	if n.Load() != 1 {
		t.Errorf("the handler ran %d times", n.Load())
	}
	tcp := b.phone("tcp")
	tcp.send(request("INVITE", 2))
	tcp.wantCode(486)
	tcp.send(request("ACK", 2))
	b.eventually("over TCP it is forgotten with its ACK", func() bool { n, _, _ := b.txs.sizes(); return n == 1 })
}

func TestAnAnsweredInviteAbsorbsItsRepeats(t *testing.T) {
	acks, answered := make(chan bool, 2), make(chan func() error, 1)
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			again := func() error { return e.Respond(tx, e.response(req, 200, "OK")) }
			_ = again()
			answered <- again
		})
		e.Handle(sip.ACK, func(context.Context, *sip.Request, sip.ServerTransaction, Flow) { acks <- true })
	}})
	p := b.phone("udp")
	p.send(request("INVITE", 1))
	tag, _ := p.wantCode(200).To().Params.Get("tag")
	first := bytes.Clone(p.seen)
	p.send(request("INVITE", 1))
	p.silent("the INVITE again")
	if err := await(t, answered)(); err != nil {
		t.Error(err)
	}
	p.wantSame(first)
	p.send(request("CANCEL", 1))
	if have, _ := p.wantCode(200).To().Params.Get("tag"); have != tag {
		t.Errorf("the late CANCEL is answered with tag %q, the INVITE with %q", have, tag)
	}
	p.send(request("ACK", 1)) // with the branch of the INVITE, as some do
	await(t, acks)
}

func TestWhatComesAfterTheFinalResponseOfOurInvite(t *testing.T) {
	strays := make(chan *sip.Response, 4)
	b := start(t, setUp{edge: func(e *Edge) { e.OnStray(func(res *sip.Response, _ Flow) { strays <- res }) }})
	p, flow := meetPhone(b, "udp")
	invite := func(code int) (sip.ClientTransaction, *sip.Request) {
		tx, err := b.Request(t.Context(), ask(t, sip.INVITE, "sip:x@h"), flow)
		if err != nil {
			t.Fatal(err)
		}
		got := p.request()
		p.send(reply(got, code, "Answer", "a"))
		if res := wantResponse(t, tx); res.StatusCode != code {
			t.Error(res)
		}
		return tx, got
	}

	_, got := invite(486)
	ack := p.request()
	if ack.Method != sip.ACK || ack.Via().Value() != got.Via().Value() || ack.To().Params.GetOr("tag", "") != "a" {
		t.Errorf("the refusal is acknowledged by\n%s", ack)
	}
	text := bytes.Clone(p.seen)
	p.send(reply(got, 486, "Answer", "a"))
	p.anyRequest()
	if !bytes.Equal(p.seen, text) {
		t.Errorf("the repeated refusal is acknowledged by\n%s", p.seen)
	}

	_, got = invite(200)
	if _, client, _ := b.txs.sizes(); client != 1 {
		t.Errorf("%d transactions of ours are kept, want that of the 486", client)
	}
	p.send(reply(got, 180, "Ringing", "a"))
	p.send(reply(got, 200, "OK", "b"))
	if res := await(t, strays); res.StatusCode != 200 || res.To().Params.GetOr("tag", "") != "b" {
		t.Error(res)
	}

	tx, got := invite(200)
	more := make(chan string, 1)
	if !tx.OnRetransmission(func(res *sip.Response) { more <- res.To().Params.GetOr("tag", "") }) {
		t.Error("OnRetransmission came too late")
	}
	tx.Terminate() // who asked for more still gets it
	p.send(reply(got, 200, "OK", "b"))
	if tag := await(t, more); tag != "b" || len(strays) != 0 {
		t.Errorf("tag %q, %d strays", tag, len(strays))
	}
}

func TestOurRequestIsForgottenWithItsAnswer(t *testing.T) {
	b := start(t, setUp{edge: func(e *Edge) { e.OnStray(func(res *sip.Response, _ Flow) { t.Errorf("a stray:\n%s", res) }) }})
	p, flow := meetPhone(b, "udp")
	tx, err := b.Request(t.Context(), ask(t, sip.INFO, "sip:x@h"), flow)
	if err != nil {
		t.Fatal(err)
	}
	got := p.request()
	p.send(reply(got, 100, "Trying", ""))
	for range 3 {
		p.send(reply(got, 200, "OK", "a"))
	}
	for code := range [...]int{100, 200} {
		if res := wantResponse(t, tx); res.StatusCode != 100*(code+1) {
			t.Error(res)
		}
	}
	if _, client, _ := b.txs.sizes(); client != 0 {
		t.Errorf("%d transactions of ours are kept", client)
	}
}

// A finished transaction costs little more than its answer.
func TestFinishedTransactionsAreSmall(t *testing.T) {
	const many, most = 10_000, 1500 // bytes each
	done := make(chan struct{}, many)
	finish := func(code int) Handler {
		return func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			_ = tx.Respond(sip.NewResponseFromRequest(req, code, "Answer", nil))
			done <- struct{}{}
		}
	}
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.REGISTER, finish(200))
		e.Handle(sip.INVITE, finish(200))
	}})
	b.cfg.SIP.RatePerSource = 0
	sock := b.addrs.socket(b.at("udp"))
	from := netip.MustParseAddrPort("127.0.0.1:9")
	extra := "Subject: " + strings.Repeat("x", 3000) + "\r\n" // which nobody has to remember
	for _, method := range []string{"REGISTER", "INVITE"} {
		before := heap()
		for i := range many {
			sock.datagram(from, []byte(request(method, i, extra)))
			<-done
		}
		b.eventually("the handlers have returned", func() bool { return b.slots.Load() == 0 })
		each := (int64(heap()) - int64(before)) / many
		if t.Logf("%s: %d bytes", method, each); each > most {
			t.Errorf("%s: a finished transaction keeps %d bytes, more than %d", method, each, most)
		}
	}
	if server, _, _ := b.txs.sizes(); server != 2*many {
		t.Errorf("%d transactions are remembered, want %d", server, 2*many)
	}
	runtime.KeepAlive(b)
}

func TestFinishedTransactionsAreBounded(t *testing.T) {
	const limit = 50
	b := start(t, setUp{edge: always, options: func(o *Options) { o.Limits.Transactions = limit }})
	p := b.phone("udp")
	for i := range 3 * limit {
		p.send(request("REGISTER", i))
		p.wantCode(200) // never 503
	}
	b.eventually("only the newest are remembered", func() bool { n, _, _ := b.txs.sizes(); return n == limit })
	if n := len(b.txs.merged); n != limit {
		t.Error(fmt.Sprint(n, " merge keys are kept"))
	}
}
