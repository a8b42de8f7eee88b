package peers

import (
	"context"
	"fmt"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testbaresip"
	"dialtone/internal/testphone"
)

// desks has three phones of different makers, which may take each other's calls.
const desks = `registrar:
  qualify: 0
transfers: {key: "##", consult_key: "*3"}
parking: {dial: "700", slots: 701-709}
groups:
  sales: {members: ["100", "101", "102", "103"]}
extensions:
  "100": {password: phone-100-key, name: Alice}
  "101": {password: phone-101-key, name: Bob}
  "102": {password: phone-102-key, name: Carol}
  "103": {password: phone-103-key, name: Dave}
`

// office are phones of all makers at one server.
type office struct {
	t      *testing.T
	ctx    context.Context
	server *callscript.Server
	phones []*softphone
}

// openOffice starts a phone of each maker: of the extensions 100 to 102, or of these.
func openOffice(t *testing.T, extensions ...string) *office {
	t.Helper()
	if len(extensions) == 0 {
		extensions = []string{"100", "101", "102"}
	}
	need(t, "twinkle-console")
	need(t, "linphonec")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	o := &office{t: t, ctx: ctx, server: serve(t, desks)}
	o.phones = []*softphone{
		startBaresip(ctx, t, o.server, testbaresip.Options{Extension: extensions[0], Hz: 440}),
		startTwinkle(ctx, t, o.server, extensions[1], 700, false).softphone(o.server, extensions[1], 700),
		startLinphone(ctx, t, o.server, extensions[2], 1000),
	}
	return o
}

// phone is a phone that the test itself is.
func (o *office) phone(extension string, opt testphone.Options) *testphone.Phone {
	opt.Extension, opt.Password = extension, o.server.Password(extension)
	opt.Server = fmt.Sprintf("127.0.0.1:%d", o.server.Port("udp"))
	p := testphone.New(o.t, opt)
	p.Register(o.ctx)
	return p
}

// each runs a scenario once with each phone in each part.
func (o *office) each(name string, scenario func(o *office, a, b, c *softphone)) {
	for range o.phones {
		a, b, c := o.phones[0], o.phones[1], o.phones[2]
		o.run(name+" by "+a.name, func(o *office) { scenario(o, a, b, c) })
		o.phones = append(o.phones[1:], a)
	}
}

// run runs a scenario, which has to end with no call left.
func (o *office) run(name string, scenario func(o *office)) {
	if o.t.Failed() {
		return // nobody knows what the phones are doing
	}
	o.t.Run(name, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(o.ctx, time.Minute)
		defer cancel()
		in := &office{t, ctx, o.server, o.phones}
		for _, p := range o.phones {
			p.screen.forget()
			p.t = t
		}
		scenario(in)
		in.quiet()
	})
}

// quiet waits until there are no calls.
func (o *office) quiet() {
	o.t.Helper()
	var calls []struct{ ID, From, To string }
	if !callscript.Until(o.ctx, func() bool { return o.server.Ctl(o.ctx, &calls, "calls") == nil && len(calls) == 0 }) {
		o.t.Errorf("calls are left over: %v", calls)
	}
}

// talk waits until both hear each other.
func (o *office) talk(a, b *softphone) {
	o.t.Helper()
	if a.hears == nil || b.hears == nil {
		audioFlows(o.ctx, o.t, o.server)
	}
	a.listens(o.ctx, b.hz)
	b.listens(o.ctx, a.hz)
}

// registers waits until an extension has so many phones.
func registers(ctx context.Context, t *testing.T, server *callscript.Server, extension string, want int) {
	t.Helper()
	var list []struct{ Extension string }
	n := 0
	if !callscript.Until(ctx, func() bool {
		if server.Ctl(ctx, &list, "registrations") != nil {
			return false
		}
		n = 0
		for _, r := range list {
			if r.Extension == extension {
				n++
			}
		}
		return n == want
	}) {
		t.Fatalf("extension %s has %d phones, want %d", extension, n, want)
	}
}
