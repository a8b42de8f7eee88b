package sipedge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// waiting is an INVITE handler that waits for its context and says why it ended.
func waiting(causes chan<- error) func(*Edge) {
	return func(e *Edge) {
		e.Handle(sip.INVITE, func(ctx context.Context, _ *sip.Request, _ sip.ServerTransaction, _ Flow) {
			<-ctx.Done()
			causes <- context.Cause(ctx)
		})
	}
}

// codes reads final answers to try until it has n, as "200/CANCEL"; which comes first does
// not count, nor what is repeated of an earlier try.
func (p *phone) codes(try, n int) string {
	p.t.Helper()
	var list []string
	for len(list) < n {
		res := p.answer(3 * time.Second)
		if res == nil {
			list = append(list, "silence")
			break
		}
		if res.StatusCode == 100 || res.CallID().Value() != fmt.Sprint("call-", try) {
			continue
		}
		list = append(list, fmt.Sprintf("%d/%s", res.StatusCode, res.CSeq().MethodName))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestCancelRightBehindItsInviteAlwaysCancels(t *testing.T) {
	causes := make(chan error, 1)
	b := start(t, setUp{edge: waiting(causes)})
	for round, transport := range []string{"udp", "tcp"} {
		p := b.phone(transport)
		for i := 1000 * round; i < 1000*round+100; i++ {
			p.send(request("INVITE", i))
			p.send(request("CANCEL", i))
			if have := p.codes(i, 2); have != "200/CANCEL 487/INVITE" {
				t.Fatalf("%s, try %d: %s", transport, i, have)
			}
			if cause := await(t, causes); !errors.Is(cause, ErrCancelled) {
				t.Fatalf("the handler's context ended with %v", cause)
			}
			p.send(request("ACK", i))
		}
	}
}

func TestCancelThatOvertakesItsInviteWaitsForIt(t *testing.T) {
	causes := make(chan error, 1)
	b := start(t, setUp{edge: waiting(causes)})
	p := b.phone("udp")
	p.send(request("CANCEL", 1))
	p.send(request("INVITE", 1))
	if have := p.codes(1, 2); have != "200/CANCEL 487/INVITE" {
		t.Fatal(have)
	}
	if cause := await(t, causes); !errors.Is(cause, ErrCancelled) {
		t.Fatal(cause)
	}
}

func TestCancelOfNothingIsAnswered481Once(t *testing.T) {
	b := start(t, setUp{edge: always})
	p := b.phone("udp")
	p.send(request("CANCEL", 1))
	p.send(request("CANCEL", 1))
	p.wantCode(481)
	if res := p.answer(50 * time.Millisecond); res != nil {
		t.Fatalf("answered twice:\n%s", res)
	}
	if _, _, held := b.txs.sizes(); held != 0 {
		t.Fatalf("%d CANCELs are kept", held)
	}
}

func TestNobodyElseCanCancel(t *testing.T) {
	causes := make(chan error, 1)
	b := start(t, setUp{edge: waiting(causes)})
	p, other := b.phone("udp"), b.phone("udp")
	p.send(request("INVITE", 1))
	p.wantCode(100)
	other.send(request("CANCEL", 1))
	other.wantCode(481)
	p.send(request("CANCEL", 1))
	if have := p.codes(1, 2); have != "200/CANCEL 487/INVITE" {
		t.Fatal(have)
	}
	await(t, causes)
}

func TestCancelAndAnswerAtOnceGiveOneFinalAnswer(t *testing.T) {
	answered := make(chan error, 1)
	called := make(chan bool, 4)
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(ctx context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			tx.OnCancel(func(*sip.Request) { called <- true })
			_ = e.Respond(tx, e.response(req, 180, "Ringing"))
			<-ctx.Done()
			answered <- e.Respond(tx, e.response(req, 200, "OK"))
		})
	}})
	p := b.phone("udp")
	p.send(request("INVITE", 1))
	ringing := p.wantCode(180)
	p.send(request("CANCEL", 1))
	ok, gone := p.wantCode(200), p.wantCode(487)
	if err := await(t, answered); !errors.Is(err, ErrAnswered) {
		t.Errorf("the late answer gave %v", err)
	}
	await(t, called)
	tag, _ := ringing.To().Params.Get("tag")
	for _, res := range []*sip.Response{ok, gone} {
		if have, _ := res.To().Params.Get("tag"); have != tag || tag == "" {
			t.Errorf("To tag %q in %d, %q in 180", have, res.StatusCode, tag)
		}
	}
	// Without an ACK the refusal comes again: still the 487, not the 200.
	if again := p.answer(3 * time.Second); again == nil || again.StatusCode != 487 {
		t.Errorf("sent again: %v", again)
	}
	if len(called) != 0 {
		t.Error("OnCancel was called twice")
	}
}
