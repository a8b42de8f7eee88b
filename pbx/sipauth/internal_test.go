package sipauth

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestRFC7616Examples are those of RFC 7616 §3.9.1.
func TestRFC7616Examples(t *testing.T) {
	tests := []struct{ algorithm, response string }{
		{"MD5", "8ca523f5e9506fed4657c9700eebdbec"},
		{"SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	}
	for _, tt := range tests {
		c, err := parseCredentials(`Digest username="Mufasa",
       realm="http-auth@example.org",
       uri="/dir/index.html",
       algorithm=` + tt.algorithm + `,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       nc=00000001,
       cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
       qop=auth,
       response="` + tt.response + `",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
		if err != nil {
			t.Fatal(err)
		}
		if !c.matches("GET", "Circle of Life") {
			t.Errorf("%s: the example's response is not accepted", tt.algorithm)
		}
		if c.matches("GET", "Circle of life") || c.matches("POST", "Circle of Life") {
			t.Errorf("%s: a wrong password or method is accepted", tt.algorithm)
		}
	}
}

func TestParseCredentials(t *testing.T) {
	const rest = `realm="r", nonce="n", uri="sip:h", response="x"`
	good := []struct{ value, username string }{
		{`Digest username="100",` + rest, "100"},
		{"digest\tUSERNAME = \"100\" , " + rest, "100"},
		{`DIGEST username=100,` + rest, "100"},
		{`Digest ,,username="a\"b\\c",` + rest + ",", `a"b\c`},
		{`Digest username="a, b=c",` + rest, "a, b=c"},
		{`Digest username="100",x-more="1",x-more="2",` + rest, "100"},
		{"Digest username=\"100\",\r\n " + rest, "100"},
	}
	for _, tt := range good {
		if c, err := parseCredentials(tt.value); err != nil || c.username != tt.username || c.response != "x" {
			t.Errorf("%s: %+v, %v", tt.value, c, err)
		}
	}
	bad := []struct{ value, says string }{
		{``, "not Digest"},
		{`Basic abc`, "not Digest"},
		{`Digest`, "not a list"},
		{`Digestusername="1"`, "not Digest"},
		{`Digest username`, "not a list"},
		{`Digest username="1" realm="2"`, "not a list"},
		{`Digest username="1`, "not closed"},
		{`Digest username="1\"`, "not closed"},
		{`Digest username="1` + "\n" + `"`, "not a list"},
		{`Digest username=a"b, ` + rest, "not a list"},
		{`Digest ` + rest, "missing"},
		{`Digest username="1", username="2",` + rest, "username is there twice"},
		{`Digest username="1", qop=auth-int,` + rest, "qop"},
		{`Digest username="1", qop=auth,` + rest, "cnonce"},
		{`Digest username="1", qop=auth, cnonce=1, nc=xyz,` + rest, "nc"},
		{`Digest username="1", qop=auth, cnonce=1, nc=100000000,` + rest, "nc"},
		{`Digest username="1", userhash=true,` + rest, "userhash"},
		{`Digest ` + strings.Repeat("a=b,", 40) + rest, "more than 32"},
		{`Digest username="` + strings.Repeat("x", 5000) + `",` + rest, "at most 4096"},
	}
	for _, tt := range bad {
		if _, err := parseCredentials(tt.value); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.80s: error %v, want one that says %q", tt.value, err, tt.says)
		}
	}
}

// FuzzCredentials: whatever parses means the same when written out plainly.
func FuzzCredentials(f *testing.F) {
	f.Add(`Digest username="100", realm="r", nonce="n", uri="sip:h", response="x"`)
	f.Add(`digest username=100,realm=r,nonce=n,uri=sip:h,response=x,qop="auth",nc=1,cnonce="a\"b"`)
	f.Add(`Digest username="\\\"", , realm="", nonce = n`)
	f.Fuzz(func(t *testing.T, value string) {
		c, err := parseCredentials(value)
		if err != nil {
			return
		}
		quote := func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		plain := "Digest username=" + quote(c.username) + ",realm=" + quote(c.realm) + ",nonce=" + quote(c.nonce) + ",uri=" + quote(c.uri) +
			",response=" + quote(c.response) + ",algorithm=" + quote(c.algorithm) + ",cnonce=" + quote(c.cnonce) + ",qop=" + quote(c.qop) +
			",nc=" + quote(c.nc) + ",userhash=" + quote(c.userhash)
		if len(plain) > maxHeaderBytes || strings.ContainsAny(plain, "\r\n\x00") {
			return // an escaped one cannot be written
		}
		again, err := parseCredentials(plain)
		again.set = c.set
		if err != nil || again != c {
			t.Errorf("%q is %+v\nwritten out %+v, %v", value, c, again, err)
		}
		c.matches("REGISTER", "password")
		sameTarget(c.uri, value)
	})
}

func TestSameTarget(t *testing.T) {
	tests := []struct {
		signed, requested string
		want              bool
	}{
		{"sip:h", "sip:other:5060;transport=tcp", true},
		{"sip:100@h", "sip:100@other", true},
		{"sips:%31%30%30@h", "sip:100@h;user=phone", true},
		{"<sip:100@h>", "sip:100@h", true},
		{"sip:100;phone-context=x@h", "sip:100@h", true},
		{"sip:100@h", "sip:101@h", false},
		{"sip:h", "sip:101@h", false},
		{"100", "sip:100@h", false},
		{"", "", false},
	}
	for _, tt := range tests {
		if got := sameTarget(tt.signed, tt.requested); got != tt.want {
			t.Errorf("signed %s, requested %s: %v, want %v", tt.signed, tt.requested, got, tt.want)
		}
	}
}

// TestReplaysAreBounded: beyond the limit the oldest nonces are refused, never
// forgotten.
func TestReplaysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplays(time.Now())
		issue := func(i int) *nonce {
			n := &nonce{issued: time.Now()}
			n.id[0], n.id[1], n.id[2] = byte(i), byte(i>>8), byte(i>>16)
			return n
		}
		first := issue(0)
		if !r.use(first, 1, time.Now()) {
			t.Fatal("first use refused")
		}
		for i := 1; i < maxNonces*3/2; i++ {
			if i%(maxNonces/4) == 0 {
				time.Sleep(time.Second)
			}
			if !r.use(issue(i), 1, time.Now()) {
				t.Fatalf("nonce %d refused when it was new", i)
			}
			if r.total > maxNonces {
				t.Fatalf("%d nonces are kept, the limit is %d", r.total, maxNonces)
			}
		}
		if r.use(first, 1, time.Now()) || r.use(first, 2, time.Now()) {
			t.Error("a nonce that is no longer remembered was accepted")
		}
		time.Sleep(2 * nonceLife)
		r.use(issue(1), 1, time.Now())
		if r.total != 1 || len(r.issued) != 1 {
			t.Errorf("%d nonces in %d seconds are left when all but one are too old", r.total, len(r.issued))
		}
	})
}

func TestFailuresAreBounded(t *testing.T) {
	now := time.Now()
	f := newFailures(now)
	for i := range 5 * maxFailureKeys {
		k := failureKey{user: strings.Repeat("x", i%60)}
		k.source[0], k.source[1], k.source[2] = byte(i), byte(i>>8), byte(i>>16)
		f.add(k, 10, now)
	}
	if n := len(f.young) + len(f.old); n > 2*maxFailureKeys {
		t.Errorf("%d pairs are kept, the limit is %d", n, 2*maxFailureKeys)
	}
}

// Who is blocked stays so however many others come, as long as there is room.
func TestLocksOutlastFloods(t *testing.T) {
	now := time.Now()
	f := newFailures(now)
	add := func(i, times int, limit int) failureKey {
		k := failureKey{user: "x"}
		k.source[0], k.source[1], k.source[2] = byte(i), byte(i>>8), byte(i>>16)
		for range times {
			f.add(k, limit, now)
		}
		return k
	}
	first := add(0, 3, 3)
	for i := range 3 * maxFailureKeys {
		add(i+1, 1, 3)
	}
	for i := range 2 * maxLocked {
		add(i+1<<20, 3, 3)
	}
	if !f.blocked(first, now) {
		t.Error("others had the first one forgotten")
	}
	if len(f.locked) > maxLocked || len(f.young)+len(f.old) > 2*maxFailureKeys {
		t.Errorf("%d blocked, %d and %d others are kept", len(f.locked), len(f.young), len(f.old))
	}
	now = now.Add(failureWindow)
	if f.blocked(first, now) {
		t.Error("it is blocked for ever")
	}
	if add(1<<22, 3, 3); len(f.locked) != 1 {
		t.Errorf("%d are left of those that are no longer blocked", len(f.locked)-1)
	}
}

func TestTag(t *testing.T) {
	n := newNonces()
	tag := func(s string) sourceTag { return n.tag(netip.MustParseAddr(s)) }
	if tag("192.0.2.1") != tag("::ffff:192.0.2.1") || tag("2001:db8::1") != tag("2001:db8::2") || tag("fe80::1%eth0") != tag("fe80::1") {
		t.Error("the same sender has two tags")
	}
	if tag("192.0.2.1") == tag("192.0.2.2") || tag("2001:db8::1") == tag("2001:db8:0:1::1") {
		t.Error("two senders have the same tag")
	}
}
