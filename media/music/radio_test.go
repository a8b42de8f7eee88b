package music

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// stations is a transport that answers with the same part each second, without end.
type stations struct{ body string }

func (s stations) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: &broadcast{ctx: r.Context(), body: s.body}}, nil
}

type broadcast struct {
	ctx  context.Context
	body string
	at   int
}

func (b *broadcast) Read(p []byte) (int, error) {
	if b.at%len(b.body) == 0 {
		select {
		case <-time.After(time.Second):
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	n := copy(p, b.body[b.at%len(b.body):])
	b.at += n
	return n, nil
}

func (*broadcast) Close() error { return nil }

var _ io.ReadCloser = (*broadcast)(nil)

// A stream that brings something, but no audio, is tried again, not waited for.
func TestAStreamWithoutAudioIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := make(chan error, 100)
		began := time.Now()
		client := &http.Client{Transport: stations{strings.Repeat("\x00", 512)}}
		r := newRadio(t.Context(), client, "http://radio.invalid/", func(err error) { said <- err })
		defer r.stop()
		if err := <-said; !strings.Contains(err.Error(), "no audio came for 15s") || time.Since(began) > radioStall+time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
