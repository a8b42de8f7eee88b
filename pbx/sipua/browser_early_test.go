package sipua

import (
	"context"
	"testing"
	"time"

	"dialtone/internal/testbrowser"
	"dialtone/media/webrtc"
)

// A browser may not read the description of a 183, and come only after the 200: what it
// hears before does not end its call, however long that takes.
func TestBrowserIgnoresEarlyMedia(t *testing.T) {
	t.Parallel()
	b := browserBed(t, func(o *webrtc.Options) { o.SetUp = 3 * time.Second })
	br, s := testbrowser.New(t), newSide(b.page("100"), "100", "101")
	s.call(br.Offer("sendrecv"))
	leg := b.take().leg
	if err := leg.Progress(both); err != nil {
		t.Fatal(err)
	}
	early := s.response(183)
	select {
	case <-leg.Context().Done():
		t.Fatal("the call ends while it rings")
	case <-time.After(5 * time.Second):
	}
	done := make(chan error, 1)
	go func() { done <- leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	s.learn(ok)
	s.ack()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if string(early.Body()) != string(ok.Body()) {
		t.Error("the 200 describes something else than the 183")
	}
	br.Take(string(ok.Body()))
	br.Up()
	b.hears(br, leg)
}
