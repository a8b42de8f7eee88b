package sipedge

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

func inDialog(method string, n int) string {
	text := request(method, n)
	text = strings.Replace(text, "call-"+strconv.Itoa(n), "one-call", 1)
	return strings.Replace(text, "To: <sip:b@example.com>", "To: <sip:b@example.com>;tag=b", 1)
}

func TestHandlersOfACallStartInOrderOfArrival(t *testing.T) {
	const many = 30
	got := make(chan string, many)
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INFO, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			branch, _ := req.Via().Params.Get("branch")
			got <- branch
			_ = e.Respond(tx, e.response(req, 200, "OK"))
		})
	}})
	p := b.phone("udp")
	var want, have []string
	for i := range many {
		p.send(inDialog("INFO", i))
		want = append(want, "z9hG4bKtest"+strconv.Itoa(i))
	}
	for range many {
		have = append(have, await(t, got))
	}
	if !slices.Equal(want, have) {
		t.Fatalf("started as %v", have)
	}
	b.eventually("the lane is closed", func() bool {
		b.lanes.mu.Lock()
		defer b.lanes.mu.Unlock()
		return len(b.lanes.open) == 0
	})
}

func TestALaneMovesOnWhenItsHandlerStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lanes{open: map[string]*lane{}}
		begun := make(chan int, laneQueue+2)
		enter := func(n int) bool { return l.enter("call", func(func()) { begun <- n }) }
		began := time.Now()
		for i := range 3 {
			enter(i)
		}
		for i := range 3 {
			if n := <-begun; n != i {
				t.Fatalf("%d started, want %d", n, i)
			}
			if took := time.Since(began); took != time.Duration(i)*laneWait {
				t.Errorf("%d started after %v", i, took)
			}
		}
	})
}

func TestALaneIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lanes{open: map[string]*lane{}}
		var free func()
		l.enter("call", func(next func()) { free = next })
		for i := range laneQueue {
			if !l.enter("call", func(next func()) { next() }) {
				t.Fatalf("refused at %d", i)
			}
		}
		if l.enter("call", func(func()) {}) {
			t.Fatal("one too many was taken")
		}
		free()
		if len(l.open) != 0 {
			t.Fatal("the lane is kept")
		}
	})
}

// Who let others go first does not go on beside them.
func TestAgainWaitsForWhoWasLetGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lanes{open: map[string]*lane{}}
		polite, other := &turn{lanes: &l, id: "call"}, &turn{lanes: &l, id: "call"}
		polite.enter(func() {})
		polite.leave()
		other.enter(func() {})
		var back bool
		go func() {
			Again(context.WithValue(t.Context(), turnKey{}, polite))
			back = true
		}()
		synctest.Wait()
		if back {
			t.Fatal("it went on beside the other")
		}
		other.leave()
		synctest.Wait()
		if !back {
			t.Fatal("it does not go on")
		}
		polite.leave()
		if len(l.open) != 0 {
			t.Error("the lane is kept")
		}
	})
}

func TestNextLetsTheNextRequestStart(t *testing.T) {
	hold, second := make(chan struct{}), make(chan struct{})
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(ctx context.Context, _ *sip.Request, _ sip.ServerTransaction, _ Flow) {
			Next(ctx)
			<-hold
		})
		e.Handle(sip.INFO, func(context.Context, *sip.Request, sip.ServerTransaction, Flow) { close(second) })
	}})
	defer close(hold)
	p := b.phone("udp")
	p.send(inDialog("INVITE", 1))
	p.send(inDialog("INFO", 2))
	await(t, second)
}

func TestAckOfA2xxGoesToTheHandlerAndIsNeverAnswered(t *testing.T) {
	acks := make(chan error, 1)
	b := start(t, setUp{edge: func(e *Edge) {
		always(e)
		e.Handle(sip.ACK, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			acks <- e.Respond(tx, e.response(req, 200, "OK"))
		})
	}})
	p := b.phone("udp")
	p.send(request("INVITE", 1))
	p.wantCode(200)
	p.send(strings.Replace(request("ACK", 1), "z9hG4bKtest1", "z9hG4bKack", 1))
	if err := await(t, acks); err != ErrNoAnswer { //nolint:errorlint // exactly this one
		t.Errorf("answering an ACK gave %v", err)
	}
	if res := p.answer(30 * time.Millisecond); res != nil {
		t.Errorf("an ACK was answered:\n%s", res)
	}
}

// The 2xx to an INVITE is repeated by the call, not by the transaction: each
// Respond is one message (RFC 6026 §7.1).
func TestA2xxIsSentAsOftenAsTheHandlerSays(t *testing.T) {
	b := start(t, setUp{edge: func(e *Edge) {
		e.Handle(sip.INVITE, func(_ context.Context, req *sip.Request, tx sip.ServerTransaction, _ Flow) {
			res := e.response(req, 200, "OK")
			for range 3 {
				if err := e.Respond(tx, res); err != nil {
					t.Error(err)
				}
			}
			if err := e.Respond(tx, e.response(req, 486, "Busy Here")); err != ErrAnswered { //nolint:errorlint // exactly this one
				t.Errorf("a refusal after the answer gave %v", err)
			}
		})
	}})
	p := b.phone("tcp")
	p.send(request("INVITE", 1))
	for range 3 {
		p.wantCode(200)
	}
	p.send(request("OPTIONS", 2))
	if res := p.wantCode(200); res.CSeq().MethodName != sip.OPTIONS {
		t.Errorf("one more came:\n%s", res)
	}
}
