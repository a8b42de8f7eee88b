package pbx_test

import (
	"testing"
	"time"

	"dialtone/internal/testphone"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// Where a phone hears itself, whatever the plan says. It is in no list and record.
func TestTheLineCheck(t *testing.T) {
	b := openBrowserBed(t)
	one := b.desk.Dial(b.ctx, call.CheckLine)
	one.WaitAnswered(b.ctx)
	one.Speak(620)
	one.Hears(b.ctx, 620)
	if calls := b.server.Calls(); len(calls) != 0 {
		t.Errorf("it is listed: %+v", calls)
	}
	two := b.desk.Dial(b.ctx, call.CheckLine)
	two.WaitAnswered(b.ctx)
	three := b.desk.Dial(b.ctx, call.CheckLine)
	if end := three.WaitEnded(b.ctx); end.Status != 503 { // one extension does not take all the places
		t.Errorf("the third at once ended with %+v", end)
	}
	two.Hangup()
	one.Hangup()
	one.WaitEnded(b.ctx)
	two.WaitEnded(b.ctx)
	again := b.desk.Dial(b.ctx, call.CheckLine)
	for !again.Up(b.ctx) { // a place is free once the end of a call has come through
		again = b.desk.Dial(b.ctx, call.CheckLine)
	}
	again.Hangup()
	err := b.server.CDRs(storage.CDRFilter{}, func(c storage.CDR) bool { t.Errorf("there is a record: %+v", c); return true })
	if err != nil {
		t.Error(err)
	}
}

// Who has opened the control socket can check the line, and reach nobody.
func TestWhoChecksTheLineReachesNobody(t *testing.T) {
	b := openBrowserBed(t)
	k := b.server.Check()
	if left := time.Until(k.Expires); left <= 0 || left > 5*time.Minute {
		t.Errorf("the credentials are good for %v", left)
	}
	doctor := testphone.New(t, testphone.Options{
		Extension: k.Username, Password: k.Password, Server: b.addr, IP: "127.7.2.9", Domain: k.Domain, Patience: 20 * time.Second,
	})
	line := doctor.Dial(b.ctx, k.Target)
	line.WaitAnswered(b.ctx)
	for _, number := range []string{"101", "600"} {
		if end := doctor.Dial(b.ctx, number).WaitEnded(b.ctx); end.Status != 403 {
			t.Errorf("a call to %s ended with %+v", number, end)
		}
	}
	line.Hangup()
	line.WaitEnded(b.ctx)

	guesser := testphone.New(t, testphone.Options{
		Extension: k.Username, Password: "guessed", Server: b.addr, IP: "127.7.2.10", Domain: k.Domain, Patience: 20 * time.Second,
	})
	if end := guesser.Dial(b.ctx, k.Target).WaitEnded(b.ctx); end.Status != 401 {
		t.Errorf("a guessed password ended with %+v", end)
	}
}
