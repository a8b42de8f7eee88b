package pbx_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
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

// Somebody wants to call the outside at the expense of others. Here is what they
// try, how it is refused, and what the one line in the log says of it. Nothing of it
// reaches the provider.

// fraudPlan has a route for everything: nothing but permissions and proof of who
// calls stands between a caller and the provider.
const fraudPlan = `
data: data
sip: {udp: [%[1]q], tcp: [%[1]q], tls: []}
web: {listen: []}
media: {ports: 60500-60599}
registrar: {qualify: 0}
site: {country: DE}
trunks:
  line: {host: %[2]q, username: "4930123450", qualify: 0, redirect: follow}
numbers:
  "+4930123450": "101"
permissions:
  default: {allow: [domestic]}
  none: {allow: []}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "102": {password: b7fd-w2ks-9pte-n4vx, name: Ben}
  "103": {password: m5yr-h8cq-2nwd-x7zt, name: Lobby, permission: none, max_calls: 100}
dialplan:
  phones:
    - {name: outside, to: ["0.", "+."], do: [{dial: "${to}", via: line}]}
`

var passwords = map[string]string{"101": "kqvt-8mzn-3xwp-r5hc", "102": "b7fd-w2ks-9pte-n4vx", "103": "m5yr-h8cq-2nwd-x7zt"}

// fraud is a server, its provider, and who wants to cheat them.
type fraud struct {
	*testing.T
	ctx      context.Context
	addr     string
	provider *net.UDPConn
	log      *lines
	sources  int
	seen     []string // requests that reached the provider
}

func openFraud(t *testing.T) *fraud {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	t.Cleanup(cancel)
	provider, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 7, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Close() })
	dir, err := os.MkdirTemp("", "dt-") // a short path: it has a socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	f := &fraud{T: t, ctx: ctx, addr: freeAddr(t), provider: provider, log: &lines{mu: &sync.Mutex{}, texts: new([]string)}}
	name := filepath.Join(dir, "dialtone.yaml")
	if err := os.WriteFile(name, fmt.Appendf(nil, fraudPlan, f.addr, provider.LocalAddr()), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := pbx.New(pbx.Options{ConfigPath: name, Log: slog.New(f.log), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	for { // until the server knows the provider's address
		if trunks := server.Trunks(); len(trunks) == 1 && len(trunks[0].Servers) == 1 {
			return f
		}
		if !f.moment() {
			t.Fatal("the server does not know the provider")
		}
	}
}

// moment gives the server a little time; false when there is none left.
func (f *fraud) moment() bool {
	select {
	case <-time.After(5 * time.Millisecond):
		return true
	case <-f.ctx.Done():
		return false
	}
}

// freeAddr is an address that is free for UDP and TCP.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.7.0.2:0")
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err == nil {
			_ = c.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}

// phone is one at an address of its own; whose says whose password it knows.
func (f *fraud) phone(extension, whose string) *testphone.Phone {
	f.sources++
	return testphone.New(f, testphone.Options{
		Extension: extension, AuthUser: whose, Password: passwords[whose], Server: f.addr, IP: fmt.Sprintf("127.7.1.%d", f.sources), Patience: 20 * time.Second,
	})
}

// registered is a phone that is registered.
func (f *fraud) registered(extension string) *testphone.Phone {
	p := f.phone(extension, extension)
	p.Register(f.ctx)
	return p
}

// refused is how a call ends that must not come to be.
func (f *fraud) refused(c *testphone.Call, status int) {
	f.Helper()
	if end := c.WaitEnded(f.ctx); end.Status != status {
		f.Errorf("it ended so: %s; want status %d", end, status)
	}
}

// says is how often a line of the log has all these texts.
func (f *fraud) says(texts ...string) int {
	n := 0
	for _, line := range f.log.all() {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			n++
		}
	}
	return n
}

// once waits until the log has a line with all these texts, and there must be no
// other.
func (f *fraud) once(texts ...string) {
	f.Helper()
	for f.says(texts...) == 0 {
		if !f.moment() {
			f.Fatalf("the log does not say %q; it says:\n%s", texts, strings.Join(f.log.all(), "\n"))
		}
	}
	if n := f.says(texts...); n != 1 {
		f.Errorf("the log says %q %d times", texts, n)
	}
}

// reached is the next request that the provider gets, and whence; one that is sent
// again is left out.
func (f *fraud) reached() (request string, from net.Addr) {
	f.Helper()
	buf := make([]byte, 65536)
	deadline, _ := f.ctx.Deadline()
	_ = f.provider.SetReadDeadline(deadline)
	for {
		n, from, err := f.provider.ReadFrom(buf)
		if err != nil {
			f.Fatalf("nothing reaches the provider: %v", err)
		}
		if text := string(buf[:n]); !strings.HasPrefix(text, "SIP/2.0 ") && !slices.Contains(f.seen, text) {
			f.seen = append(f.seen, text)
			return text, from
		}
	}
}

// lines is a slog.Handler that keeps what is logged.
type lines struct {
	mu    *sync.Mutex
	texts *[]string
	with  string
}

func (*lines) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }
func (l *lines) WithGroup(string) slog.Handler              { return l }

func (l *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := *l
	for _, a := range attrs {
		out.with += " " + a.String()
	}
	return &out
}

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	text := r.Message + l.with
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.texts = append(*l.texts, text)
	return nil
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(*l.texts)
}

// Numbers that cost more the further down they stand.
var outsiders = []string{"+49301112222", "0301112222", "+49900123456", "0900123456", "+4312345678", "+12125550123", "112"}

const (
	noTrunk  = "call of no trunk and without credentials"
	noProof  = "call not authenticated"
	noRight  = "call to the outside refused"
	notMoved = "transfer refused"
	noPickup = "pick-up refused"
	premium  = "+49900123456"
)

func TestNobodyCallsTheOutsideAtTheExpenseOfOthers(t *testing.T) {
	f := openFraud(t)
	begin := time.Now()
	spoofed := f.phone("101", "")
	f.refused(spoofed.Dial(f.ctx, premium), 401)
	strangers(f)
	spoofers(f)
	withoutRight(f)
	fromTheTrunk(f)
	transfers(f)
	detours(f)

	// Who says to be an extension is asked to prove it, and is news only when asked
	// again a while later.
	<-time.After(time.Until(begin.Add(4100 * time.Millisecond)))
	for range 3 {
		f.refused(spoofed.Dial(f.ctx, premium), 401)
	}
	f.once(noTrunk, "from=101", "to="+premium, "line: 127.7.1.1 is not 127.7.0.1")

	redirections(f)
}

// redirections of the provider, whose calls may be made, lead no further than
// other calls. All that was sent before would arrive before them.
func redirections(f *fraud) {
	ann := f.phone("101", "101")
	for i, to := range []string{premium, "+43123456789", "+881612345678", ""} {
		number := fmt.Sprintf("+4930123456%d", i)
		c := ann.Dial(f.ctx, number)
		invite, from := f.reached()
		if !strings.HasPrefix(invite, "INVITE sip:"+number+"@") {
			f.Fatalf("this reached the provider:\n%s", invite)
		}
		if to == "" {
			c.Hangup()
			return
		}
		f.redirect(invite, from, to)
		if end := c.WaitEnded(f.ctx); end.Status < 400 {
			f.Errorf("a call that the provider redirects to %s ended so: %s", to, end)
		}
		if ack, _ := f.reached(); !strings.HasPrefix(ack, "ACK ") {
			f.Errorf("this followed the redirection to %s:\n%s", to, ack)
		}
		f.once(noRight, "number="+to, "extension=101")
	}
}

// redirect answers an INVITE with 302.
func (f *fraud) redirect(invite string, to net.Addr, number string) {
	answer := "SIP/2.0 302 Moved Temporarily\r\n"
	for line := range strings.SplitSeq(invite, "\r\n") {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "Via", "From", "Call-ID", "CSeq":
			answer += line + "\r\n"
		case "To":
			answer += line + ";tag=provider\r\n"
		}
	}
	answer += "Contact: <sip:" + number + "@" + f.addr + ">\r\nContent-Length: 0\r\n\r\n"
	if _, err := f.provider.WriteTo([]byte(answer), to); err != nil {
		f.Fatal(err)
	}
}

// strangers are nobody here.
func strangers(f *fraud) {
	for _, number := range outsiders {
		p := f.phone("4711", "")
		for range 3 {
			f.refused(p.Dial(f.ctx, number), 401)
		}
		f.once(noTrunk, "source="+p.Addr().String(), "from=4711", "to="+number)
	}
	provider := f.provider.LocalAddr().String()
	for name, value := range map[string]string{
		"P-Asserted-Identity": "<sip:101@" + f.addr + ">", "P-Preferred-Identity": "<sip:101@" + f.addr + ">",
		"Remote-Party-ID": "<sip:101@" + f.addr + ">;party=calling;screen=yes", "X-Trunk": "line", "X-Extension": "101",
		"Diversion": "<sip:101@" + f.addr + ">", "Referred-By": "<sip:101@" + f.addr + ">",
		"Route": "<sip:" + provider + ";lr>", "Record-Route": "<sip:" + provider + ";lr>", "Contact": "<sip:4930123450@" + provider + ">",
		"Replaces": "1;from-tag=2;to-tag=3",
	} {
		p := f.phone("4711", "")
		f.refused(p.DialWith(f.ctx, premium, testphone.Dialling{Headers: map[string]string{name: value}}), 401)
		f.once(noTrunk, "source="+p.Addr().String())
	}
	host, _, _ := net.SplitHostPort(provider)
	for _, uri := range []string{
		"sip:" + premium + "@" + provider, "sip:" + premium + "@" + f.addr + ";maddr=" + host, "sip:" + premium + "@" + f.addr + ";user=phone",
		"sip:%2B49900123456@" + f.addr, "sip:+49900123456;phone-context=+49@" + f.addr, "sip:101@" + provider,
	} {
		p := f.phone("4711", "")
		f.refused(p.Dial(f.ctx, uri), 401)
		f.once(noTrunk, "source="+p.Addr().String())
	}
}

// spoofers say that they are an extension, and prove nothing, or that they are
// another one.
func spoofers(f *fraud) {
	wrong := testphone.New(f, testphone.Options{Extension: "101", Password: "guessed", Server: f.addr, IP: "127.7.2.1"})
	f.refused(wrong.Dial(f.ctx, premium), 401)
	f.once(noProof, "source=127.7.2.1", "from=101")

	other := f.phone("101", "103") // Ann may call this number, the lobby may not
	f.refused(other.Dial(f.ctx, "+493022223333"), 403)
	f.once(noRight, "+493022223333", "extension=103", "permission none does not allow")
}

// withoutRight are extensions without the right to call what they call, however
// they write it.
func withoutRight(f *fraud) {
	p := f.registered("103")
	provider := f.provider.LocalAddr().String()
	host, _, _ := net.SplitHostPort(provider)
	for i, uri := range [][2]string{
		{"+", "@" + provider},
		{"+", "@" + f.addr + ";maddr=" + host},
		{"+", "@" + f.addr + ";user=phone"},
		{"+", "@" + f.addr + ";transport=tcp"},
		{"%2B", "@" + f.addr},
		{"00", "@" + f.addr},
	} {
		number := fmt.Sprintf("49900555%03d", i)
		f.refused(p.Dial(f.ctx, "sip:"+uri[0]+number+uri[1]), 403)
		f.once(noRight, number, "extension=103")
	}
	f.refused(p.Dial(f.ctx, "sip:+49900555100;npdi@"+f.addr), 404)
	f.once("call ended", "+49900555100", "is no number that a trunk could call")
	for i, header := range [][2]string{
		{"Route", "<sip:" + provider + ";lr>"},
		{"Record-Route", "<sip:" + provider + ";lr>"},
		{"Contact", "<sip:4930123450@" + provider + ">"},
		{"P-Asserted-Identity", "<sip:101@" + f.addr + ">"},
		{"X-Extension", "101"},
		{"Diversion", "<sip:101@" + f.addr + ">"},
	} {
		number := fmt.Sprintf("+49900666%03d", i)
		f.refused(p.DialWith(f.ctx, number, testphone.Dialling{Headers: map[string]string{header[0]: header[1]}}), 403)
		f.once(noRight, number, "extension=103")
	}
	replaces := testphone.Dialling{Headers: map[string]string{"Replaces": "1;from-tag=2;to-tag=3"}}
	f.refused(p.DialWith(f.ctx, "+49900666100", replaces), 481) // and it does not become a call of its own
	tel := p.Dial(f.ctx, "tel:+49900777000").WaitEnded(f.ctx)
	if tel.Status < 400 {
		f.Errorf("a tel: URI ended so: %s", tel)
	}
}

// fromTheTrunk are callers outside, who come as far as the numbers that are ours.
func fromTheTrunk(f *fraud) {
	for i, from := range []string{"+4940998877", "101", "+4930123450"} {
		p := testphone.New(f, testphone.Options{Extension: from, Server: f.addr, IP: "127.7.0.1", Patience: 20 * time.Second})
		number := fmt.Sprintf("+49900888%03d", i)
		f.refused(p.DialWith(f.ctx, number, testphone.Dialling{Headers: map[string]string{"P-Asserted-Identity": "<sip:101@" + f.addr + ">"}}), 404)
		f.once("call ended", "to="+number, "not-found")
	}
	p := testphone.New(f, testphone.Options{Extension: "101", Password: "guessed", Server: f.addr, IP: "127.7.0.1", Patience: 20 * time.Second})
	f.refused(p.Dial(f.ctx, "+49900999000"), 404)
	f.once("call ended", "to=+49900999000", "not-found")
}

// transfers ask us to call others (RFC 3515), or to take calls of others (RFC 3891).
func transfers(f *fraud) {
	refer := map[string]string{"Refer-To": "<sip:" + premium + "@" + f.addr + ">", "Referred-By": "<sip:101@" + f.addr + ">"}
	forbidden := func(r testphone.Reply) {
		f.Helper()
		if r.Status != 403 {
			f.Errorf("REFER was answered %s", r)
		}
	}
	ann := f.registered("101")
	talk := func(caller *testphone.Phone, to string) (ours, anns *testphone.Call) {
		f.Helper()
		ours = caller.Dial(f.ctx, to)
		anns = ann.NextCall(f.ctx)
		anns.Answer()
		ours.WaitAnswered(f.ctx)
		return ours, anns
	}

	outside := testphone.New(f, testphone.Options{Extension: "+4940998877", Server: f.addr, IP: "127.7.0.1", Patience: 20 * time.Second})
	c, anns := talk(outside, "+4930123450")
	forbidden(c.AskWith(f.ctx, "REFER", refer))
	forbidden(c.AskWith(f.ctx, "REFER", refer))
	f.once(notMoved, "from=+4940998877", premium, "not transferred by those outside")
	takeovers(f, anns)
	if c.Ended() {
		f.Error("the call of +4940998877 was ended by what is refused")
	}
	c.Hangup()

	// The lobby may not call these, neither may Ann for the lobby.
	c, _ = talk(f.phone("103", "103"), "101")
	for i, to := range []string{"+49900123001", "+493022223334", "0900123002"} {
		if r := c.Transfer(f.ctx, to); r.Status != 202 {
			f.Errorf("REFER to %s was answered %s", to, r)
		}
		if status := c.WaitTransfer(f.ctx); status != 403 {
			f.Errorf("a transfer to %s ended with %d", to, status)
		}
		f.once(noRight, []string{"+49900123001", "+493022223334", "+49900123002"}[i], "extension=103")
		if c.Ended() {
			f.Fatalf("the call was ended by a transfer to %s", to)
		}
	}
	c.Hangup()

	// Who calls from outside does not get further by being sent on by who may not either.
	c, anns = talk(outside, "+4930123450")
	if r := anns.Transfer(f.ctx, "+49900123003"); r.Status != 202 || anns.WaitTransfer(f.ctx) != 403 {
		f.Errorf("a transfer of somebody outside to a number that is not allowed: %s", r)
	}
	f.once(noRight, "+49900123003", "extension=101")
	c.Hangup()

	stranger := f.phone("4712", "")
	for range 2 {
		forbidden(stranger.Request(f.ctx, "REFER", "101", refer, ""))
	}
	f.once(notMoved, "from=4712", premium)
}

// takeovers want a call that is not theirs: anns.
func takeovers(f *fraud, anns *testphone.Call) {
	replaces := testphone.Dialling{Headers: map[string]string{"Replaces": anns.Replaces()}}
	f.refused(f.phone("4713", "").DialWith(f.ctx, "101", replaces), 401)
	f.refused(f.phone("101", "").DialWith(f.ctx, "101", replaces), 401)
	f.refused(f.phone("103", "103").DialWith(f.ctx, "101", replaces), 403)
	f.once(noPickup, "extension=103", "of=101")
	provider := testphone.New(f, testphone.Options{Extension: "+4940998878", Server: f.addr, IP: "127.7.0.1", Patience: 20 * time.Second})
	f.refused(provider.DialWith(f.ctx, "+4930123450", replaces), 403)
	f.once("call refused", "from=+4940998878", "not taken over by those outside")
	if anns.Ended() {
		f.Error("a call was taken by who may not")
	}
}

// detours lead calls of others to the provider.
func detours(f *fraud) {
	provider := f.provider.LocalAddr().String()
	ann := f.phone("101", "101")
	for _, how := range []testphone.Registration{
		{Contacts: []string{"<sip:" + premium + "@" + provider + ">"}},
		{Contacts: []string{"<sip:" + premium + "@" + f.addr + ">"}},
		{Headers: map[string]string{"Path": "<sip:" + provider + ";lr>", "Supported": "path"}},
	} {
		how.Expires = 60
		ben := f.phone("102", "102")
		if r := ben.RegisterWith(f.ctx, how); r.Status == 200 {
			c := ann.Dial(f.ctx, "102")
			if got := ben.NextCall(f.ctx); got != nil {
				got.Busy() // it is called where it was heard
			}
			c.WaitEnded(f.ctx)
			how.Expires = 0
			ben.RegisterWith(f.ctx, how)
		}
	}

	ben := f.registered("102")
	for i, to := range []string{"sip:+49900444000@" + provider, "sip:+49900444001@" + f.addr, "tel:+49900444002"} {
		c := ann.Dial(f.ctx, "102")
		ben.NextCall(f.ctx).Redirect(to)
		if end := c.WaitEnded(f.ctx); end.Status < 400 {
			f.Errorf("a call that is redirected to %s ended so: %s", to, end)
		}
		if i == 0 {
			f.once("call ended", "redirected")
		}
	}

	// Requests in a dialog go where the phone is, not where its headers lead.
	c := ann.DialWith(f.ctx, "102", testphone.Dialling{Headers: map[string]string{
		"Contact": "<sip:+4930123450@" + provider + ">", "Record-Route": "<sip:" + provider + ";lr>",
	}})
	got := ben.NextCall(f.ctx)
	got.Answer()
	c.WaitAnswered(f.ctx)
	got.Hangup()
	c.WaitEnded(f.ctx)
}
