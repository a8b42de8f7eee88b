package sipua

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// patience is how long a test waits for something that has to happen.
const patience = 5 * time.Second

// peer is a scripted phone: it sends what a test tells it to, and hands over what
// it receives, repeated messages once.
type peer struct {
	t         *testing.T
	transport string
	conn      net.Conn
	in        chan sip.Message
	keepAll   atomic.Bool // repeated messages, too
	mu        sync.Mutex
	seen      map[string]bool
	onRequest func(*sip.Request) bool // true: handled, not handed over
}

var branches atomic.Uint64

func newPeer(t *testing.T, network string, edge netip.AddrPort) *peer {
	t.Helper()
	conn, err := net.Dial(network, edge.String())
	if err != nil {
		t.Fatal(err)
	}
	return newPeerOn(t, network, conn)
}

func newPeerOn(t *testing.T, network string, conn net.Conn) *peer {
	t.Helper()
	p := &peer{t: t, transport: strings.ToUpper(network), conn: conn, in: make(chan sip.Message, 256), seen: map[string]bool{}}
	done := make(chan struct{})
	go func() { defer close(done); p.read() }()
	t.Cleanup(func() { conn.Close(); <-done })
	return p
}

func (p *peer) addr() string { return p.conn.LocalAddr().String() }

func (p *peer) read() {
	if p.transport == "TCP" {
		p.readStream()
		return
	}
	b := make([]byte, 65535)
	for {
		n, err := p.conn.Read(b)
		if err != nil {
			return
		}
		p.take(string(b[:n]))
	}
}

func (p *peer) readStream() {
	r := bufio.NewReader(p.conn)
	for {
		var head strings.Builder
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				if head.Len() == 0 {
					continue
				}
				break
			}
			if k, v, _ := strings.Cut(line, ":"); strings.EqualFold(k, "Content-Length") {
				length, _ = strconv.Atoi(strings.TrimSpace(v))
			}
			head.WriteString(line)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		p.take(head.String() + "\r\n" + string(body))
	}
}

func (p *peer) take(text string) {
	if strings.TrimSpace(text) == "" {
		return // keeps the way open
	}
	m, err := sip.ParseMessage([]byte(text))
	if err != nil {
		p.t.Errorf("peer cannot read %v\n%s", err, text)
		return
	}
	p.mu.Lock()
	again := p.seen[text] && !p.keepAll.Load()
	p.seen[text] = true
	hook := p.onRequest
	p.mu.Unlock()
	if again {
		return
	}
	if req, ok := m.(*sip.Request); ok && hook != nil && hook(req) {
		return
	}
	p.in <- m
}

// serve has f handle requests; those for which it says false are handed over.
func (p *peer) serve(f func(*sip.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onRequest = f
}

func (p *peer) write(text string) {
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Errorf("peer cannot send: %v", err)
	}
}

// next is what arrives next, without 100.
func (p *peer) next() sip.Message {
	p.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case m := <-p.in:
			if res, ok := m.(*sip.Response); ok && res.StatusCode == 100 {
				continue
			}
			return m
		case <-timer.C:
			p.t.Fatal("nothing arrived at the peer")
		}
	}
}

// request expects a request of that method.
func (p *peer) request(method sip.RequestMethod) *sip.Request {
	p.t.Helper()
	req, ok := p.next().(*sip.Request)
	if !ok || req.Method != method {
		p.t.Fatalf("peer got\n%v\nwant %s", req, method)
	}
	return req
}

// response expects a response with that status.
func (p *peer) response(status int) *sip.Response {
	p.t.Helper()
	m := p.next()
	res, ok := m.(*sip.Response)
	if !ok || res.StatusCode != status {
		p.t.Fatalf("peer got\n%v\nwant status %d", m, status)
	}
	return res
}

// silent checks that nothing more arrives for d.
func (p *peer) silent(d time.Duration) {
	p.t.Helper()
	select {
	case m := <-p.in:
		p.t.Fatalf("peer got\n%v\nwant silence", m)
	case <-time.After(d):
	}
}

// reply answers req. Lines of extra are headers, a body follows an empty line.
func (p *peer) reply(req *sip.Request, status int, tag string, extra ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, "Text")
	for _, v := range req.GetHeaders("Via") {
		fmt.Fprintf(&b, "Via: %s\r\n", v.Value())
	}
	to := req.To().Value()
	if tag != "" && !strings.Contains(to, ";tag=") {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n", req.From().Value(), to, req.CallID().Value(), req.CSeq().Value())
	if status < 300 && status > 100 {
		fmt.Fprintf(&b, "Contact: <%s>\r\n", p.uri("peer"))
	}
	p.finish(&b, extra)
}

func (p *peer) uri(user string) string {
	return "sip:" + user + "@" + p.addr() + ";transport=" + strings.ToLower(p.transport)
}

// finish adds headers and body and sends.
func (p *peer) finish(b *strings.Builder, extra []string) {
	body := ""
	for _, x := range extra {
		if strings.HasPrefix(x, "v=0") {
			body = x
			b.WriteString("Content-Type: application/sdp\r\n")
			continue
		}
		if text, ok := strings.CutPrefix(x, "body:"); ok {
			body = text
			continue
		}
		b.WriteString(x + "\r\n")
	}
	fmt.Fprintf(b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	p.write(b.String())
}

// side is the peer's end of one dialog.
type side struct {
	*peer
	callID        string
	local, remote string // addresses without tags
	ltag, rtag    string
	target        string
	cseq          int
	invite        string // branch of the last INVITE
}

func newSide(p *peer, from, to string) *side {
	n := branches.Add(1)
	return &side{
		peer: p, callID: fmt.Sprintf("call%d@peer", n), ltag: fmt.Sprintf("tag%d", n),
		local: "<sip:" + from + "@dialtone>", remote: "<sip:" + to + "@dialtone>", target: "sip:" + to + "@dialtone",
	}
}

// sideOf is the callee's end of the dialog that an INVITE of ours begins.
func sideOf(p *peer, req *sip.Request, tag string) *side {
	return &side{
		peer: p, callID: req.CallID().Value(), ltag: tag, rtag: tagOf(req.From().Params),
		local: req.To().Value(), remote: "<" + req.From().Address.String() + ">", target: req.Contact().Address.String(), cseq: 100,
	}
}

// send sends a request in the dialog with the next CSeq and returns its branch.
func (s *side) send(method string, extra ...string) string {
	s.cseq++
	return s.sendAs(method, s.cseq, extra...)
}

func (s *side) sendAs(method string, cseq int, extra ...string) string {
	branch := fmt.Sprintf("z9hG4bKpeer%d", branches.Add(1))
	if method == "INVITE" {
		s.invite = branch
	}
	if method == "CANCEL" {
		branch = s.invite
	}
	s.sendBranch(method, cseq, branch, extra...)
	return branch
}

func (s *side) sendBranch(method string, cseq int, branch string, extra ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s;rport\r\nMax-Forwards: 70\r\n", method, s.target, s.transport, s.addr(), branch)
	to := s.remote
	if s.rtag != "" {
		to += ";tag=" + s.rtag
	}
	fmt.Fprintf(&b, "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", s.local, s.ltag, to, s.callID, cseq, method)
	if method != "BYE" && method != "CANCEL" && !has(extra, "Contact:") {
		fmt.Fprintf(&b, "Contact: <%s>\r\n", s.uri("peer"))
	}
	s.finish(&b, extra)
}

func has(lines []string, prefix string) bool {
	for _, l := range lines {
		if strings.HasPrefix(l, prefix) {
			return true
		}
	}
	return false
}

// call sends an INVITE, answers the challenge, and leaves the dialog ready for
// what comes back.
func (s *side) call(extra ...string) {
	s.t.Helper()
	s.send("INVITE", extra...)
	refused := s.response(401)
	s.sendBranch("ACK", s.cseq, s.invite)
	s.send("INVITE", append(extra, "Authorization: "+s.credentials(refused, "INVITE"))...)
}

func (s *side) credentials(res *sip.Response, method string) string {
	s.t.Helper()
	for _, h := range res.GetHeaders("WWW-Authenticate") {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || c.Algorithm != "MD5" {
			continue
		}
		cred, err := digest.Digest(c, digest.Options{Method: method, URI: s.target, Username: userOf(s.local), Password: "secret" + userOf(s.local), Count: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		return cred.String()
	}
	s.t.Fatalf("no MD5 challenge in\n%v", res)
	return ""
}

func userOf(addr string) string {
	_, rest, _ := strings.Cut(addr, "sip:")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

// learn takes tag and target from a response to the INVITE.
func (s *side) learn(res *sip.Response) {
	s.rtag = tagOf(res.To().Params)
	if c := res.Contact(); c != nil {
		s.target = c.Address.String()
	}
}

// ack acknowledges the 2xx to the last INVITE.
func (s *side) ack(extra ...string) { s.sendAs("ACK", s.cseq, extra...) }

// sdpBody is a description with the given direction and payload types.
func sdpText(version int, direction string, types ...string) string {
	names := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000", "101": "telephone-event/8000", "111": "opus/48000/2"}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=peer 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP %s\r\n", version, strings.Join(types, " "))
	for _, pt := range types {
		b.WriteString("a=rtpmap:" + pt + " " + names[pt] + "\r\n")
	}
	return b.String() + "a=" + direction + "\r\n"
}

var plainSDP = sdpText(1, "sendrecv", "0", "8", "101")

// directionOf reads the direction out of a description.
func directionOf(body []byte) string {
	for _, d := range []string{"sendrecv", "sendonly", "recvonly", "inactive"} {
		if strings.Contains(string(body), "a="+d) {
			return d
		}
	}
	return ""
}

// typesOf reads the payload types out of the audio line.
func typesOf(body []byte) string {
	_, rest, ok := strings.Cut(string(body), "m=audio ")
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(rest, "\r\n")
	f := strings.Fields(line)
	return strings.Join(f[2:], " ")
}

func versionOf(body []byte) string {
	_, rest, _ := strings.Cut(string(body), "o=")
	return strings.Fields(rest)[2]
}
