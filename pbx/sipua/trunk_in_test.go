package sipua

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/numbering"
	"dialtone/pbx/registrar"
)

// localTrunk is a trunk whose calls come from this machine.
func localTrunk(name string, change ...func(*config.Trunk)) func(*config.Config) {
	return trunk(name, append([]func(*config.Trunk){func(t *config.Trunk) { t.Networks = []string{"127.0.0.0/8"} }}, change...)...)
}

func TestCallOfATrunk(t *testing.T) {
	t.Parallel()
	b := newBed(t, localTrunk("sip", func(t *config.Trunk) { t.Context = "from-provider" }))
	s := newSide(newPeer(t, "udp", b.udp), "030 7654321", "030123456")
	s.local = `"Bob" <sip:0307654321@provider>`
	s.send("INVITE", plainSDP)
	c := b.take()
	f := c.facts
	if f.Trunk != "sip" || f.Extension != "" || f.Context != "from-provider" || f.From != "+49307654321" || f.FromName != "Bob" || f.To != "+4930123456" {
		t.Errorf("%+v", f)
	}
	if i := c.leg.Info(); i.Trunk != "sip" || i.Party != "+49307654321" {
		t.Errorf("%+v", i)
	}
	if used := b.lines.Status()[0].Calls; used != 1 {
		t.Errorf("%d channels are in use", used)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNotFound})
	res := s.response(404)
	if got := value(res, "Reason"); !strings.HasPrefix(got, "Q.850;cause=1;") {
		t.Errorf("Reason %q", got)
	}
	s.sendBranch("ACK", s.cseq, s.invite)
	eventually(t, func() bool { return b.lines.Status()[0].Calls == 0 })
}

// Behind NAT the ACK of a provider comes only to where it sees us.
func TestContactForATrunkIsWhereItSeesUs(t *testing.T) {
	t.Parallel()
	b := newBed(t, localTrunk("sip"))
	b.lines.mu.Lock()
	b.lines.public = "198.51.100.7"
	b.lines.mu.Unlock()
	s := newSide(newPeer(t, "udp", b.udp), "0307654321", "030123456")
	s.send("INVITE", plainSDP)
	b.take().leg.Ring()
	if c := s.response(180).Contact(); c == nil || c.Address.Host != "198.51.100.7" || c.Address.Port != 40000 || c.Address.User != "030123456" {
		t.Errorf("Contact %v", c)
	}
}

// Whose number it is, and which was called, where providers put them.
func TestNumbersOfATrunksCall(t *testing.T) {
	t.Parallel()
	const anonymousFrom = `From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1`
	for name, test := range map[string]struct {
		target  string // user of the Request-URI
		headers []string
		from    string
		name    string
		to      string
		hidden  bool
		account string // "account" when nothing is said
	}{
		"E.164":          {"+4930123456", []string{"From: <sip:+43123456789@p>;tag=1"}, "+43123456789", "", "+4930123456", false, ""},
		"without plus":   {"4930123456", []string{"From: <sip:43123456789@p>;tag=1"}, "+43123456789", "", "+4930123456", false, ""},
		"national":       {"030123456", []string{"From: <sip:030654321@p>;tag=1"}, "+4930654321", "", "+4930123456", false, ""},
		"parameters":     {"+4930123456;npdi", []string{"From: <sip:+4930654321;cpc=ordinary@p;user=phone>;tag=1"}, "+4930654321", "", "+4930123456", false, ""},
		"tel":            {"030123456", []string{"From: <sip:x@p>;tag=1", "P-Asserted-Identity: <tel:+4930654321>"}, "+4930654321", "", "+4930123456", false, ""},
		"asserted first": {"030123456", []string{`From: "Eve" <sip:101@p>;tag=1`, `P-Asserted-Identity: "Bob" <sip:+4930654321@p>, <tel:+4930654322>`, "Remote-Party-ID: <sip:+4930999999@p>"}, "+4930654321", "Bob", "+4930123456", false, ""},
		"then Remote-Party-ID": {
			"030123456",
			[]string{"From: <sip:account@p>;tag=1", `Remote-Party-ID: <sip:030111@p>;party=called`, `Remote-Party-ID: "Bob" <sip:030654321@p>;party=calling`},
			"+4930654321", "Bob", "+4930123456", false, "",
		},
		"anonymous":             {"030123456", []string{anonymousFrom}, "", "", "+4930123456", true, ""},
		"private":               {"030123456", []string{`From: "Bob" <sip:030654321@p>;tag=1`, "P-Asserted-Identity: <sip:030654321@p>", "Privacy: id"}, "", "", "+4930123456", true, ""},
		"an extension, it says": {"030123456", []string{`From: "Boss" <sip:101@p>;tag=1`}, "101", "Boss", "+4930123456", false, ""},
		"our account, and To":   {"account", []string{"From: <sip:030654321@p>;tag=1", "To: <sip:030123456@p>"}, "+4930654321", "", "+4930123456", false, ""},
		"our contact, and P-Called-Party-ID": {
			"token", []string{"From: <sip:030654321@p>;tag=1", "To: <sip:account@p>", "P-Called-Party-ID: <sip:+4930123457@p>"}, "+4930654321", "", "+4930123457", false, "",
		},
		"our account only":            {"account", []string{"From: <sip:030654321@p>;tag=1", "To: <sip:account@p>"}, "+4930654321", "", "account", false, ""},
		"a short number":              {"116117", []string{"From: <sip:112@p>;tag=1"}, "112", "", "116117", false, ""},
		"something else":              {"reception", []string{"From: <sip:alice@p>;tag=1"}, "alice", "", "reception", false, ""},
		"an account that is a number": {"4930555000", []string{"From: <sip:030654321@p>;tag=1", "To: <sip:030555123@p>"}, "+4930654321", "", "+4930555123", false, "4930555000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "INVITE sip:" + test.target + "@pbx SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
			for _, h := range test.headers {
				text += h + "\r\n"
			}
			m, err := sip.ParseMessage([]byte(text + "Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			req := m.(*sip.Request)
			n := german()
			from, who := "", ""
			if !anonymous(req) {
				from, who = callerOf(req, n)
			}
			to := calledOf(req, n, cmp.Or(test.account, "account"), "token")
			if from != test.from || who != test.name || to != test.to || anonymous(req) != test.hidden {
				t.Errorf("from %q %q to %q hidden %v, want %q %q %q %v", from, who, to, anonymous(req), test.from, test.name, test.to, test.hidden)
			}
		})
	}
}

// What a trunk says of the number that it shows, by verstat.
func TestVerifiedCallers(t *testing.T) {
	t.Parallel()
	const number = "+4930654321"
	for name, test := range map[string]struct {
		headers []string
		want    bool
	}{
		"in the user part":        {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed@p;user=phone>;tag=1"}, true},
		"of the URI":              {[]string{"From: <sip:+4930654321@p;user=phone;verstat=TN-Validation-Passed>;tag=1"}, true},
		"asserted":                {[]string{"From: <sip:x@p>;tag=1", "P-Asserted-Identity: <sip:+4930654321;verstat=TN-Validation-Passed@p>"}, true},
		"asserted, tel":           {[]string{"From: <sip:x@p>;tag=1", `P-Asserted-Identity: "Bob" <tel:+4930654321;cpc=ordinary;verstat=TN-Validation-Passed>`}, true},
		"asserted without":        {[]string{"From: <sip:030654321;verstat=TN-Validation-Passed@p>;tag=1", "P-Asserted-Identity: <tel:+4930654321>"}, true},
		"level A":                 {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed-A@p>;tag=1"}, true},
		"level B":                 {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed-B@p>;tag=1"}, true},
		"level C":                 {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed-C@p>;tag=1"}, true},
		"in other letters":        {[]string{"From: <sip:+4930654321;Verstat=tn-validation-passed@p>;tag=1"}, true},
		"national":                {[]string{"From: <sip:030654321;verstat=TN-Validation-Passed@p>;tag=1"}, true},
		"nothing":                 {[]string{"From: <sip:+4930654321@p>;tag=1"}, false},
		"failed":                  {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Failed@p>;tag=1"}, false},
		"failed, level A":         {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Failed-A@p>;tag=1"}, false},
		"not checked":             {[]string{"From: <sip:+4930654321;verstat=No-TN-Validation@p>;tag=1"}, false},
		"unknown":                 {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed-D@p>;tag=1"}, false},
		"two that disagree":       {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Passed@p>;tag=1", "P-Asserted-Identity: <tel:+4930654321;verstat=TN-Validation-Failed>"}, false},
		"two that disagree again": {[]string{"From: <sip:+4930654321;verstat=TN-Validation-Failed@p>;tag=1", "P-Asserted-Identity: <tel:+4930654321;verstat=TN-Validation-Passed>"}, false},
		"of another number":       {[]string{"From: <sip:+49301111;verstat=TN-Validation-Passed@p>;tag=1", "P-Asserted-Identity: <tel:+4930654321>"}, false},
		"in the name":             {[]string{`From: "<sip:+4930654321;verstat=TN-Validation-Passed@p>" <sip:+4930654321@p>;tag=1`}, false},
		"in the asserted name":    {[]string{"From: <sip:x@p>;tag=1", `P-Asserted-Identity: "a \" <tel:+4930654321;verstat=TN-Validation-Passed>" <tel:+4930654321>`}, false},
		"escaped":                 {[]string{"From: <sip:+4930654321%3Bverstat=TN-Validation-Passed@p>;tag=1"}, false},
		"in another header":       {[]string{"From: <sip:+4930654321@p>;tag=1", "P-Preferred-Identity: <tel:+4930654321;verstat=TN-Validation-Passed>", "Remote-Party-ID: <sip:+4930654321;verstat=TN-Validation-Passed@p>"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := sip.ParseMessage([]byte("INVITE sip:030123456@pbx SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n" + strings.Join(test.headers, "\r\n") + "\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			req, n := m.(*sip.Request), german()
			from, _ := callerOf(req, n)
			if got := vouched(req, n, from); from != number || got != test.want {
				t.Errorf("from %s, verified %v, want %s, %v", from, got, number, test.want)
			}
		})
	}
}

// Only what a trunk says counts, and only of a number that it shows.
func TestWhoCanSayThatACallerIsVerified(t *testing.T) {
	t.Parallel()
	b := newBed(t, localTrunk("sip"))
	const says = "P-Asserted-Identity: <tel:+4930654321;verstat=TN-Validation-Passed>"
	for name, test := range map[string]struct {
		headers []string
		want    bool
	}{
		"a trunk":                       {[]string{says}, true},
		"a trunk that says nothing":     {nil, false},
		"a trunk that hides the number": {[]string{says, "Privacy: id"}, false},
	} {
		s := newSide(newPeer(t, "udp", b.udp), "030654321", "030123456")
		s.send("INVITE", append(test.headers, plainSDP)...)
		c := b.take()
		if c.facts.Trunk != "sip" || c.facts.Verified != test.want {
			t.Errorf("%s: %+v", name, c.facts)
		}
		c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNotFound})
		s.response(404)
		s.sendBranch("ACK", s.cseq, s.invite)
	}

	phone := newSide(b.phone("100"), "100", "101")
	phone.call(says, plainSDP)
	c := b.take()
	if c.facts.Extension != "100" || c.facts.Verified || c.facts.From != "100" {
		t.Errorf("a phone: %+v", c.facts)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNotFound})
	phone.response(404)
	phone.sendBranch("ACK", phone.cseq, phone.invite)
}

// From says nothing: a call from a trunk's address is one of the trunk, unless it
// comes from a phone that is registered there, or holds credentials.
func TestWhoseCallItIs(t *testing.T) {
	t.Parallel()
	b := newBed(t, localTrunk("sip"))
	spoof := newSide(newPeer(t, "udp", b.udp), "100", "101")
	spoof.send("INVITE", plainSDP)
	c := b.take()
	if c.facts.Extension != "" || c.facts.Trunk != "sip" || c.facts.Context != "outside" {
		t.Errorf("%+v", c.facts)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNotFound})
	spoof.response(404)
	spoof.sendBranch("ACK", spoof.cseq, spoof.invite)

	s := newSide(b.phone("100"), "100", "101")
	s.call(plainSDP) // is challenged
	c = b.take()
	if c.facts.Extension != "100" || c.facts.Trunk != "" || c.facts.Context != "" {
		t.Errorf("%+v", c.facts)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNotFound})
	s.response(404)
	s.sendBranch("ACK", s.cseq, s.invite)

	wrong := newSide(newPeer(t, "udp", b.udp), "100", "101")
	wrong.send("INVITE", plainSDP, `Authorization: Digest username="100", realm="dialtone", nonce="x", uri="sip:101@dialtone", response="00000000000000000000000000000000"`)
	wrong.response(401)
	wrong.sendBranch("ACK", wrong.cseq, wrong.invite)
}

// A stranger is asked for credentials, and the log says once why it is no trunk. A
// phone that sends its first INVITE without is none.
func TestStrangers(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("a", func(t *config.Trunk) { t.Host = "192.0.2.1" }), localTrunk("b", func(t *config.Trunk) { t.Header = map[string]string{"X-Key": "1"} }))
	log := &b.log
	knocks := func(from string) {
		s := newSide(newPeer(t, "udp", b.udp), from, "+4990012345")
		s.send("INVITE", plainSDP)
		s.response(401)
		s.sendBranch("ACK", s.cseq, s.invite)
	}
	const line = "call of no trunk and without credentials"
	knocks("101")
	if n := log.count(line); n != 0 {
		t.Errorf("%d lines about a phone that is asked for the first time:\n%s", n, log)
	}
	knocks("eve")
	knocks("mallory")
	if n := log.count(line); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, log)
	}
	for _, part := range []string{"a: 127.0.0.1 is not ", "b: header X-Key is missing", "to=+4990012345", "from=eve"} {
		if log.count(part) != 1 {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
}

// Who says it is an extension and does not prove it is mentioned once, with the
// reason: wrong credentials at once, none at all when it comes again.
func TestSpoofedExtensionIsMentionedOnce(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("a"))
	const wrong = `Authorization: Digest username="100", realm="dialtone", nonce="%s", uri="sip:+4990012345@dialtone", response="00000000000000000000000000000000"`
	for range 3 {
		s := newSide(newPeer(t, "udp", b.udp), "100", "+4990012345")
		s.send("INVITE", plainSDP)
		c, err := digest.ParseChallenge(value(s.response(401), "WWW-Authenticate"))
		if err != nil {
			t.Fatal(err)
		}
		s.sendBranch("ACK", s.cseq, s.invite)
		s.send("INVITE", plainSDP, fmt.Sprintf(wrong, c.Nonce))
		s.response(401)
		s.sendBranch("ACK", s.cseq, s.invite)
	}
	if n := b.log.count("call not authenticated"); n != 1 || b.log.count(`reason="wrong password for extension 100"`) != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, &b.log)
	}
	const line = "call of no trunk and without credentials"
	if n := b.log.count(line); n != 0 {
		t.Errorf("%d lines about a call without credentials before its time:\n%s", n, &b.log)
	}
	b.ua.asked.mu.Lock()
	for who := range b.ua.asked.noted {
		b.ua.asked.noted[who] = time.Now().Add(-proofWithin)
	}
	b.ua.asked.mu.Unlock()
	for range 2 {
		s := newSide(newPeer(t, "udp", b.udp), "100", "+4990012345")
		s.send("INVITE", plainSDP)
		s.response(401)
		s.sendBranch("ACK", s.cseq, s.invite)
	}
	if n := b.log.count(line); n != 1 || b.log.count("from=100") < 1 {
		t.Errorf("%d lines, want 1:\n%s", n, &b.log)
	}
}

func TestStrangersAreCounted(t *testing.T) {
	t.Parallel()
	var s strangers
	now := time.Now()
	for i := range maxStrangers {
		if _, news := s.note(stranger{addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}, now); !news {
			t.Fatalf("the stranger %d is not mentioned", i)
		}
	}
	another := stranger{addr: netip.MustParseAddr("192.0.2.1")}
	if _, news := s.note(another, now); news || len(s.noted) != maxStrangers {
		t.Errorf("%d strangers are kept", len(s.noted))
	}
	later := now.Add(strangerRest)
	if _, news := s.note(another, later); !news || len(s.noted) != 1 {
		t.Errorf("%d strangers are kept after their time", len(s.noted))
	}
	if since, news := s.note(another, later.Add(time.Second)); news || !since.Equal(later) {
		t.Errorf("noted since %v, want %v", since, later)
	}
}

// What a phone claims as its address must not make us call a provider from our own
// address, which may be all that the provider looks at.
func TestPhonesCannotSteerCallsToATrunk(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *registrar.Contact, provider string){
		"contact": func(c *registrar.Contact, provider string) { c.URI = "sip:+4990012345@" + provider },
		"maddr": func(c *registrar.Contact, provider string) {
			host, port, _ := strings.Cut(provider, ":")
			c.URI = "sip:peer@192.0.2.7:" + port + ";maddr=" + host
		},
		"path": func(c *registrar.Contact, provider string) { c.Path = []string{"<sip:" + provider + ";lr>"} },
		"path and maddr": func(c *registrar.Contact, provider string) {
			host, port, _ := strings.Cut(provider, ":")
			c.Path = []string{"<sip:192.0.2.7:" + port + ";maddr=" + host + ";lr>"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, localTrunk("sip"))
			provider := newPeer(t, "udp", b.udp)
			p := b.phoneOn("tcp", "101")
			b.mu.Lock()
			c := &b.phones["101"][0]
			c.Status = registrar.Gone
			c.Peer.Remote = netip.MustParseAddrPort("192.0.2.7:5060")
			change(c, provider.addr())
			b.mu.Unlock()
			b.fails(b.wait(b.dial(context.Background(), "101", caller(), nil)).err, dialplan.CauseUnreachable)
			provider.silent(t1)
			p.silent(t1)
		})
	}
}

// A Route that a phone puts into its INVITE is for the way here. It steers nothing
// that we send, nor does what the phone says of itself in the dialog.
func TestRouteOfAPhoneIsNotFollowed(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"))
	provider, elsewhere := b.provider("sip"), newPeer(t, "udp", b.udp)
	s := newSide(b.phone("100"), "100", "030123456")
	steer := []string{fmt.Sprintf("Route: <sip:%s;lr>", elsewhere.addr()), fmt.Sprintf("Record-Route: <sip:%s;lr>", elsewhere.addr()), fmt.Sprintf("Contact: <sip:100@%s>", elsewhere.addr())}
	s.call(append(steer, plainSDP)...)
	c := b.take()
	out := b.outside(context.Background(), outgoing(c.facts.To, "sip"), nil)
	req := provider.request(sip.INVITE)
	if req.Route() != nil || req.Recipient.Host != "192.0.2.99" {
		t.Errorf("INVITE\n%v", req)
	}
	provider.reply(req, 486, "x")
	provider.request(sip.ACK)
	b.fails(b.wait(out).err, dialplan.CauseBusy)
	done := make(chan error, 1)
	go func() { done <- c.leg.Answer(context.Background(), both) }()
	s.rtag = tagOf(s.response(200).To().Params)
	s.ack(steer[2])
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseNormal})
	s.reply(s.request(sip.BYE), 200, "")
	elsewhere.silent(t1)
}

func german() numbering.Numbers { return new(numbering.Plans).Of(config.Trunk{Country: "DE"}, "") }
