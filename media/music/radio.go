package music

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"dialtone/media/audio"
)

const (
	radioEnough = rate     // samples that are there before it is heard
	radioMost   = 6 * rate // samples that wait at most
	radioStall  = 15 * time.Second
	radioFirst  = time.Second // until another try; twice as long each time
	radioLast   = time.Minute
)

// radioClient fetches live streams: without end, but not without an answer.
func radioClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
		DisableKeepAlives:     true,
	}}
}

// radio fetches a live stream and keeps some seconds of it.
type radio struct {
	url     string
	client  *http.Client
	trouble func(error)
	settled chan struct{} // closed when there is enough for the first time, or will not be
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu     sync.Mutex
	ring   []int16
	at, n  int           // what is there
	space  chan struct{} // capacity 1: something was read
	settle sync.Once     // closes settled
}

// newRadio begins to fetch url, until stop is called or ctx is done. Trouble is told
// why it is not heard.
func newRadio(ctx context.Context, client *http.Client, url string, trouble func(error)) *radio {
	r := &radio{
		url: url, client: client, trouble: trouble, settled: make(chan struct{}),
		ring: make([]int16, radioMost), space: make(chan struct{}, 1),
	}
	ctx, r.cancel = context.WithCancel(ctx)
	r.done.Go(func() { r.run(ctx) })
	return r
}

// stop ends the fetching and waits for that.
func (r *radio) stop() {
	r.cancel()
	r.done.Wait()
}

// run fetches again and again.
func (r *radio) run(ctx context.Context) {
	wait := radioFirst
	for {
		began := time.Now()
		err := r.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		r.trouble(fmt.Errorf("%s: %w", redacted(r.url), err))
		r.settle.Do(func() { close(r.settled) })
		if time.Since(began) > radioLast {
			wait = radioFirst
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		wait = min(2*wait, radioLast)
	}
}

// fetch reads the stream until it breaks off.
func (r *radio) fetch(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return errors.New("it is no address of a stream")
	}
	req.Header.Set("User-Agent", "Dialtone")
	res, err := r.client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the address, which may hold a password
		}
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answered %s", res.Status)
	}
	watch := time.AfterFunc(radioStall, func() { cancel(errors.New("no audio came for " + radioStall.String())) })
	defer watch.Stop()
	clip, err := audio.NewStream(res.Body, rate)
	if err != nil {
		return because(ctx, err)
	}
	defer func() { _ = clip.Close() }()
	pcm := make([]int16, frame)
	for {
		n, err := clip.Read(pcm)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the stream has ended")
			}
			return because(ctx, err)
		}
		if !r.put(ctx, pcm[:n], watch) {
			return context.Cause(ctx)
		}
		watch.Reset(radioStall)
	}
}

// because is why ctx is done, when that is why err came.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// put keeps pcm, when there is room for it.
func (r *radio) put(ctx context.Context, pcm []int16, watch *time.Timer) bool {
	for len(pcm) > 0 {
		r.mu.Lock()
		for len(pcm) > 0 && r.n < len(r.ring) {
			at := (r.at + r.n) % len(r.ring)
			n := copy(r.ring[at:min(len(r.ring), at+len(r.ring)-r.n)], pcm)
			r.n += n
			pcm = pcm[n:]
		}
		enough := r.n >= radioEnough
		r.mu.Unlock()
		if enough {
			r.settle.Do(func() { close(r.settled) })
		}
		if len(pcm) == 0 {
			return true
		}
		watch.Stop() // it is we who wait
		select {
		case <-r.space:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// ready reports whether there is enough to be heard.
func (r *radio) ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n >= radioEnough
}

// radioSource is what a radio has; it is over when nothing is there.
type radioSource struct{ r *radio }

func (s radioSource) read(pcm []int16) (int, error) {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(pcm, r.ring[r.at:min(len(r.ring), r.at+r.n)])
	r.at, r.n = (r.at+n)%len(r.ring), r.n-n
	select {
	case r.space <- struct{}{}:
	default:
	}
	return n, nil
}

func (radioSource) close() {}

// redacted is an address without what may be a password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address of a stream"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}
