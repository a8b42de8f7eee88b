package peers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
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

// provide runs a scenario of sipp as a provider, which calls server when the
// scenario does. The result waits for its end.
func provide(ctx context.Context, t *testing.T, server *callscript.Server, scenario string, port int, keys ...string) func() {
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
		remote, "-sf", file, "-t", "u1", "-i", providerHost, "-p", fmt.Sprint(port),
		"-m", "1", "-d", "300", "-nostdin", "-timeout", "60", "-timeout_error", "-trace_err", "-trace_msg",
	}
	for i := 0; i < len(keys); i += 2 {
		args = append(args, "-key", keys[i], keys[i+1])
	}
	cmd := exec.CommandContext(ctx, "sipp", args...)
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("sipp: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return func() {
		t.Helper()
		if err := cmd.Wait(); err != nil {
			t.Fatalf("sipp %s: %v\n%s\n%s", scenario, err, tail(out.String(), 30), logs(cmd.Dir))
		}
	}
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

// secret is what the scenarios of the provider expect.
const secret = "line-secret-73"

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

const lineOf = "  %s: {host: \"" + providerHost + ":%d\", username: \"4930123450\", password: %s, register: %v, qualify: 0%s}\n"

func TestSIPpProviderTakesARegistration(t *testing.T) {
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	done := provide(ctx, t, nil, "provider_registrar", port)
	server := serve(t, 5, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, true, ""))
	done()
	trunk(ctx, t, server, "registered")
}

// trunk waits until the only trunk of server has that state, and gives the reason.
func trunk(ctx context.Context, t *testing.T, server *callscript.Server, state string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var trunks []struct{ Name, State, Why string }
	if !wait(ctx, func() bool {
		return server.Ctl(ctx, &trunks, "trunks") == nil && len(trunks) == 1 && trunks[0].State == state
	}) {
		t.Fatalf("trunks are %+v, want one that is %s", trunks, state)
	}
	return trunks[0].Why
}

// Another Dialtone is the provider, and an extension of it the line.
func TestDialtoneIsTheProvider(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	provider := serve(t, 6, "registrar:\n  qualify: 0\n")
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
		server := serve(t, 5, fmt.Sprintf(office, provider.Port("udp"), "guessed"))
		if why := trunk(ctx, t, server, "failed"); !strings.Contains(why, "password") {
			t.Errorf("it failed because of %q", why)
		}
	})
	t.Run("calls both ways", func(t *testing.T) {
		server := serve(t, 5, fmt.Sprintf(office, provider.Port("udp"), provider.Password("109")))
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

func TestSIPpProviderTakesACall(t *testing.T) {
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	server := serve(t, 5, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, false, ", caller_id: {number: \"+4930123450\", in: pai}"))
	done := provide(ctx, t, server, "provider_answer", port, "callee", `[+]4940987650`, "shown", `[+]4930123450`)
	c := desk(ctx, t, server).Dial(ctx, "040987650")
	c.WaitAnswered(ctx)
	c.Hangup()
	done()
	records(ctx, t, server, "normal", 1)
}

// The first provider has no line free: the caller does not notice.
func TestSIPpProviderIsFull(t *testing.T) {
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	full, second := providerPort(t), providerPort(t)
	server := serve(t, 5, fmt.Sprintf(toProvider+lineOf+lineOf, "[line, spare]", "line", full, secret, false, "",
		"spare", second, secret, false, ", caller_id: {number: \"+4930123450\", in: pai}"))
	refused := provide(ctx, t, server, "provider_503", full)
	done := provide(ctx, t, server, "provider_answer", second, "callee", `[+]4940987650`, "shown", `[+]4930123450`)
	begin := time.Now()
	c := desk(ctx, t, server).Dial(ctx, "040987650")
	c.WaitAnswered(ctx)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("the second provider answered after %v", took)
	}
	c.Hangup()
	refused()
	done()
	records(ctx, t, server, "normal", 1)
}

func TestSIPpProviderCalls(t *testing.T) {
	need(t, "sipp")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := providerPort(t)
	server := serve(t, 5, fmt.Sprintf(toProvider+lineOf, "line", "line", port, secret, false, ""))
	p := desk(ctx, t, server)
	t.Run("a number of ours", func(t *testing.T) {
		done := provide(ctx, t, server, "provider_call", port, "callee", "030123450", "shown", "040987650")
		c := p.NextCall(ctx)
		if from := c.Invite("From"); !strings.Contains(from, "+4940987650") {
			t.Errorf("the phone sees %s", from)
		}
		c.Answer()
		done()
		c.WaitEnded(ctx)
		records(ctx, t, server, "normal", 1)
	})
	t.Run("a number of nobody", func(t *testing.T) {
		provide(ctx, t, server, "provider_call_refused_404", port, "callee", "030999999", "shown", "040987650")()
	})
}
