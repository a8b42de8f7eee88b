package web

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialtone/config"
)

func sessionFrom(t *testing.T, c *client, req *http.Request) (a sessionAnswer) {
	t.Helper()
	if req.Host != "" && req.Host != req.URL.Host { // whose cookies are others for a client
		for _, one := range c.Jar.Cookies(req.URL) {
			req.AddCookie(one)
		}
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatalf("%s: %v", res.Status, err)
	}
	return a
}

func TestWhoHasSentARequest(t *testing.T) {
	const proxy, outer = "10.0.0.1:5000", "10.0.0.2"
	xff, fwd := "X-Forwarded-For", "Forwarded"
	for _, tt := range []struct {
		name, from string
		headers    []string
		want       string // "" is that nobody can say
	}{
		{"without a proxy", "192.0.2.7:4000", nil, "192.0.2.7:4000"},
		{"who is no proxy says nothing", "192.0.2.7:4000", []string{xff, "198.51.100.1", fwd, "for=198.51.100.1"}, "192.0.2.7:4000"},
		{"a proxy that says nothing", proxy, nil, "10.0.0.1:5000"},
		{"a proxy", proxy, []string{xff, "198.51.100.1"}, "198.51.100.1:5000"},
		{"what the client has written itself", proxy, []string{xff, "203.0.113.5, 198.51.100.1"}, "198.51.100.1:5000"},
		{"in a header of its own", proxy, []string{xff, "203.0.113.5", xff, "198.51.100.1"}, "198.51.100.1:5000"},
		{"two proxies", proxy, []string{xff, "203.0.113.5, 198.51.100.1, " + outer}, "198.51.100.1:5000"},
		{"only proxies", proxy, []string{xff, outer}, "10.0.0.2:5000"},
		{"with a port", proxy, []string{xff, "198.51.100.1:80"}, "198.51.100.1:5000"},
		{"IPv6", proxy, []string{xff, "2001:db8::1"}, "[2001:db8::1]:5000"},
		{"IPv4 written as IPv6", proxy, []string{xff, "::ffff:198.51.100.1"}, "198.51.100.1:5000"},
		{"what is no address", proxy, []string{xff, "198.51.100.1, unknown"}, "10.0.0.1:5000"},
		{"nothing", proxy, []string{xff, ""}, "10.0.0.1:5000"},
		{"Forwarded", proxy, []string{fwd, `by=203.0.113.43; For="[2001:db8::1]:4711";proto=https`}, "[2001:db8::1]:5000"},
		{"Forwarded twice", proxy, []string{fwd, "for=203.0.113.5, for=198.51.100.1;by=" + outer + ", for=" + outer}, "198.51.100.1:5000"},
		{"Forwarded by who hides it", proxy, []string{fwd, "for=198.51.100.1, for=_hidden"}, "10.0.0.1:5000"},
		{"Forwarded without it", proxy, []string{fwd, "for=198.51.100.1, proto=https"}, "10.0.0.1:5000"},
		{"two that may say two things", proxy, []string{xff, "198.51.100.1", fwd, "for=198.51.100.1"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config.Default()
			cfg.Web.Proxies = []string{"10.0.0.0/24"}
			s := &Server{Options: Options{Config: func() *config.Config { return &cfg }}}
			r := &http.Request{RemoteAddr: tt.from, Header: http.Header{}}
			for i := 0; i < len(tt.headers); i += 2 {
				r.Header.Add(tt.headers[i], tt.headers[i+1])
			}
			at, ok := s.sender(r)
			if ok != (tt.want != "") || ok && at.String() != tt.want {
				t.Errorf("sent by %v, %v, want %s", at, ok, tt.want)
			}
		})
	}
}

// behindProxy is a site of which 127.0.0.1 is a proxy.
func behindProxy(t *testing.T, change ...func(*config.Config)) *site {
	t.Helper()
	return openRelay(t, append(change, func(c *config.Config) { c.Web.Proxies = []string{"127.0.0.1"} })...)
}

func TestPeopleBehindAProxyAreLockedOutOneByOne(t *testing.T) {
	s := behindProxy(t, func(c *config.Config) { c.SIP.MaxFailures = 3 })
	try := func(from, password string) int {
		res, _ := s.client().do("POST", "/api/phone/login", `{"extension":"100","password":"`+password+`"}`, "X-Forwarded-For", from)
		return res.StatusCode
	}
	for range 3 {
		try("198.51.100.1", "guess")
	}
	if got := try("198.51.100.1", "kqvt-8mzn-3xwp-r5hc"); got != http.StatusTooManyRequests {
		t.Errorf("who has guessed gets %d", got)
	}
	if got := try("198.51.100.2", "kqvt-8mzn-3xwp-r5hc"); got != http.StatusNoContent {
		t.Errorf("another one behind the proxy gets %d", got)
	}
}

func TestAWebSocketBehindAProxyIsOfItsClient(t *testing.T) {
	s := behindProxy(t)
	c := s.client()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, "wss://"+s.at+"/ws", &websocket.DialOptions{ //nolint:bodyclose // it says that nobody has to
		HTTPClient: c.Client, Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"X-Forwarded-For": {"198.51.100.9"}},
	})
	if err != nil {
		t.Fatal(err, res)
	}
	defer func() { _ = ws.CloseNow() }()
	<-s.conns
	if got := s.remote.Load(); got.Addr() != netip.MustParseAddr("198.51.100.9") || got.Port() == 0 {
		t.Errorf("it is of %v", got)
	}
}

// Through a proxy nothing but HTTP comes: the relay is at the port that we listen on.
func TestARelayIsBesideAProxy(t *testing.T) {
	s := behindProxy(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	req, _ := http.NewRequest(http.MethodGet, s.origin+"/api/phone/session", nil)
	req.Host = "pbx.example.com"
	got := sessionFrom(t, c, req)
	_, port, _ := net.SplitHostPort(s.at)
	if len(got.ICE.Servers) != 1 || got.ICE.Servers[0].URLs[0] != "turns:pbx.example.com:"+port+"?transport=tcp" {
		t.Errorf("told of %+v", got.ICE.Servers)
	}
}

func TestAProxyMayNotSayTwoThings(t *testing.T) {
	s := behindProxy(t)
	if res, body := s.client().do("GET", "/", "", "X-Forwarded-For", "198.51.100.1", "Forwarded", "for=198.51.100.2"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
