package pbx_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/internal/testphone"
	"dialtone/pbx"
)

const browserConfig = `
data: data
sip: {udp: [%[1]q], tcp: [], tls: []}
web: {listen: ["127.0.0.1:0"]}
media: {ports: 61600-61699, webrtc_port: 61700}
registrar: {qualify: 0}
extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "101": {password: b7fd-w2ks-9pte-n4vx, name: Ben}
`

// browserBed is a server for browsers, with a desk phone.
type browserBed struct {
	*testing.T
	ctx    context.Context
	server *pbx.Server
	addr   string
	desk   *testphone.Phone // 101
	log    *lines
	pages  int
}

func openBrowserBed(t *testing.T) *browserBed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	dir, err := os.MkdirTemp("", "dt-") // a short path: it has a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	b := &browserBed{T: t, ctx: ctx, addr: freeAddr(t), log: &lines{mu: &sync.Mutex{}, texts: new([]string)}}
	name := filepath.Join(dir, "dialtone.yaml")
	if err := os.WriteFile(name, fmt.Appendf(nil, browserConfig, b.addr), 0o600); err != nil {
		t.Fatal(err)
	}
	if b.server, err = pbx.New(pbx.Options{ConfigPath: name, Log: slog.New(b.log), Version: "test"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := b.server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.desk = testphone.New(t, testphone.Options{
		Extension: "101", Password: "b7fd-w2ks-9pte-n4vx", Server: b.addr, IP: "127.7.2.1", Domain: "dialtone", Patience: 20 * time.Second,
	})
	b.desk.Register(ctx)
	return b
}

// page is a browser that has loaded its page anew, as extension 100.
func (b *browserBed) page(lib library) *browser {
	b.pages++
	p := &browser{
		t: b.T, lib: lib, url: "wss://" + b.server.WebAddresses()[0].String() + "/ws", realm: "dialtone", extension: "100", user: "100",
		secret: "kqvt-8mzn-3xwp-r5hc", host: fmt.Sprintf("df7jal23ls0d%d.invalid", b.pages), contact: fmt.Sprintf("v1ms2ki6%d", b.pages), transport: ";transport=ws",
	}
	p.open()
	return p
}

// registered is a page whose library has registered.
func (b *browserBed) registered(lib library) *browser {
	b.Helper()
	p := b.page(lib)
	if m := p.register(); !strings.HasPrefix(m.first, "SIP/2.0 200") {
		b.Fatalf("the registration was refused:\n%s", m.raw)
	}
	return p
}

// Libraries as they come, with the extension and password of a phone: they register, call
// and are called, and either side hangs up.
func TestBrowsersAsTheyCome(t *testing.T) {
	for _, lib := range []library{jsSIP, sipJS} {
		t.Run(lib.agent, func(t *testing.T) {
			b := openBrowserBed(t)
			page := b.registered(lib)
			go func() { b.desk.NextCall(b.ctx).Answer() }()
			out := page.call("101")
			desk := b.desk.Calls()[0]
			desk.WaitAnswered(b.ctx)
			desk.Hangup()
			out.isHungUp()

			calling := b.desk.Dial(b.ctx, "100")
			in := page.take()
			calling.WaitAnswered(b.ctx)
			in.hangUp()
			calling.WaitEnded(b.ctx)
		})
	}
}

// A browser loses its connection in a call and comes back on another one: the end of the
// call reaches it there, whether it came back before or after.
func TestBrowserComesBackInACall(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			b := openBrowserBed(t)
			page := b.registered(jsSIP)
			calling := b.desk.Dial(b.ctx, "100")
			in := page.take()
			calling.WaitAnswered(b.ctx)
			_ = page.conn.CloseNow()
			b.once("phone connection closed")
			if when == "after" {
				calling.Hangup()
			}
			page.open()
			page.register()
			if when == "before" {
				calling.Hangup()
			}
			in.isHungUp()
		})
	}
}

// A browser that has gone is not called, nor is anything sent to where it said it was,
// though that is an address of the machine that it was on.
func TestBrowserThatIsGoneIsNotCalled(t *testing.T) {
	b := openBrowserBed(t)
	decoy, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = decoy.Close() }()
	page := b.page(jsSIP)
	page.host, page.transport = decoy.LocalAddr().String(), ""
	page.register()
	_ = page.conn.CloseNow()
	b.once("phone connection closed")
	if end := b.desk.Dial(b.ctx, "100").WaitEnded(b.ctx); end.Status != 480 {
		t.Errorf("the call ended so: %s; want status 480", end)
	}
	_ = decoy.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // what was sent is there: the call is over
	if n, err := decoy.Read(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes went to the address in Contact", n)
	}
}

// once waits until the log has such a line.
func (b *browserBed) once(text string) {
	b.Helper()
	b.until("the log says "+text, func() bool {
		return slices.ContainsFunc(b.log.all(), func(line string) bool { return strings.Contains(line, text) })
	})
}

// until waits for what no message tells.
func (b *browserBed) until(what string, is func() bool) {
	b.Helper()
	for !is() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-b.ctx.Done():
			b.Fatalf("it never comes to that: %s", what)
		}
	}
}

// A page that is logged in registers with what its session gives it, until it logs out.
func TestPageRegistersWithWhatItsSessionGives(t *testing.T) {
	b := openBrowserBed(t)
	page := b.page(jsSIP)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Jar: jar, Transport: transport}
	origin := "https://" + b.server.WebAddresses()[0].String()
	ask := func(method, path, body string) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(b.ctx, method, origin+"/api/phone/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("X-Dialtone", "1")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= 300 {
			t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, answer, err)
		}
		return answer
	}
	ask("POST", "login", `{"extension":"100","password":"kqvt-8mzn-3xwp-r5hc"}`)
	var session struct {
		SIP struct{ URI, Username, Password, Realm, Server string }
	}
	if err := json.Unmarshal(ask("GET", "session", ""), &session); err != nil {
		t.Fatal(err)
	}
	if session.SIP.URI != "sip:100@dialtone" || session.SIP.Server != "/ws" || session.SIP.Realm != "dialtone" {
		t.Errorf("%+v", session.SIP)
	}
	page.user, page.secret = session.SIP.Username, session.SIP.Password
	if m := page.register(); !strings.HasPrefix(m.first, "SIP/2.0 200") {
		t.Fatalf("the registration was refused:\n%s", m.raw)
	}
	go func() { b.desk.NextCall(b.ctx).Answer() }()
	page.call("101").hangUp()
	b.until("the call is in the list", func() bool {
		return strings.Contains(string(ask("GET", "calls", "")), `"number":"101","name":"Ben"`)
	})
	ask("POST", "logout", "")
	if m := page.register(); !strings.HasPrefix(m.first, "SIP/2.0 401") {
		t.Errorf("after it has logged out:\n%s", m.raw)
	}
}
