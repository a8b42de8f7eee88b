package web

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// pulse keeps a connection open through what is between, and closes one whose far side has
// gone without a word. Between two pings it has no goroutine.
type pulse struct {
	ctx     context.Context //nolint:containedctx // is the life of the connection
	every   time.Duration
	conn    *websocket.Conn
	running sync.WaitGroup

	mu    sync.Mutex
	over  bool
	timer *time.Timer
}

// keepAlive begins one; rest ends it and waits for it. ctx has to have ended by then, or
// the connection to be closed.
func keepAlive(ctx context.Context, c *websocket.Conn, every time.Duration) (rest func()) {
	p := &pulse{ctx: ctx, conn: c, every: every}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(every, p.beat)
	return p.rest
}

// begin reports whether there still is something to do.
func (p *pulse) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.running.Add(1)
	}
	return !p.over
}

func (p *pulse) beat() {
	if !p.begin() {
		return
	}
	defer p.running.Done()
	within, cancel := context.WithTimeout(p.ctx, pongWithin)
	defer cancel()
	if p.conn.Ping(within) != nil {
		_ = p.conn.CloseNow()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.timer.Reset(p.every)
	}
}

func (p *pulse) rest() {
	p.mu.Lock()
	p.over = true
	p.timer.Stop()
	p.mu.Unlock()
	p.running.Wait()
}
