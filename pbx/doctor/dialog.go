package doctor

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// phone is one on a wire, which asks one thing after the other.
type phone struct {
	wire
	user, domain string
	callID, tag  string
	cseq         int
}

func newPhone(w wire, user, domain string) *phone {
	return &phone{wire: w, user: user, domain: domain, callID: rand.Text(), tag: rand.Text()[:10]}
}

// response is an answer to a request.
type response struct {
	status int
	reason string
	header textproto.MIMEHeader
	body   string
	took   time.Duration
}

// statusLine is how an answer begins.
var statusLine = regexp.MustCompile(`^SIP/2\.0 (\d{3}) (.*)$`)

const (
	resendAfter = 500 * time.Millisecond // on UDP (RFC 3261 §17.1)
	answerTime  = 4 * time.Second
)

// request is one to send.
type request struct {
	method, uri string
	to          string // with its tag, once there is one
	headers     []string
	body, kind  string
}

// write makes the text of a request.
func (p *phone) write(r request, branch string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("%s %s SIP/2.0", r.method, r.uri)
	line("Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport", p.name(), p.at(), branch)
	line("Max-Forwards: 70")
	line("From: <sip:%s@%s>;tag=%s", p.user, p.domain, p.tag)
	line("To: %s", r.to)
	line("Call-ID: %s", p.callID)
	line("CSeq: %d %s", p.cseq, r.method)
	transport := strings.ToLower(p.name())
	if transport == "wss" {
		transport = "ws"
	}
	line("Contact: <sip:%s@%s;transport=%s>", p.user, p.at(), transport)
	line("User-Agent: Dialtone doctor")
	for _, h := range r.headers {
		line("%s", h)
	}
	if r.body != "" {
		line("Content-Type: %s", r.kind)
	}
	line("Content-Length: %d", len(r.body))
	return b.String() + "\r\n" + r.body
}

// do sends a request and waits for its final answer.
func (p *phone) do(ctx context.Context, r request) (response, error) {
	p.cseq++
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	text, began := p.write(r, rand.Text()), time.Now()
	if err := p.send(ctx, text); err != nil {
		return response{}, err
	}
	for {
		wait, stop := ctx, func() {}
		if p.name() == "UDP" {
			wait, stop = context.WithTimeout(ctx, resendAfter)
		}
		got, err := p.read(wait)
		stop()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return response{}, errors.New("no answer within " + answerTime.String())
		case p.name() == "UDP" && wait.Err() != nil:
			if err := p.send(ctx, text); err != nil {
				return response{}, err
			}
			continue
		default:
			return response{}, err
		}
		answer, mine := p.parse(got, r.method)
		if mine && answer.status >= 200 {
			answer.took = time.Since(began)
			return answer, nil
		}
	}
}

// parse reads an answer to our last request.
func (p *phone) parse(text, method string) (a response, mine bool) {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	first, rest, _ := strings.Cut(head, "\r\n")
	m := statusLine.FindStringSubmatch(first)
	if m == nil {
		return a, false
	}
	a.status, _ = strconv.Atoi(m[1])
	a.reason, a.body = m[2], body
	var err error
	if a.header, err = textproto.NewReader(bufio.NewReader(strings.NewReader(rest + "\r\n\r\n"))).ReadMIMEHeader(); err != nil {
		return a, false
	}
	return a, a.header.Get("Call-Id") == p.callID && strings.TrimSpace(a.header.Get("Cseq")) == fmt.Sprintf("%d %s", p.cseq, method)
}

// options asks whether somebody is there.
func (p *phone) options(ctx context.Context) (response, error) {
	uri := "sip:" + p.domain
	return p.do(ctx, request{method: "OPTIONS", uri: uri, to: "<" + uri + ">"})
}

// talk is a call that was answered.
type talk struct {
	*phone
	remote string // where requests in the dialog go
	to     string
	answer response
}

// call rings a number, proves who it is when that is asked, and acknowledges the answer.
func (p *phone) call(ctx context.Context, number, username, password, offer string) (*talk, error) {
	uri := "sip:" + number + "@" + p.domain
	r := request{method: "INVITE", uri: uri, to: "<" + uri + ">", body: offer, kind: "application/sdp"}
	answer, err := p.do(ctx, r)
	if err != nil {
		return nil, err
	}
	if answer.status == 401 {
		p.acknowledge(ctx, r, answer)
		r.headers = []string{"Authorization: " + authorization(answer.header.Get("Www-Authenticate"), "INVITE", uri, username, password)}
		if answer, err = p.do(ctx, r); err != nil {
			return nil, err
		}
	}
	t := &talk{phone: p, remote: uri, to: answer.header.Get("To"), answer: answer}
	if answer.status >= 300 {
		p.acknowledge(ctx, r, answer)
		return nil, fmt.Errorf("the call was answered with %d %s", answer.status, answer.reason)
	}
	if c := contact.FindStringSubmatch(answer.header.Get("Contact")); c != nil {
		t.remote = c[1]
	}
	p.acknowledge(ctx, request{uri: t.remote}, answer)
	return t, nil
}

var contact = regexp.MustCompile(`<([^>]+)>`)

// acknowledge sends the ACK. That of a refusal belongs to the transaction of the INVITE
// (RFC 3261 §17.1.1.3).
func (p *phone) acknowledge(ctx context.Context, r request, answer response) {
	_ = p.send(ctx, p.write(request{method: "ACK", uri: r.uri, to: answer.header.Get("To")}, branchOf(answer))) // lost ones are asked for again
}

func branchOf(a response) string {
	_, branch, _ := strings.Cut(a.header.Get("Via"), "branch=z9hG4bK")
	branch, _, _ = strings.Cut(branch, ";")
	if a.status < 300 {
		return rand.Text()
	}
	return branch
}

// hangUp ends the call.
func (t *talk) hangUp(ctx context.Context) error {
	a, err := t.do(ctx, request{method: "BYE", uri: t.remote, to: t.to})
	if err == nil && a.status >= 300 {
		err = fmt.Errorf("the end of the call was answered with %d %s", a.status, a.reason)
	}
	return err
}

// audio is where a session description says that audio is to be sent.
func audio(body string) (to netip.AddrPort, format string, err error) {
	var host netip.Addr
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if text, found := strings.CutPrefix(line, "c=IN IP"); found && len(text) > 2 {
			if host, err = netip.ParseAddr(strings.Fields(text[2:])[0]); err != nil {
				return to, "", err
			}
		}
		if text, found := strings.CutPrefix(line, "m=audio "); found {
			f := strings.Fields(text)
			port, err := strconv.ParseUint(f[0], 10, 16)
			if err != nil || len(f) < 3 || port == 0 {
				return to, "", errors.New("the server does not want audio")
			}
			to, format = netip.AddrPortFrom(host, uint16(port)), f[2]
		}
	}
	if !to.IsValid() || !host.IsValid() {
		return to, "", errors.New("the server does not say where to send audio")
	}
	return netip.AddrPortFrom(host, to.Port()), format, nil
}
