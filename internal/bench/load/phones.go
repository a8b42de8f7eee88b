package main

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// phones are all extensions of one side, behind one socket with one reader.
type phones struct {
	socket *net.UDPConn
	server *net.UDPAddr
	number func(int) string
	creds  []*credentials
	media  int // RTP port offered and answered, 9 when nobody listens
	serial atomic.Int64

	mu        sync.Mutex
	pending   map[string]*dialing // by Call-ID
	refusals  map[int]int         // by status
	answering map[string]bool     // calls answered as callee, by Call-ID
	closed    chan struct{}

	registered, calls, failed, ended atomic.Int64
	invited                          atomic.Int64 // as callee
	notified                         atomic.Int64 // told of what others do
	setup                            atomic.Int64 // nanoseconds from INVITE to 200, summed
	onCall                           func(callerPort int, id string)
	onAnswer                         func(id string, port int)
}

// dialing is one call or registration that this side started.
type dialing struct {
	who     int
	uri     string
	invite  bool
	watch   bool // subscribes to what uri does
	start   time.Time
	tries   int
	hold    bool // stays up until hangup
	to      []byte
	target  string
	cseq    int       // of the last request
	done    bool      // it has its final response
	unheard []byte    // it, while it has no response
	again   time.Time // when to send it again
	wait    time.Duration
}

// t1 is the first wait before a request is sent again (RFC 3261 §17.1.1.1).
const t1 = 500 * time.Millisecond

func newPhones(server *net.UDPAddr, n int, number func(int) string) (*phones, error) {
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = s.SetReadBuffer(8 << 20)
	p := &phones{
		socket: s, server: server, number: number, media: 9,
		pending: map[string]*dialing{}, answering: map[string]bool{}, closed: make(chan struct{}),
	}
	for i := range n {
		p.creds = append(p.creds, &credentials{user: number(i)})
	}
	go p.read()
	go p.repeat()
	return p, nil
}

func (p *phones) close() {
	close(p.closed)
	_ = p.socket.Close()
}

// repeat sends requests again that have not been heard.
func (p *phones) repeat() {
	tick := time.NewTicker(t1 / 5)
	defer tick.Stop()
	for {
		select {
		case <-p.closed:
			return
		case now := <-tick.C:
			p.mu.Lock()
			for _, d := range p.pending {
				if d.unheard != nil && now.After(d.again) {
					d.wait = min(2*d.wait, 8*t1)
					d.again = now.Add(d.wait)
					p.send(d.unheard)
				}
			}
			p.mu.Unlock()
		}
	}
}

// ask sends a request of d until there is a response.
func (p *phones) ask(d *dialing, cseq int, b []byte) {
	p.mu.Lock()
	d.cseq, d.done = cseq, false
	d.unheard, d.wait, d.again = b, t1, time.Now().Add(t1)
	p.mu.Unlock()
	p.send(b)
}

func (p *phones) send(b []byte) { _, _ = p.socket.WriteToUDP(b, p.server) }

func (p *phones) read() {
	buf := make([]byte, 65536)
	for {
		n, _, err := p.socket.ReadFromUDP(buf)
		if err != nil {
			return
		}
		if m := message(buf[:n]); m.status() > 0 {
			p.response(m)
		} else {
			p.request(m)
		}
	}
}

// registerAll registers every extension, one after the other challenge.
func (p *phones) registerAll() error {
	for i := range p.creds {
		p.register(i)
		if i%50 == 49 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if within(30*time.Second, func() bool { return p.registered.Load() >= int64(len(p.creds)) }) {
		return nil
	}
	return fmt.Errorf("%d of %d phones registered, %d refused", p.registered.Load(), len(p.creds), p.failed.Load())
}

// newID is a Call-ID: the port makes it differ from those of other phones.
func (p *phones) newID() string {
	return fmt.Sprintf("%d-%d", p.socket.LocalAddr().(*net.UDPAddr).Port, p.serial.Add(1))
}

func (p *phones) register(i int) {
	id := p.newID()
	d := &dialing{who: i, uri: "sip:" + p.server.String(), start: time.Now()}
	p.mu.Lock()
	p.pending[id] = d
	p.mu.Unlock()
	p.transmit(id, d)
}

// call starts a call of extension i to uri's user.
func (p *phones) call(i int, to string, hold bool) string {
	id := p.newID()
	d := &dialing{who: i, uri: "sip:" + to + "@" + p.server.String(), invite: true, start: time.Now(), hold: hold}
	p.mu.Lock()
	p.pending[id] = d
	p.mu.Unlock()
	p.transmit(id, d)
	return id
}

// transmit sends the request that d stands for, with the next CSeq.
func (p *phones) transmit(id string, d *dialing) {
	d.tries++
	me, local := p.number(d.who), p.socket.LocalAddr()
	method, to, body := "REGISTER", me, ""
	switch {
	case d.invite:
		method, to = "INVITE", d.user()
		body = string(p.sdp())
	case d.watch:
		method, to = "SUBSCRIBE", d.user()
	}
	b := fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d;rport\r\nFrom: <sip:%s@%s>;tag=f%s\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\nContact: <sip:%s@%s>\r\n",
		method, d.uri, local, id, d.tries, me, p.server, id, to, p.server, id, d.tries, method, me, local)
	b = append(b, p.creds[d.who].header(method, d.uri)...)
	if d.invite {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	} else {
		b = append(b, "Expires: 3600\r\n"...)
	}
	if d.watch {
		b = append(b, "Event: dialog\r\n"...)
	}
	p.ask(d, d.tries, fmt.Appendf(b, "Content-Length: %d\r\n\r\n%s", len(body), body))
}

func (p *phones) sdp() []byte {
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n", p.media)
}

func (p *phones) response(m message) {
	id, status := string(m.header("Call-ID")), m.status()
	seq, method := m.cseq()
	p.mu.Lock()
	d := p.pending[id]
	repeated := d != nil && (seq != d.cseq || d.done)
	if d != nil && !repeated {
		d.unheard, d.done = nil, status >= 200
	}
	p.mu.Unlock()
	switch {
	case d == nil || status < 200:
	case repeated:
		if method == "INVITE" {
			p.inDialog(id, d, "ACK", seq, status >= 300, m)
		}
	case method == "BYE":
		p.forget(id)
		p.ended.Add(1)
	case d.invite:
		p.answered(id, d, m, status)
	case status == 401 && d.tries < 3 && p.creds[d.who].learn(m):
		p.transmit(id, d)
	default:
		p.forget(id)
		if status == 200 {
			p.registered.Add(1)
		} else {
			p.refuse(status)
		}
	}
}

// refuse counts a refusal by its status.
func (p *phones) refuse(status int) {
	p.failed.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusals == nil {
		p.refusals = map[int]int{}
	}
	p.refusals[status]++
}

// why lists the statuses of refusals.
func (p *phones) why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refusals) == 0 {
		return ""
	}
	return fmt.Sprintf(" %v", p.refusals)
}

func (p *phones) answered(id string, d *dialing, m message, status int) {
	d.to = bytes.Clone(m.header("To"))
	p.inDialog(id, d, "ACK", d.tries, status >= 300, m)
	switch {
	case status == 401 && d.tries < 3 && p.creds[d.who].learn(m):
		p.transmit(id, d)
	case status != 200:
		p.forget(id)
		p.refuse(status)
	default:
		p.calls.Add(1)
		p.setup.Add(int64(time.Since(d.start)))
		if p.onAnswer != nil {
			p.onAnswer(id, m.audioPort())
		}
		if !d.hold {
			p.inDialog(id, d, "BYE", d.tries+1, false, m)
		}
	}
}

// hangup ends a call that was started with hold.
func (p *phones) hangup(id string) {
	p.mu.Lock()
	d := p.pending[id]
	p.mu.Unlock()
	if d != nil {
		p.inDialog(id, d, "BYE", d.tries+1, false, nil)
	}
}

// inDialog sends ACK or BYE; the ACK of a refusal has the branch of its INVITE.
func (p *phones) inDialog(id string, d *dialing, method string, cseq int, refused bool, m message) {
	me := p.number(d.who)
	if c := m.header("Contact"); c != nil && !refused {
		d.target = string(bytes.Trim(bytes.SplitN(c, []byte(">"), 2)[0], "<"))
	}
	target := d.target
	branch := fmt.Sprintf("z9hG4bK%s-%s%d", id, method, cseq)
	if refused || target == "" {
		target, branch = d.uri, fmt.Sprintf("z9hG4bK%s-%d", id, cseq)
	}
	b := fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nFrom: <sip:%s@%s>;tag=f%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		method, target, p.socket.LocalAddr(), branch, me, p.server, id, d.to, id, cseq, method)
	if method == "BYE" {
		p.ask(d, cseq, b)
		return
	}
	p.send(b)
}

func (p *phones) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, id)
}

// open is how many calls this side answered that nobody has ended.
func (p *phones) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answering)
}

// request answers what the server asks of a callee.
func (p *phones) request(m message) {
	contact := fmt.Sprintf("Contact: <sip:load@%s>\r\n", p.socket.LocalAddr())
	id := string(m.header("Call-ID"))
	switch m.method() {
	case "INVITE":
		p.mu.Lock()
		if !p.answering[id] {
			p.invited.Add(1)
		}
		p.answering[id] = true
		p.mu.Unlock()
		if p.onCall != nil {
			p.onCall(m.audioPort(), id)
		}
		p.send(m.reply("180 Ringing", contact, nil))
		p.send(m.reply("200 OK", contact+"Content-Type: application/sdp\r\n", p.sdp()))
	case "BYE":
		p.mu.Lock()
		delete(p.answering, id)
		p.mu.Unlock()
		p.send(m.reply("200 OK", contact, nil))
	case "NOTIFY":
		p.notified.Add(1)
		p.send(m.reply("200 OK", contact, nil))
	case "OPTIONS", "CANCEL", "UPDATE":
		p.send(m.reply("200 OK", contact, nil))
	}
}
