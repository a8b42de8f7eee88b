package pbx_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// library is how a library for browsers writes its requests.
type library struct {
	agent    string
	contact  string // of REGISTER, behind the URI
	dialog   string // of the URI in dialogs
	headers  string // of INVITE
	supports string // of REGISTER
}

var (
	jsSIP = library{
		agent: "JsSIP 3.13.8", contact: `;+sip.instance="<urn:uuid:0d3f1c6e-5d0f-4c7e-9a55-6d1b1f6d7a01>";reg-id=1;expires=600`, dialog: ";ob",
		headers:  "Session-Expires: 90\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY\r\nSupported: timer,ice,replaces,outbound\r\n",
		supports: "path,gruu,outbound",
	}
	sipJS = library{
		agent: "SIP.js/0.21.2", contact: ";expires=600", dialog: ";ob",
		headers:  "Allow: ACK,CANCEL,INVITE,MESSAGE,BYE,OPTIONS,INFO,NOTIFY,REFER\r\nSupported: outbound\r\n",
		supports: "outbound, path, gruu",
	}
)

// browser is a page with such a library. It is the text that it sends.
type browser struct {
	t             *testing.T
	lib           library
	url, realm    string
	extension     string
	user, secret  string
	host, contact string // as in JsSIP: made once for the life of the page
	transport     string // in the Contact of REGISTER
	conn          *websocket.Conn
	cseq, branch  int
	tags          int
}

func (b *browser) open() {
	b.t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	origin := strings.Replace(strings.TrimSuffix(b.url, "/ws"), "wss", "https", 1)
	c, _, err := websocket.Dial(b.t.Context(), b.url, &websocket.DialOptions{ //nolint:bodyclose // it says that nobody has to
		HTTPClient: client, Subprotocols: []string{"sip"}, HTTPHeader: http.Header{"Origin": {origin}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if c.Subprotocol() != "sip" {
		b.t.Fatal("the subprotocol was not confirmed")
	}
	c.SetReadLimit(1 << 20)
	b.conn = c
	b.t.Cleanup(func() { _ = c.CloseNow() })
}

// said is one message as lines.
type said struct {
	first string
	textproto.MIMEHeader
	body, raw string
}

func (m said) method() string { method, _, _ := strings.Cut(m.first, " "); return method }

func (b *browser) send(text string) {
	b.t.Helper()
	if err := b.conn.Write(b.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		b.t.Fatal(err)
	}
}

// next waits for a message that begins with one of these; OPTIONS is answered on the way.
func (b *browser) next(want ...string) said {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, raw, err := b.conn.Read(ctx)
		if err != nil {
			b.t.Fatalf("waiting for %q: %v", want, err)
		}
		head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		first, rest, _ := strings.Cut(head, "\r\n")
		headers, err := textproto.NewReader(bufio.NewReader(strings.NewReader(rest + "\r\n\r\n"))).ReadMIMEHeader()
		if err != nil {
			b.t.Fatalf("%v in:\n%s", err, raw)
		}
		m := said{first, headers, body, string(raw)}
		for _, w := range want {
			if strings.HasPrefix(first, w) {
				return m
			}
		}
		switch {
		case m.method() == "OPTIONS" || m.method() == "NOTIFY":
			b.answer(m, "200 OK", "", "")
		case strings.HasPrefix(first, "SIP/2.0 1"):
		default:
			b.t.Fatalf("want %q, have:\n%s", want, raw)
		}
	}
}

// answer answers a request; tag is the browser's.
func (b *browser) answer(m said, status, tag, body string) {
	b.t.Helper()
	to := m.Get("To")
	if tag != "" && !strings.Contains(to, ";tag=") {
		to += ";tag=" + tag
	}
	text := "SIP/2.0 " + status + "\r\n"
	for _, via := range m.Values("Via") {
		text += "Via: " + via + "\r\n"
	}
	text += "To: " + to + "\r\nFrom: " + m.Get("From") + "\r\nCall-ID: " + m.Get("Call-Id") + "\r\nCSeq: " + m.Get("Cseq") + "\r\n"
	if m.method() == "INVITE" {
		text += "Contact: <sip:" + b.contact + "@" + b.host + ";transport=ws" + b.lib.dialog + ">\r\n"
	}
	if body != "" {
		text += "Content-Type: application/sdp\r\n"
	}
	b.send(text + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

func (b *browser) via() string {
	b.branch++
	return fmt.Sprintf("Via: SIP/2.0/WSS %s;branch=z9hG4bK%s%d\r\nMax-Forwards: 69\r\n", b.host, b.contact, b.branch)
}

// ask sends a request and once more with credentials; it gives the final answer.
func (b *browser) ask(method, uri, head, tail string) said {
	b.t.Helper()
	authorization := ""
	for {
		b.cseq++
		b.send(method + " " + uri + " SIP/2.0\r\n" + b.via() + head + fmt.Sprintf("CSeq: %d %s\r\n", b.cseq, method) + authorization +
			"User-Agent: " + b.lib.agent + "\r\n" + tail)
		m := b.next("SIP/2.0 2", "SIP/2.0 3", "SIP/2.0 4", "SIP/2.0 5", "SIP/2.0 6")
		if method == "INVITE" && !strings.HasPrefix(m.first, "SIP/2.0 2") {
			b.send("ACK " + uri + " SIP/2.0\r\nVia: " + m.Get("Via") + "\r\nMax-Forwards: 69\r\n" + strings.ReplaceAll(head, toOf(head), "To: "+m.Get("To")) +
				fmt.Sprintf("CSeq: %d ACK\r\nContent-Length: 0\r\n\r\n", b.cseq))
		}
		if authorization != "" || !strings.HasPrefix(m.first, "SIP/2.0 401") {
			return m
		}
		authorization = b.prove(method, uri, m.Get("Www-Authenticate"))
	}
}

func toOf(head string) string { return regexp.MustCompile(`To: [^\r]*`).FindString(head) }

func (b *browser) prove(method, uri, challenge string) string {
	nonce := regexp.MustCompile(`nonce="([^"]*)"`).FindStringSubmatch(challenge)[1]
	sum := func(parts ...string) string {
		h := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h[:])
	}
	response := sum(sum(b.user, b.realm, b.secret), nonce, "00000001", "c0ffee", "auth", sum(method, uri))
	return fmt.Sprintf(`Authorization: Digest algorithm=MD5, username=%q, realm=%q, nonce=%q, uri=%q, response=%q, qop=auth, cnonce="c0ffee", nc=00000001`+"\r\n",
		b.user, b.realm, nonce, uri, response)
}

func (b *browser) register() said {
	b.t.Helper()
	at := "<sip:" + b.extension + "@" + b.realm + ">"
	return b.ask("REGISTER", "sip:"+b.realm,
		"To: "+at+"\r\nFrom: "+at+";tag=reg"+b.contact+"\r\nCall-ID: reg"+b.contact+"\r\n",
		"Contact: <sip:"+b.contact+"@"+b.host+b.transport+">"+b.lib.contact+"\r\nExpires: 600\r\nSupported: "+b.lib.supports+"\r\nContent-Length: 0\r\n\r\n")
}

// talk is a call of a browser, from its side.
type talk struct {
	b                        *browser
	callID, local, far, peer string // From and To as the browser has them; the peer's Contact
}

func (b *browser) call(to string) *talk {
	b.t.Helper()
	b.tags++
	c := &talk{b: b, callID: fmt.Sprintf("call%d%s", b.tags, b.contact)}
	c.local = fmt.Sprintf("<sip:%s@%s>;tag=me%d", b.extension, b.realm, b.tags)
	uri := "sip:" + to + "@" + b.realm
	sdp := b.sdp("")
	m := b.ask("INVITE", uri, "To: <"+uri+">\r\nFrom: "+c.local+"\r\nCall-ID: "+c.callID+"\r\n",
		"Contact: <sip:"+b.contact+"@"+b.host+";transport=ws"+b.lib.dialog+">\r\nContent-Type: application/sdp\r\n"+b.lib.headers+fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(sdp), sdp))
	if !strings.HasPrefix(m.first, "SIP/2.0 200") {
		b.t.Fatalf("the call was refused:\n%s", m.raw)
	}
	c.far, c.peer = m.Get("To"), within(m.Get("Contact"))
	b.send("ACK " + c.peer + " SIP/2.0\r\n" + b.via() + c.head() + fmt.Sprintf("CSeq: %d ACK\r\nContent-Length: 0\r\n\r\n", b.cseq))
	return c
}

func (c *talk) head() string {
	return "To: " + c.far + "\r\nFrom: " + c.local + "\r\nCall-ID: " + c.callID + "\r\n"
}

// hangUp says BYE and waits for its answer.
func (c *talk) hangUp() {
	c.b.t.Helper()
	c.b.cseq++
	c.b.send("BYE " + c.peer + " SIP/2.0\r\n" + c.b.via() + c.head() + fmt.Sprintf("CSeq: %d BYE\r\nContent-Length: 0\r\n\r\n", c.b.cseq))
	c.b.next("SIP/2.0 200")
}

// isHungUp waits for BYE.
func (c *talk) isHungUp() {
	c.b.t.Helper()
	m := c.b.next("BYE")
	if m.Get("Call-Id") != c.callID || !strings.Contains(m.first, "sip:"+c.b.contact+"@"+c.b.host) {
		c.b.t.Fatalf("another call is hung up:\n%s", m.raw)
	}
	c.b.answer(m, "200 OK", "", "")
}

// take rings and takes the call that arrives.
func (b *browser) take() *talk {
	b.t.Helper()
	b.tags++
	m := b.next("INVITE")
	if !strings.Contains(m.Get("Via"), "SIP/2.0/WSS ") || !strings.Contains(m.Get("Contact"), ";transport=ws") {
		b.t.Fatalf("a browser does not know where that came from:\n%s", m.raw)
	}
	tag := fmt.Sprintf("me%d", b.tags)
	b.answer(m, "180 Ringing", tag, "")
	b.answer(m, "200 OK", tag, b.sdp(m.body))
	b.next("ACK")
	return &talk{b: b, callID: m.Get("Call-Id"), local: m.Get("To") + ";tag=" + tag, far: m.Get("From"), peer: within(m.Get("Contact"))}
}

func within(contact string) string {
	_, uri, _ := strings.Cut(contact, "<")
	uri, _, _ = strings.Cut(uri, ">")
	return uri
}

// sdp is an offer, or the answer to one. Nothing is sent where it says: these tests are of
// signalling.
func (b *browser) sdp(offer string) string {
	const head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	switch {
	case strings.Contains(offer, "RTP/SAVP "):
		return head + "m=audio 40998 RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\na=sendrecv\r\n"
	case !strings.Contains(offer, "a=fingerprint"):
		return head + "m=audio 40998 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
	}
	mid := regexp.MustCompile(`a=mid:(\S+)`).FindStringSubmatch(offer)
	return head + "a=group:BUNDLE " + mid[1] + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:" + mid[1] + "\r\na=rtcp-mux\r\na=setup:active\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n" +
		"a=candidate:1 1 udp 2130706431 127.0.0.1 40998 typ host\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
}
