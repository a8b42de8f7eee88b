package web

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/config"
)

// parrot is a relay that answers with what it was sent.
type parrot struct{}

func (parrot) ServeConn(c net.Conn) error {
	defer func() { _ = c.Close() }()
	_, err := io.Copy(c, c)
	return err
}

func (parrot) Credential(extension string, until time.Time) (username, password string) {
	return strconv.FormatInt(until.Unix(), 10) + ":" + extension, "of " + extension
}

// openRelay is a site with a relay.
func openRelay(t *testing.T, change ...func(*config.Config)) *site {
	t.Helper()
	s := openSite(t, change...)
	s.stop()
	s.relay = parrot{}
	s.start()
	return s
}

// How those begin that speak STUN, and HTTP.
const (
	request = "\x00\x03\x00\x08\x21\x12\xa4\x42"
	binding = "\x00\x01\x00\x00\x21\x12\xa4\x42"
	hello   = "GET /certificate HTTP/1.0\r\nHost: x\r\n\r\n"
)

func TestOnePortIsForAll(t *testing.T) {
	s := openRelay(t)
	for _, tt := range []struct {
		name, text string
		tls        bool
		alpn       []string
		want       string
	}{
		{"a relay by TCP", request, false, nil, request},
		{"STUN by TCP", binding, false, nil, binding},
		{"a relay by TLS", request, true, nil, request},
		{"a relay by TLS that says so", request, true, []string{"stun.turn"}, request},
		{"STUN by TLS that says so", binding, true, []string{"stun.nat-discovery"}, binding},
		{"a page by TLS", hello, true, nil, "HTTP/1.0 200 OK"},
		{"a page by TLS that says so", hello, true, []string{"http/1.1"}, "HTTP/1.0 200 OK"},
		{"a page by TCP", hello, false, nil, "HTTP/1.0 308 Permanent Redirect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", s.at)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if tt.tls {
				c = tls.Client(c, &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", NextProtos: tt.alpn})
			}
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.WriteString(c, tt.text); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(tt.want))
			if _, err := io.ReadFull(c, got); err != nil || string(got) != tt.want {
				t.Errorf("answer is %q, %v", got, err)
			}
		})
	}
}

// Without ALPN a page is what it is with it: whole, and of the same server.
func TestPagesWithoutALPN(t *testing.T) {
	s := openRelay(t)
	c, err := tls.Dial("tcp", s.at, &tls.Config{RootCAs: s.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for range 2 {
		req, _ := http.NewRequest(http.MethodGet, s.origin+"/", nil)
		if err := req.Write(c); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(in, req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || !strings.Contains(string(body), "<title>Dialtone") {
			t.Errorf("%s %q", res.Status, body)
		}
	}
}

// Clients of the relay end with the server, and with what they have begun.
func TestClientsOfTheRelayEnd(t *testing.T) {
	s := openRelay(t)
	c, err := net.Dial("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(request))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	s.stop() // does not wait for them
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(got); err == nil {
		t.Error("the connection is open still")
	}
}

func TestPagesAreToldOfRelays(t *testing.T) {
	own := func(host string, more ...string) []string {
		return append([]string{"turns:" + host + "?transport=tcp", "turn:" + host + "?transport=tcp"}, more...)
	}
	for _, tt := range []struct {
		name   string
		change func(*config.Config)
		host   string
		want   []iceServer
	}{
		{"at first", func(*config.Config) {}, "", []iceServer{{own("HERE", "turn:HERE?transport=udp"), "UNTIL:100", "of 100"}}},
		{"with a name", func(*config.Config) {}, "pbx.example.com", []iceServer{{own("pbx.example.com:443", "turn:pbx.example.com:443?transport=udp"), "UNTIL:100", "of 100"}}},
		{"by IPv6", func(*config.Config) {}, "[2001:db8::1]:8443", []iceServer{{own("[2001:db8::1]:8443", "turn:[2001:db8::1]:8443?transport=udp"), "UNTIL:100", "of 100"}}},
		{"without UDP", func(c *config.Config) { c.Web.TURN.UDP = false }, "", []iceServer{{own("HERE"), "UNTIL:100", "of 100"}}},
		{"none", func(c *config.Config) { c.Web.TURN.Relay = false }, "", []iceServer{}},
		{
			"others with a secret", func(c *config.Config) {
				c.Web.TURN = config.TURN{Servers: []string{"turns:turn.example.com", "stun:stun.example.com"}, Secret: "x"}
			}, "",
			[]iceServer{{[]string{"turns:turn.example.com"}, "UNTIL:100", "of 100"}, {URLs: []string{"stun:stun.example.com"}}},
		},
		{
			"others with users besides", func(c *config.Config) {
				c.Web.TURN.UDP, c.Web.TURN.Servers, c.Web.TURN.Username, c.Web.TURN.Password = false, []string{"turn:turn.example.com"}, "me", "pw"
			}, "",
			[]iceServer{{own("HERE"), "UNTIL:100", "of 100"}, {[]string{"turn:turn.example.com"}, "me", "pw"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openRelay(t, tt.change)
			c := s.client()
			c.login("100", "kqvt-8mzn-3xwp-r5hc")
			req, _ := http.NewRequest(http.MethodGet, s.origin+"/api/phone/session", nil)
			req.Host = tt.host
			got := sessionFrom(t, c, req)
			until := strconv.FormatInt(got.SIP.Expires.Unix(), 10)
			for i := range tt.want {
				tt.want[i].Username = strings.ReplaceAll(tt.want[i].Username, "UNTIL", until)
				for j, u := range tt.want[i].URLs {
					tt.want[i].URLs[j] = strings.ReplaceAll(u, "HERE", s.at)
				}
			}
			same := func(a, b iceServer) bool {
				return slices.Equal(a.URLs, b.URLs) && a.Username == b.Username && a.Credential == b.Credential
			}
			if !slices.EqualFunc(got.ICE.Servers, tt.want, same) {
				t.Errorf("told of  %+v\nshould be %+v", got.ICE.Servers, tt.want)
			}
		})
	}
}
