package sipreg_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/pbx/registrar"
)

func TestRegister(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := startServer(t)
			p := s.phone(t, transport)
			p.send(p.contact(""), "Expires: 600")
			challenge := p.receive(5 * time.Second)
			if got := lines(challenge, "WWW-Authenticate: "); status(challenge) != "401 Unauthorized" || len(got) != 2 || !strings.Contains(got[0], "SHA-256") || !strings.Contains(got[1], "MD5") {
				t.Fatalf("first answer:\n%s", challenge)
			}
			if len(s.reg.All()) != 0 {
				t.Fatal("bound without a password")
			}
			res := p.register(p.contact(""), "Expires: 600", "User-Agent: Test 1.0")
			if status(res) != "200 OK" {
				t.Fatalf("answer:\n%s", res)
			}
			if got := lines(res, "Contact: "); len(got) != 1 || got[0] != "<sip:100@"+p.conn.LocalAddr().String()+">;expires=600" {
				t.Errorf("contacts are %q", got)
			}
			if date := lines(res, "Date: "); len(date) != 1 {
				t.Error("no Date")
			} else if at, err := http.ParseTime(date[0]); err != nil || time.Since(at).Abs() > time.Minute {
				t.Errorf("date is %s: %v", date[0], err)
			}
			found := s.reg.Lookup("100")
			if len(found) != 1 || found[0].Flow != p.conn.LocalAddr().String() || found[0].Transport != transport || found[0].UserAgent != "Test 1.0" || found[0].NAT {
				t.Errorf("registered as %+v", found)
			}
			if res := p.register(p.contact(";expires=0")); status(res) != "200 OK" || len(lines(res, "Contact: ")) != 0 || len(s.reg.All()) != 0 {
				t.Errorf("after unregistering there are %d, answer:\n%s", len(s.reg.All()), res)
			}
		})
	}
}

// TestRegisterContacts: what is asked for and what the 200 lists.
func TestRegisterContacts(t *testing.T) {
	tests := []struct {
		name string
		ask  [][]string
		want []string
	}{
		{"asking only", [][]string{{}}, nil},
		{"expires in the Contact goes first", [][]string{{"Contact: <sip:a@h>;expires=90, <sip:b@h>", "Expires: 120"}}, []string{"<sip:a@h>;expires=90", "<sip:b@h>;expires=120"}},
		{"nothing asked", [][]string{{"Contact: sip:a@h"}}, []string{"<sip:a@h>;expires=3600"}},
		{"more than is granted", [][]string{{"Contact: <sip:a@h>", "Expires: 99999999999"}}, []string{"<sip:a@h>;expires=3600"}},
		{"an expiry that cannot be read", [][]string{{"Contact: <sip:a@h>;expires=\"soon\""}}, []string{"<sip:a@h>;expires=3600"}},
		{"q", [][]string{{"m: <sip:a@h>;q=0.75"}}, []string{"<sip:a@h>;expires=3600;q=0.75"}},
		{
			"instance and reg-id",
			[][]string{{`Contact: "Al" <sip:a@h;ob>;reg-id=1;+sip.instance="<urn:uuid:0-1>"`}},
			[]string{`<sip:a@h;ob>;expires=3600;+sip.instance="<urn:uuid:0-1>";reg-id=1`},
		},
		{
			"instance comes back from another place",
			[][]string{{`Contact: <sip:a@h>;reg-id=1;+sip.instance="<urn:1>"`}, {`Contact: <sip:b@h>;+SIP.Instance="<urn:1>";Reg-ID=1`}},
			[]string{`<sip:b@h>;expires=3600;+sip.instance="<urn:1>";reg-id=1`},
		},
		{"reg-id alone means nothing", [][]string{{`Contact: <sip:a@h>;reg-id=1`}}, []string{`<sip:a@h>;expires=3600`}},
		{"wildcard", [][]string{{"Contact: <sip:a@h>, <sip:b@h>"}, {"Contact: *", "Expires: 0"}}, nil},
		{"all are listed, not only those of the request", [][]string{{"Contact: <sip:a@h>"}, {"Contact: <sip:b@h>"}}, []string{"<sip:a@h>;expires=3600", "<sip:b@h>;expires=3600"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := startServer(t).phone(t, "udp")
			var res string
			for _, ask := range tt.ask {
				res = p.register(ask...)
			}
			if got := lines(res, "Contact: "); status(res) != "200 OK" || fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %q\nwant %q\n%s", got, tt.want, res)
			}
		})
	}
}

func TestRegisterRefusals(t *testing.T) {
	tests := []struct {
		name   string
		ask    []string
		status string
		header string
	}{
		{"too brief", []string{"Contact: <sip:new@h>;expires=59"}, "423 Interval Too Brief", "Min-Expires: 60"},
		{"another's extension", []string{"Contact: <sip:new@h>", "To: <sip:101@dialtone>"}, "403 Not Your Extension", ""},
		{"nobody's extension", []string{"Contact: <sip:new@h>", "To: <sip:dialtone>"}, "403 Not Your Extension", ""},
		{"one too many", []string{"Contact: <sip:new@h>"}, "403 Too Many Contacts", ""},
		{"older than the last", []string{"Contact: <sip:a@h>"}, "500 CSeq Out Of Order", ""},
		{"wildcard that does not remove", []string{"Contact: *", "Expires: 60"}, "400 Contact * Wants Expires 0 And No Other Contact", ""},
		{"wildcard without Expires", []string{"Contact: *"}, "400 Contact * Wants Expires 0 And No Other Contact", ""},
		{"wildcard and more", []string{"Contact: *", "Contact: <sip:new@h>", "Expires: 0"}, "400 Contact * Wants Expires 0 And No Other Contact", ""},
		{"no SIP URI", []string{"Contact: <mailto:a@h>"}, "400 Contact Is No SIP URI", ""},
		{"q above 1", []string{"Contact: <sip:new@h>;q=1.1"}, "400 Bad q In Contact", ""},
		{"q that is none", []string{"Contact: <sip:new@h>;q=NaN"}, "400 Bad q In Contact", ""},
		{"reg-id of 0", []string{"Contact: <sip:new@h>;reg-id=0"}, "400 Bad reg-id In Contact", ""},
		{"path without brackets", []string{"Contact: <sip:new@h>", "Path: sip:edge"}, "400 Bad Path", ""},
		{"path without end", []string{"Contact: <sip:new@h>", "Path: " + strings.Repeat("<sip:edge>,", 9)}, "400 Path Too Long", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t, func(c *config.Config) { c.Registrar.MaxContacts, c.Registrar.WhenFull = 1, "reject" })
			p := s.phone(t, "udp")
			p.cseq = 10
			if res := p.register("Contact: <sip:a@h>"); status(res) != "200 OK" {
				t.Fatal(res)
			}
			if tt.name == "older than the last" {
				p.cseq = 4
			}
			res := p.register(tt.ask...)
			if status(res) != tt.status || !strings.Contains(res, tt.header) {
				t.Errorf("want %s, %s; got:\n%s", tt.status, tt.header, res)
			}
			if all := s.reg.All(); len(all) != 1 || all[0].URI != "sip:a@h" {
				t.Errorf("bound is %+v", all)
			}
		})
	}
}

// TestPathAndOutbound: RFC 3327 §5.3, RFC 5626 §6.
func TestPathAndOutbound(t *testing.T) {
	contact := `Contact: <sip:a@h>;reg-id=1;+sip.instance="<urn:1>"`
	tests := []struct {
		name          string
		ask           []string
		path, require string
	}{
		{"path supported", []string{contact, "Path: <sip:p1;lr>, <sip:p2;lr>", "Supported: timer, PATH"}, "[<sip:p1;lr> <sip:p2;lr>]", "[]"},
		{"path not supported", []string{contact, "Path: <sip:p1;lr>"}, "[]", "[]"},
		{"outbound", []string{contact, "Supported: outbound"}, "[]", "[outbound]"},
		{"outbound not supported", []string{contact}, "[]", "[]"},
		{"outbound without reg-id", []string{"Contact: <sip:a@h>", "Supported: outbound"}, "[]", "[]"},
		{"outbound through a proxy that keeps flows", []string{contact, "Path: <sip:p1;lr;ob>", "k: outbound,path"}, "[<sip:p1;lr;ob>]", "[outbound]"},
		{"outbound through one that does not", []string{contact, "Path: <sip:p1;lr>", "k: outbound"}, "[]", "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t)
			res := s.phone(t, "udp").register(tt.ask...)
			if path, require := fmt.Sprint(lines(res, "Path: ")), fmt.Sprint(lines(res, "Require: ")); path != tt.path || require != tt.require {
				t.Errorf("path %s, want %s; require %s, want %s", path, tt.path, require, tt.require)
			}
			if len(lines(res, "Supported: ")) != 1 {
				t.Error("no Supported")
			}
			if strings.Contains(fmt.Sprint(tt.ask), "Path") && len(s.reg.Lookup("100")[0].Path) == 0 {
				t.Error("path is not kept")
			}
		})
	}
}

func TestNATIsNoticed(t *testing.T) {
	s := startServer(t)
	udp, tcp := s.phone(t, "udp"), s.phone(t, "tcp")
	_, port, _ := strings.Cut(udp.conn.LocalAddr().String(), ":")
	tests := []struct {
		p    *phone
		host string
		want bool
	}{
		{udp, "127.0.0.1:" + port, false},
		{udp, "127.0.0.1", true},
		{udp, "192.168.1.5:" + port, true},
		{udp, "phone.local:" + port, true},
		{tcp, "127.0.0.1", false},
		{tcp, "x.invalid;transport=ws", true},
	}
	for _, tt := range tests {
		if res := tt.p.register("Contact: <sip:a@" + tt.host + ">"); status(res) != "200 OK" {
			t.Fatal(res)
		}
		found := s.reg.Lookup("100")
		if got := found[0].NAT; got != tt.want {
			t.Errorf("%s %s: NAT %v, want %v", tt.p.transport, tt.host, got, tt.want)
		}
		s.reg.Remove(found[0].ContactKey, "")
		if tt.p.nc > 40 {
			tt.p.nonce = ""
		}
	}
}

// TestWrongPasswords: an extension that exists and one that does not are answered
// alike, then not at all.
func TestWrongPasswords(t *testing.T) {
	shape := func(res string) string {
		return nonceIn.ReplaceAllString(status(res)+fmt.Sprint(lines(res, "WWW-")), "")
	}
	var answers [2]string
	for i, user := range []string{"100", "999"} {
		s := startServer(t)
		p := s.phone(t, "udp")
		p.user, p.password = user, "wrong"
		for range 3 {
			answers[i] += shape(p.register("Contact: <sip:a@h>"))
			p.nonce = ""
		}
		p.send("Contact: <sip:a@h>")
		p.nonce = nonceIn.FindStringSubmatch(p.receive(5 * time.Second))[1]
		p.send("Contact: <sip:a@h>") // not answered: the next answer is to the next request
		p.nonce = ""
		p.send("Contact: <sip:a@h>")
		if res, want := p.receive(5*time.Second), fmt.Sprint(p.cseq, " REGISTER"); lines(res, "CSeq: ")[0] != want {
			t.Errorf("%s: after three wrong passwords, instead of silence:\n%s", user, res)
		}
		if len(s.reg.All()) != 0 {
			t.Error("bound with a wrong password")
		}
	}
	if answers[0] != answers[1] {
		t.Errorf("an extension that exists gets\n%s\none that does not\n%s", answers[0], answers[1])
	}
}

// TestClosedConnection: its contacts are gone at once.
func TestClosedConnection(t *testing.T) {
	s := startServer(t)
	events, stop := s.reg.Subscribe()
	defer stop()
	p := s.phone(t, "tcp")
	if res := p.register("Contact: <sip:a@10.0.0.9:5060;transport=tcp>"); status(res) != "200 OK" {
		t.Fatal(res)
	}
	if len(s.reg.Lookup("100")) != 1 {
		t.Fatal("not registered")
	}
	p.conn.Close()
	for e := range events {
		if e.Kind == registrar.Closed {
			break
		}
	}
	if found := s.reg.Lookup("100"); len(found) != 0 {
		t.Errorf("still found at %v", found)
	}
}

// BenchmarkRegister is a refresh with digest, from the phone's socket to its
// answer; the time includes the phone's own work.
func BenchmarkRegister(b *testing.B) {
	s := startServer(b)
	p := s.phone(b, "udp")
	contact := p.contact("")
	if res := p.register(contact); status(res) != "200 OK" {
		b.Fatal(res)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.send(contact)
		if res := p.receive(5 * time.Second); status(res) != "200 OK" {
			b.Fatal(res)
		}
	}
}
