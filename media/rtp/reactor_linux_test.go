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
	puller := &pullingSink{}
	for i, c := range []struct {
		sink    media.Sink
		read    urgency
		waiting int
	}{
		{nil, calm, 1},
		{hurried, urgent, 0},
		{puller, pulled, 0},
		{idle{}, calm, 1},
		{idle{}, calm, 1},
		{puller, pulled, 0},
		{media.NewKeys(), calm, 1},
		{hurried, urgent, 0},
		{nil, calm, 1},
	} {
		p.SetSink(c.sink)
		if got := readAs(p); got != c.read || p.shard.waiting != c.waiting {
			t.Errorf("%d: it is read as %d, %d wait, want %d and %d", i, got, p.shard.waiting, c.read, c.waiting)
		}
	}
	p.SetSink(hurried)
	p.RemoveSink(hurried)
	if readAs(p) != calm {
		t.Error("it does not wait though nobody is there")
	}
	p.Close()
	p.SetSink(idle{})
	if readAs(p) != urgent || p.shard.waiting != 0 {
		t.Errorf("closed, %d wait", p.shard.waiting)
	}
}

// readAs is how p is read.
func readAs(p *Port) urgency {
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	return p.sockets.rtp.read
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
