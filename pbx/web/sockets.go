package web

import (
	"context"
	"net/netip"
	"runtime/debug"
	"sync"
)

// sockets are the WebSockets of SIP that are served, each on a goroutine of its own.
type sockets struct {
	ctx   context.Context //nolint:containedctx // is the life of all of them
	end   context.CancelFunc
	tasks sync.WaitGroup
	mu    sync.Mutex // nobody enters while they are ended
}

func newSockets() *sockets {
	s := &sockets{}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// enter reports whether there may be one more, which has to leave. There may not when all are
// waited for: handlers that Shutdown gave up on go on.
func (s *sockets) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.tasks.Add(1)
	return true
}

func (s *sockets) leave() { s.tasks.Done() }

// close ends all and waits for them.
func (s *sockets) close() {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	s.tasks.Wait()
}

// survive is deferred round the goroutine of a WebSocket: as in a handler of net/http, a panic
// costs that connection only.
func (s *Server) survive(far netip.AddrPort) {
	if v := recover(); v != nil {
		s.Log.Error("serving a WebSocket failed", "from", far, "panic", v, "stack", string(debug.Stack()))
	}
}
