package media

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Monitor sees the packets of an endpoint, to record or to measure. It is called by
// who carries them: it must not block, change them or call the endpoint, and keeps no
// more than copies.
type Monitor interface {
	// Received is what the far side sent, before it goes on.
	Received(*Packet)
	// Sent is what goes to the far side, with the SSRC, numbers, timestamps and formats
	// that it is sent with.
	Sent(*Packet)
}

// Monitored is an endpoint that lets others see its packets.
type Monitored interface {
	// Monitor shows them to m until stop is called. Others see them too. A packet that
	// is on its way may still be shown after that.
	Monitor(m Monitor) (stop func())
}

// Monitors are those of an endpoint. The zero value is none of them; safe for
// concurrent use. Without any, a packet costs an atomic load.
type Monitors struct {
	mu  sync.Mutex
	all atomic.Pointer[[]*monitor] // never changed, only replaced
}

// monitor makes one that is added twice two.
type monitor struct{ Monitor }

// Monitor implements Monitored.
func (m *Monitors) Monitor(added Monitor) (stop func()) {
	one := &monitor{added}
	m.change(func(all []*monitor) []*monitor { return append(all, one) })
	return func() {
		m.change(func(all []*monitor) []*monitor {
			return slices.DeleteFunc(all, func(other *monitor) bool { return other == one })
		})
	}
}

func (m *Monitors) change(f func([]*monitor) []*monitor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*monitor
	if old := m.all.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = f(all); len(all) == 0 {
		m.all.Store(nil)
		return
	}
	m.all.Store(&all)
}

// Any reports whether there are any.
func (m *Monitors) Any() bool { return m.all.Load() != nil }

// Received shows p to all.
func (m *Monitors) Received(p *Packet) {
	if all := m.all.Load(); all != nil {
		for _, one := range *all {
			one.Received(p)
		}
	}
}

// Sent shows p to all.
func (m *Monitors) Sent(p *Packet) {
	if all := m.all.Load(); all != nil {
		for _, one := range *all {
			one.Sent(p)
		}
	}
}
