package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"dialtone/config"
)

// Bounds of what waits, and of how it is tried.
const (
	maxWaiting = 250 // messages for one destination
	maxAtOnce  = 4   // of them being sent
	tryFor     = 15 * time.Second
	letterFor  = 2 * time.Minute  // for a mail with files
	quietFor   = 10 * time.Second // between two lines about messages that were not taken
)

// pauses are those between the tries.
var pauses = [...]time.Duration{2 * time.Second, 8 * time.Second, 40 * time.Second, 3 * time.Minute}

// Options are the parts that an Outbox works with; all are required.
type Options struct {
	Config func() *config.Config
	Log    *slog.Logger
}

// Outbox delivers webhooks and mail. It implements dialplan.Outbox.
type Outbox struct {
	config  func() *config.Config
	log     *slog.Logger
	client  *http.Client
	ctx     context.Context //nolint:containedctx // is the life of the outbox
	cancel  context.CancelFunc
	closing chan struct{}
	tasks   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	to     map[string]*destination
}

// destination is where messages go.
type destination struct {
	slots   chan struct{}
	waiting int
	refused int // since the last line about it
	said    time.Time
}

// New returns an Outbox; Close it.
func New(o Options) *Outbox {
	b := &Outbox{config: o.Config, log: o.Log, client: newClient(), closing: make(chan struct{}), to: map[string]*destination{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

var (
	errClosed  = errors.New("the server stops")
	errWaiting = fmt.Errorf("%d messages wait already", maxWaiting)
)

// final is an error that another try would not mend.
type final struct{ error }

// message is one delivery.
type message struct {
	to   string // "webhook crm", "mail"
	id   string // for the log
	call string
	send func(context.Context) error
}

// post takes a message or says why not.
func (b *Outbox) post(m message) error {
	b.mu.Lock()
	lost, err := b.take(m)
	b.mu.Unlock()
	b.confess(m.to, lost)
	return err
}

// take takes a message or says why not, and how many were lost that the log does not
// know of yet; mu is held.
func (b *Outbox) take(m message) (lost int, err error) {
	if b.closed {
		return 0, errClosed
	}
	d := b.to[m.to]
	if d == nil {
		d = &destination{slots: make(chan struct{}, maxAtOnce)}
		b.to[m.to] = d
	}
	if d.waiting >= maxWaiting {
		return d.refuse(), errWaiting
	}
	d.waiting++
	b.tasks.Go(func() {
		b.deliver(d, m)
		b.confess(m.to, b.delivered(d, m.to))
	})
	return 0, nil
}

// delivered notes that a message waits no more, and gives how many were lost that the
// log does not know of yet, once none waits.
func (b *Outbox) delivered(d *destination, to string) (lost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d.waiting--; d.waiting > 0 {
		return 0
	}
	delete(b.to, to)
	return d.refused
}

// refuse counts a message that is not taken. It gives how many that were since the
// last line of the log about it, when it is time for another; the outbox's mu is held.
func (d *destination) refuse() (lost int) {
	d.refused++
	if time.Since(d.said) < quietFor {
		return 0
	}
	lost, d.refused, d.said = d.refused, 0, time.Now()
	return lost
}

// confess says how many messages were lost.
func (b *Outbox) confess(to string, lost int) {
	if lost > 0 {
		b.log.Warn("messages lost: too many wait", "to", to, "messages", lost)
	}
}

// deliver tries until it is delivered or there is no hope.
func (b *Outbox) deliver(d *destination, m message) {
	for try := 0; ; try++ {
		err := b.try(d, m)
		if err == nil {
			b.log.Debug("message delivered", "to", m.to, "id", m.id, "call", m.call, "tries", try+1)
			return
		}
		var hopeless final
		if errors.As(err, &hopeless) || try == len(pauses) || !b.pause(pauses[try], err, m) {
			b.log.Error("message lost", "to", m.to, "id", m.id, "call", m.call, "tries", try+1, "error", err)
			return
		}
	}
}

// try sends once, when it is its turn.
func (b *Outbox) try(d *destination, m message) error {
	select {
	case d.slots <- struct{}{}:
	case <-b.ctx.Done():
		return final{errClosed}
	}
	defer func() { <-d.slots }()
	ctx, cancel := context.WithTimeout(b.ctx, tryFor)
	defer cancel()
	return m.send(ctx)
}

// pause waits before the next try, and reports whether there is to be one: a
// server that stops gives one more at once.
func (b *Outbox) pause(d time.Duration, why error, m message) bool {
	select {
	case <-b.closing:
		return false // that was it
	default:
	}
	b.log.Debug("message not delivered yet", "to", m.to, "id", m.id, "call", m.call, "error", why, "next", d)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-b.closing:
	}
	return b.ctx.Err() == nil
}

// Close takes no more messages, gives those that wait one more try, and returns
// when all are delivered or lost; at the latest soon after the end of ctx.
func (b *Outbox) Close(ctx context.Context) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	b.closed = true
	b.mu.Unlock()
	close(b.closing)
	defer context.AfterFunc(ctx, b.cancel)()
	b.tasks.Wait()
	b.cancel()
	b.client.CloseIdleConnections()
}
