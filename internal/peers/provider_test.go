package peers

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// providerHost is an address of its own, so that calls of phones, which come from
// 127.0.0.1, are not taken for the provider's.
const providerHost = "127.0.0.2"

// providerPort is a port that is free on the provider's address.
func providerPort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp", providerHost+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// provider is sipp as a provider.
type provider struct {
	t        *testing.T
	scenario string
	cmd      *exec.Cmd
	out      bytes.Buffer
}

// provide runs a scenario of sipp as a provider, which calls server when the
// scenario does. keys are its keywords and their values.
func provide(ctx context.Context, t *testing.T, server *callscript.Server, scenario string, port int, keys ...string) *provider {
	t.Helper()
	file, err := filepath.Abs("../../testdata/sipp/" + scenario + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	remote := "127.0.0.1"
	if server != nil {
		remote = fmt.Sprintf("127.0.0.1:%d", server.Port("udp"))
	}
	args := []string{
		remote, "-sf", file, "-t", "u1", "-i", providerHost, "-p", strconv.Itoa(port),
		"-m", "1", "-d", "300", "-nostdin", "-timeout", "60", "-timeout_error", "-trace_err", "-trace_msg",
	}
	for i := 0; i < len(keys); i += 2 {
		args = append(args, "-key", keys[i], keys[i+1])
	}
	if _, err := house.Programs(); err != nil { // sipp does not wait for ever
		t.Fatalf("the server cannot be built: %v", err)
	}
	p := &provider{t: t, scenario: scenario, cmd: exec.CommandContext(ctx, "sipp", args...)}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("sipp: %v", err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	return p
}

// done waits for the end of the scenario.
func (p *provider) done() {
	p.t.Helper()
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("sipp %s: %v\n%s\n%s", p.scenario, err, callscript.Tail(p.out.String(), 30), logs(p.cmd.Dir))
	}
}

// received are the requests of a method that came, after done. What sipp checks
// itself is little: it knows no values that differ from run to run.
func (p *provider) received(method string) []request {
	p.t.Helper()
	files, _ := filepath.Glob(filepath.Join(p.cmd.Dir, "*_messages.log"))
	if len(files) != 1 {
		p.t.Fatalf("sipp wrote the logs %q", files)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		p.t.Fatal(err)
	}
	var list []request
	for _, part := range strings.Split(string(data), "message received ")[1:] {
		_, text, _ := strings.Cut(part, "\n\n")
		if strings.HasPrefix(text, method+" ") {
			text, _, _ = strings.Cut(text, "\n-----")
			list = append(list, request(text))
		}
	}
	return list
}

// request is one message as it was received.
type request string

// header is the first of that name, "" when there is none.
func (r request) header(name string) string {
	for line := range strings.Lines(string(r)) {
		if k, v, ok := strings.Cut(line, ": "); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// target is its Request-URI.
func (r request) target() string { return strings.Fields(string(r))[1] }

var parameter = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// proves computes the digest of r anew (RFC 2617 §3.2.2, without qop).
func (r request) proves(username, password string) bool {
	p := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(strings.TrimPrefix(r.header("Authorization"), "Digest "), -1) {
		p[m[1]] = m[2]
	}
	hash := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
	method, _, _ := strings.Cut(string(r), " ")
	return p["username"] == username && p["uri"] == r.target() && p["realm"] == "provider" &&
		p["response"] == hash(hash(username, "provider", password), p["nonce"], hash(method, p["uri"]))
}

// desk is a phone of extension 100.
func desk(ctx context.Context, t *testing.T, server *callscript.Server) *testphone.Phone {
	t.Helper()
	p := testphone.New(t, testphone.Options{
		Extension: "100", Password: server.Password("100"), Server: fmt.Sprintf("127.0.0.1:%d", server.Port("udp")), Patience: 20 * time.Second,
	})
	p.Register(ctx)
	return p
}

const (
	login  = "4930123450"
	secret = "line-secret-73"
)

const toProvider = `site:
  country: DE
registrar:
  qualify: 0
numbers:
  "+4930123450": {to: "100"}
dialplan:
  phones: [{name: outside, to: ["0.", "+."], do: [{dial: "${to}", via: %s}]}]
trunks:
`

const lineOf = "  %s: {host: \"" + providerHost + ":%d\", username: \"" + login + "\", password: %s, register: %v, qualify: 0%s}\n"

func TestSIPpProviderTakesARegistration(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	p := provide(ctx, t, nil, "provider_registrar", port)
	server := serve(t, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, true, ""))
	trunk(ctx, t, server, "registered")
	p.done()
	if all := p.received("REGISTER"); len(all) != 2 || all[0].header("Authorization") != "" || !all[1].proves(login, secret) {
		t.Errorf("it got %q", all)
	}
}

// What the provider refuses is not tried again and again: that nobody would answer,
// and the trunk be down. The status says why.
func TestSIPpProviderRefusesARegistration(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	p := provide(ctx, t, nil, "provider_registrar_refuses", port)
	server := serve(t, fmt.Sprintf(toProvider+lineOf, "line", "line", port, "guessed", true, ""))
	if why := trunk(ctx, t, server, "failed"); !strings.Contains(why, "wrong username or password") {
		t.Errorf("it failed because of %q", why)
	}
	p.done()
	var trunks []struct{ Next time.Time }
	if err := server.Ctl(ctx, &trunks, "trunks"); err != nil || len(trunks) != 1 || time.Until(trunks[0].Next) < 5*time.Minute {
		t.Errorf("it is tried again at %v (%v)", trunks, err)
	}
}

// trunk waits until the only trunk of server has that state, and gives the reason.
func trunk(ctx context.Context, t *testing.T, server *callscript.Server, state string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var trunks []struct{ Name, State, Why string }
	if !callscript.Until(ctx, func() bool {
		return server.Ctl(ctx, &trunks, "trunks") == nil && len(trunks) == 1 && trunks[0].State == state
	}) {
		t.Fatalf("trunks are %+v, want one that is %s", trunks, state)
	}
	return trunks[0].Why
}

// Another Dialtone is the provider, and an extension of it the line.
func TestDialtoneIsTheProvider(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	provider := serve(t, "registrar:\n  qualify: 0\n")
	const office = `numbers:
  "+4930123450": {to: "100"}
site:
  country: DE
dialplan:
  phones: [{name: outside, to: ["1XX"], do: [{dial: "${to}", via: line}]}]
  outside: [{name: all, do: [{dial: "100"}]}]
trunks:
  line: {host: "127.0.0.1:%d", username: "109", password: %q, register: true, internal: true, dial: {format: as-dialled}}
`
	t.Run("wrong password", func(t *testing.T) {
		server := serve(t, fmt.Sprintf(office, provider.Port("udp"), "guessed"))
		if why := trunk(ctx, t, server, "failed"); !strings.Contains(why, "password") {
			t.Errorf("it failed because of %q", why)
		}
	})
	t.Run("calls both ways", func(t *testing.T) {
		server := serve(t, fmt.Sprintf(office, provider.Port("udp"), provider.Password("109")))
		trunk(ctx, t, server, "registered")
		there := testphone.New(t, testphone.Options{
			Extension: "105", Password: provider.Password("105"), Patience: 20 * time.Second,
			Server: fmt.Sprintf("127.0.0.1:%d", provider.Port("udp")),
		})
		there.Register(ctx)
		here := desk(ctx, t, server)
		talk(ctx, here.Dial(ctx, "105"), there)
		talk(ctx, there.Dial(ctx, "109"), here)
	})
}

// talk has the callee answer and both hear each other.
func talk(ctx context.Context, from *testphone.Call, callee *testphone.Phone) {
	to := callee.NextCall(ctx)
	to.Answer()
	from.WaitAnswered(ctx)
	from.Speak(700)
	to.Speak(1100)
	to.Hears(ctx, 700)
	from.Hears(ctx, 1100)
	from.Hangup()
	to.WaitEnded(ctx)
}

// The provider is told who calls, in the way that it wants, and whom.
func TestSIPpProviderTakesACall(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	server := serve(t, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, false, ", caller_id: {number: \"+4930123450\", in: pai}"))
	phone := desk(ctx, t, server)
	for i, test := range []struct {
		name    string
		headers map[string]string // of the phone
		want    map[string]string // what the provider is told; "" is no such header
	}{
		{"shown", nil, map[string]string{"From": "<sip:+4930123450@127.0.0.2>", "P-Asserted-Identity": "<sip:+4930123450@127.0.0.2>", "Privacy": ""}},
		{
			"hidden",
			map[string]string{"Privacy": "id"},
			map[string]string{"From": `"Anonymous" <sip:anonymous@anonymous.invalid>`, "P-Asserted-Identity": "<sip:+4930123450@127.0.0.2>", "Privacy": "id"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := provide(ctx, t, server, "provider_answer", port)
			c := phone.DialWith(ctx, "040987650", testphone.Dialling{Headers: test.headers})
			c.WaitAnswered(ctx)
			c.Hangup()
			p.done()
			all := p.received("INVITE")
			if len(all) != 2 || !all[1].proves(login, secret) || all[1].target() != fmt.Sprintf("sip:+4940987650@%s:%d", providerHost, port) {
				t.Errorf("it got %q", all)
			}
			for name, want := range test.want {
				got := all[1].header(name)
				if got, _, _ = strings.Cut(got, ";tag="); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			records(ctx, t, server, "normal", i+1)
		})
	}
}

// The first provider has no line free: the caller does not notice.
func TestSIPpProviderIsFull(t *testing.T) {
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	full, second := providerPort(t), providerPort(t)
	server := serve(t, fmt.Sprintf(toProvider+lineOf+lineOf, "[line, spare]", "line", full, secret, false, "", "spare", second, secret, false, ""))
	refuses := provide(ctx, t, server, "provider_503", full)
	answers := provide(ctx, t, server, "provider_answer", second)
	phone := desk(ctx, t, server)
	begin := time.Now()
	c := phone.Dial(ctx, "040987650")
	c.WaitAnswered(ctx)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the second provider answered after %v", took)
	}
	c.Hangup()
	refuses.done()
	answers.done()
	records(ctx, t, server, "normal", 1)
}

func TestSIPpProviderCalls(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	server := serve(t, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, false, ""))
	p := desk(ctx, t, server)
	t.Run("a number of ours", func(t *testing.T) {
		calls := provide(ctx, t, server, "provider_call", port, "callee", "030123450", "shown", "040987650")
		c := p.NextCall(ctx)
		if from := c.Invite("From"); !strings.Contains(from, "+4940987650") {
			t.Errorf("the phone sees %s", from)
		}
		c.Answer()
		calls.done()
		c.WaitEnded(ctx)
		records(ctx, t, server, "normal", 1)
	})
	t.Run("a number of nobody", func(t *testing.T) {
		provide(ctx, t, server, "provider_call_refused_404", port, "callee", "030999999", "shown", "040987650").done()
	})
}
