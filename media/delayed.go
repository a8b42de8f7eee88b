package media

import (
	"context"
	"sync"
	"time"

	"dialtone/media/codec"
)

// maxDelayed bounds the packets that wait to be sent back: ten seconds of 10 ms.
const maxDelayed = 1000

// DelayedEcho sends everything that arrives at e back to where it came from, so much
// later and as it was, until ctx is done.
func DelayedEcho(ctx context.Context, e Endpoint, delay time.Duration) error {
	if h, ok := e.(Hearer); ok {
		return tell(ctx, e, h, "echo")
	}
	d := &delayed{delay: delay, more: make(chan struct{}, 1)}
	e.SetSink(d)
	defer detach(e, d)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if due, ok := d.due(); ok {
			timer.Reset(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-d.more:
		case <-timer.C:
			d.send(e)
		}
	}
}

// delayed is a queue of packets with the time at which each is due.
type delayed struct {
	delay time.Duration
	more  chan struct{} // a token when a packet was added to none

	mu      sync.Mutex
	waiting []latePacket
}

type latePacket struct {
	at     time.Time
	raw    []byte // with room behind it
	packet Packet
	format codec.Format
}

// Packet implements Sink.
func (d *delayed) Packet(p *Packet) {
	if p.Format == nil {
		return
	}
	w := latePacket{at: time.Now().Add(d.delay), raw: make([]byte, len(p.Raw), len(p.Raw)+cipherTail), packet: *p, format: *p.Format}
	copy(w.raw, p.Raw)
	begin := min(max(0, cap(p.Raw)-cap(p.Payload)), len(w.raw)) // it is part of Raw
	w.packet.Raw, w.packet.Payload = w.raw, w.raw[begin:min(begin+len(p.Payload), len(w.raw))]
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) < maxDelayed {
		d.waiting = append(d.waiting, w)
	}
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// due is when the next packet is.
func (d *delayed) due() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		return time.Time{}, false
	}
	return d.waiting[0].at, true
}

// send sends what is due.
func (d *delayed) send(e Endpoint) {
	for {
		d.mu.Lock()
		if len(d.waiting) == 0 || time.Until(d.waiting[0].at) > 0 {
			d.mu.Unlock()
			return
		}
		w := d.waiting[0]
		d.waiting = d.waiting[1:]
		d.mu.Unlock()
		w.packet.Format = &w.format
		e.Forward(&w.packet)
	}
}
