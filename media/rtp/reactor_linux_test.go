//go:build linux && !portable

package rtp

import (
	"testing"

	"dialtone/media"
)

func TestOnlyWhoIsInAHurryWakesTheReader(t *testing.T) {
	e := newEngine(t, 4)
	ph := newPhone(t, loopback4)
	p := open(t, e, loopback4)
	configure(t, p, ph.params())
	hurried := &sinkFunc{func(*media.Packet) {}}
	for i, c := range []struct {
		sink    media.Sink
		calm    bool
		waiting int
	}{
		{nil, true, 1}, {hurried, false, 0}, {idle{}, true, 1}, {idle{}, true, 1}, {media.NewKeys(), true, 1}, {hurried, false, 0}, {nil, true, 1},
	} {
		p.SetSink(c.sink)
		if calm := waits(p); calm != c.calm || p.shard.waiting != c.waiting {
			t.Errorf("%d: it waits: %v, so do %d, want %v and %d", i, calm, p.shard.waiting, c.calm, c.waiting)
		}
	}
	p.SetSink(hurried)
	p.RemoveSink(hurried)
	if !waits(p) {
		t.Error("it does not wait though nobody is there")
	}
	p.Close()
	p.SetSink(idle{})
	if waits(p) || p.shard.waiting != 0 {
		t.Errorf("closed, %d wait", p.shard.waiting)
	}
}

// waits reports whether p is read now and then.
func waits(p *Port) bool {
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	return p.sockets.rtp.calm
}

// TestWhoCanWaitIsHeardAmongThoseWhoCannot keeps the reader busy for good.
func TestWhoCanWaitIsHeardAmongThoseWhoCannot(t *testing.T) {
	e := newEngine(t, 4, func(o *Options) { o.Shards = 1 })
	ph := newPhone(t, loopback4)
	busy, calm := open(t, e, loopback4), open(t, e, loopback4)
	configure(t, busy, ph.params())
	other := newPhone(t, loopback4)
	configure(t, calm, other.params())
	got := make(chan struct{}, 1)
	calm.SetSink(idle{got})
	again := ph.packet(0, "busy")
	busy.SetSink(&sinkFunc{func(*media.Packet) { // there is always one more
		select {
		case <-got:
			got = nil
		default:
		}
		if got != nil {
			ph.sendRaw(busy, again)
		}
	}})
	defer busy.SetSink(nil)
	ph.sendRaw(busy, again)
	other.send(calm, 0, "patience")
	until(t, "the packet that can wait", func() bool { return calm.Stats().RxPackets == 1 })
}
