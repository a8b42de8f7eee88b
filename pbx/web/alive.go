package web

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"dialtone/pbx/sipedge"
)

// keepAlive keeps a connection open through what is between, and closes one whose far side
// has gone without a word; rest ends it and waits for it. ctx has to have ended by then, or
// the connection to be closed.
func keepAlive(ctx context.Context, c *websocket.Conn, every time.Duration) (rest func()) {
	return sipedge.Watch(every, func() time.Duration {
		within, cancel := context.WithTimeout(ctx, pongWithin)
		defer cancel()
		if c.Ping(within) != nil {
			_ = c.CloseNow()
			return 0
		}
		return every
	})
}
