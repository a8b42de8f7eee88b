package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dialtone/internal/testbrowser"
)

// fatal is what a browser reports to that belongs to no test.
type fatal struct{ testing.TB }

func (fatal) Helper()                           {}
func (fatal) Cleanup(func())                    {}
func (fatal) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (fatal) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// pages are browsers in calls. It is a side, as audio is.
type pages struct {
	legs      []*testbrowser.Browser
	conns     []*websocket.Conn
	setups    []time.Duration // from INVITE to the first audio
	reading   sync.WaitGroup
	sent, got atomic.Int64
	measuring atomic.Bool

	mu     sync.Mutex
	delays []time.Duration
}

// open connects another browser.
func (p *pages) open(ctx context.Context, s *server) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}                                    // it signed that itself
	conn, _, err := websocket.Dial(ctx, "wss://"+s.web.String()+"/ws", &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{"sip"}}) //nolint:bodyclose // it says that nobody has to
	if err != nil {
		return err
	}
	p.conns = append(p.conns, conn)
	p.legs = append(p.legs, testbrowser.NewCalm(fatal{}))
	return nil
}

// call has browser i call phone i, and waits until it hears something.
func (p *pages) call(ctx context.Context, s *server, i int) error {
	conn, leg := p.conns[i], p.legs[i]
	begin := time.Now()
	answer, err := invite(ctx, conn, s, i, leg.Offer("sendrecv"))
	if err != nil {
		return err
	}
	if !strings.Contains(answer, "SAVPF 0") {
		return fmt.Errorf("another codec than PCMU was agreed on:\n%s", answer)
	}
	leg.Take(answer)
	if err := leg.Outcome(); err != nil {
		return err
	}
	leg.Receive()
	p.setups = append(p.setups, time.Since(begin))
	p.reading.Go(func() { p.listen(ctx, leg) })
	p.reading.Go(func() {
		for { // pings are answered
			if _, _, err := conn.Read(ctx); err != nil {
				return
			}
		}
	})
	return nil
}

// invite calls phone i with an offer, and gives its answer.
func invite(ctx context.Context, conn *websocket.Conn, s *server, i int, offer string) (answer string, err error) {
	me, uri := caller(i), "sip:"+callee(i)+"@"+s.addr.String()
	creds := &credentials{user: me}
	for try := 1; try < 4; try++ {
		head := fmt.Sprintf("Max-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=page\r\nCall-ID: page-%s\r\n", me, s.addr, me)
		via := fmt.Sprintf("Via: SIP/2.0/WSS page.invalid;branch=z9hG4bK%s-%d\r\n", me, try)
		request := fmt.Sprintf("INVITE %s SIP/2.0\r\n%s%sTo: <%s>\r\nCSeq: %d INVITE\r\nContact: <sip:%s@page.invalid;transport=ws>\r\n%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
			uri, via, head, uri, try, me, creds.header("INVITE", uri), len(offer), offer)
		if err := conn.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
			return "", err
		}
		m, err := final(ctx, conn)
		if err != nil {
			return "", err
		}
		target := uri
		if m.status() == 200 {
			target, _, _ = strings.Cut(strings.TrimPrefix(string(m.header("Contact")), "<"), ">")
			via = fmt.Sprintf("Via: SIP/2.0/WSS page.invalid;branch=z9hG4bK%s-ack\r\n", me)
		}
		ack := fmt.Sprintf("ACK %s SIP/2.0\r\n%s%sTo: %s\r\nCSeq: %d ACK\r\nContent-Length: 0\r\n\r\n", target, via, head, m.header("To"), try)
		if err := conn.Write(ctx, websocket.MessageText, []byte(ack)); err != nil {
			return "", err
		}
		switch {
		case m.status() == 200:
			_, answer, _ := strings.Cut(string(m), "\r\n\r\n")
			return answer, nil
		case m.status() != 401 || !creds.learn(m):
			return "", fmt.Errorf("the call was refused:\n%s", m)
		}
	}
	return "", errors.New("the password was refused")
}

// final waits for a final response.
func final(ctx context.Context, conn *websocket.Conn) (message, error) {
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		if m := message(raw); m.status() >= 200 {
			return m, nil
		}
	}
}

func (p *pages) listen(ctx context.Context, leg *testbrowser.Browser) {
	packets := leg.Packets()
	for {
		select {
		case <-ctx.Done():
			return
		case packet := <-packets:
			if delay, ok := delayOf(packet.Payload); ok {
				p.got.Add(1)
				p.mu.Lock()
				p.delays = append(p.delays, delay)
				p.mu.Unlock()
			}
		}
	}
}

// speak implements side.
func (p *pages) speak(stop <-chan struct{}) {
	epoch := time.Now()
	payload := make([]byte, packetSize-12)
	every(len(p.legs), stop, func(call, _ int) {
		stamp := int64(time.Since(epoch)) << 1
		if p.measuring.Load() {
			stamp |= 1
			p.sent.Add(1)
		}
		binary.BigEndian.PutUint64(payload, uint64(stamp))
		binary.BigEndian.PutUint64(payload[8:], uint64(epoch.UnixNano()))
		p.legs[call].Send(0, 160, payload)
	})
}

func (p *pages) measure()                   { p.measuring.Store(true) }
func (p *pages) counted() (sent, got int64) { return p.sent.Load(), p.got.Load() }

func (p *pages) taken() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.delays
}

func (p *pages) close() {
	for _, c := range p.conns {
		_ = c.CloseNow()
	}
	for _, l := range p.legs {
		l.Vanish()
	}
}
