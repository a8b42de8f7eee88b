package pbx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialtone/internal/testphone"
)

// from is a client of the web phone at another address of this machine.
func (b *browserBed) from(ip string) (*http.Client, string) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	b.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, b.server.WebAddresses()[0].String()
}

// talking is a call between desk phones that hear each other, and a check that they do.
func (b *browserBed) talking() (unharmed func()) {
	b.Helper()
	other := testphone.New(b.T, testphone.Options{
		Extension: "100", Password: "kqvt-8mzn-3xwp-r5hc", Server: b.addr, IP: "127.7.2.2", Domain: "dialtone", Patience: 20 * time.Second,
	})
	other.Register(b.ctx)
	calling := b.desk.Dial(b.ctx, "100")
	taken := other.NextCall(b.ctx)
	taken.Answer()
	calling.WaitAnswered(b.ctx)
	calling.Speak(440)
	taken.Speak(1000)
	return func() {
		b.Helper()
		taken.Hears(b.ctx, 440)
		calling.Hears(b.ctx, 1000)
	}
}

// memory is what is in use, in bytes.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// A thousand WebSockets that say nothing: what each costs is bounded, more of one address are
// refused, and neither a call nor a browser that comes meanwhile notices.
func TestIdleWebSocketsHarmNobody(t *testing.T) {
	b := openBrowserBed(t)
	var cancel context.CancelFunc
	b.ctx, cancel = context.WithTimeout(t.Context(), 10*time.Minute) // a thousand handshakes take their time
	defer cancel()
	unharmed := b.talking()
	before := memory()
	const each, most = 250, 512
	open := func(ip string) error {
		client, at := b.from(ip)
		c, _, err := websocket.Dial(b.ctx, "wss://"+at+"/ws", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"sip"}}) //nolint:bodyclose // it says that nobody has to
		if err != nil {
			return err
		}
		b.Cleanup(func() { _ = c.CloseNow() })
		return nil
	}
	for i := range 4 * each {
		if err := open(fmt.Sprintf("127.8.0.%d", 1+i/each)); err != nil {
			t.Fatal(err)
		}
	}
	cost := (memory() - before) / (4 * each)
	t.Logf("%d kB for an idle WebSocket, both ends", cost>>10)
	if cost > 200<<10 {
		t.Errorf("an idle WebSocket costs %d kB, its client in this process too", cost>>10)
	}
	page := b.registered(jsSIP)
	unharmed()

	var closed atomic.Int32
	for i := range most - each + 20 { // at one address that has some already
		if i%50 == 0 {
			page.register() // and answers pings, for which it has to read
		}
		client, at := b.from("127.8.0.1")
		c, _, err := websocket.Dial(b.ctx, "wss://"+at+"/ws", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"sip"}}) //nolint:bodyclose // it says that nobody has to
		if err != nil {
			t.Fatal(err)
		}
		gone := c.CloseRead(context.WithoutCancel(b.ctx))
		b.Cleanup(func() { _ = c.CloseNow(); <-gone.Done() })
		stop := context.AfterFunc(gone, func() { closed.Add(1) })
		b.Cleanup(func() { stop() })
	}
	b.until("those that are too many are closed", func() bool { return closed.Load() >= 20 })
	if n := closed.Load(); n > 40 {
		t.Errorf("%d were closed", n)
	}
	unharmed()
	page.register()
}

// Thousands of guesses at passwords: they are refused, and others log in meanwhile.
func TestGuessesHoldNobodyUp(t *testing.T) {
	b := openBrowserBed(t)
	unharmed := b.talking()
	login := func(client *http.Client, at, extension, password string) int {
		req, err := http.NewRequestWithContext(b.ctx, "POST", "https://"+at+"/api/phone/login", strings.NewReader(fmt.Sprintf(`{"extension":%q,"password":%q}`, extension, password)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://"+at)
		req.Header.Set("X-Dialtone", "1")
		res, err := client.Do(req)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res.StatusCode
	}
	var in, out atomic.Int32
	var tasks sync.WaitGroup
	for i := range 20 {
		tasks.Go(func() {
			client, at := b.from(fmt.Sprintf("127.8.1.%d", 1+i))
			for n := range 100 {
				if login(client, at, "100", fmt.Sprintf("guess %d", n)) < 300 {
					in.Add(1)
				} else {
					out.Add(1)
				}
			}
		})
	}
	client, at := b.from("127.8.2.1")
	if status := login(client, at, "101", "b7fd-w2ks-9pte-n4vx"); status != 204 {
		t.Errorf("who knows the password gets %d", status)
	}
	unharmed()
	tasks.Wait()
	if in.Load() > 0 || out.Load() != 2000 {
		t.Errorf("%d got in, %d did not", in.Load(), out.Load())
	}
}
