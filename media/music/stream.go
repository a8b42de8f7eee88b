package music

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

const (
	rate  = 48000 // of the music inside, in Hz
	tick  = 20 * time.Millisecond
	frame = rate / 50 // samples of a tick

	// ahead is how many frames are decoded before they are heard, so that a disk may
	// take its time.
	ahead = 15
	// unused is after how many ticks an encoder that nobody listens to is given up.
	unused = 50
)

// stream is the music of one class while somebody listens.
type stream struct {
	service *Service
	class   string
	feed    *feed

	turn      sync.Mutex // held by run: the one before may still be ending
	mu        sync.Mutex
	listeners atomic.Pointer[[]*listener] // replaced, never changed; mu is held
	running   bool                        // ticking; guarded by mu

	encodes, dry atomic.Uint64
	kinds        atomic.Pointer[[]string]
}

// listener is one who hears the stream.
type listener struct {
	e      media.Endpoint
	failed chan error // capacity 1

	mu   sync.Mutex // held while e is written to
	gone bool

	// The tick owns what follows.
	offered *codec.Format // the address of its first format, to see changes
	format  codec.Format
	outlet  *outlet
	begun   bool
}

func newStream(s *Service, class string, c Class) *stream {
	st := &stream{service: s, class: class, feed: newFeed(s, class, c)}
	st.listeners.Store(&[]*listener{})
	return st
}

func (st *stream) setClass(c Class) { st.feed.setClass(c) }

// join lets e hear the stream, which begins to run if it does not.
func (st *stream) join(e media.Endpoint) *listener {
	l := &listener{e: e, failed: make(chan error, 1)}
	st.mu.Lock()
	defer st.mu.Unlock()
	list := append(slices.Clip(*st.listeners.Load()), l)
	st.listeners.Store(&list)
	if !st.running {
		st.running = st.service.start(st.run)
	}
	return l
}

// leave ends what l hears; nothing is sent to it after that.
func (st *stream) leave(l *listener) {
	l.mu.Lock()
	l.gone = true
	l.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*st.listeners.Load()), func(o *listener) bool { return o == l })
	st.listeners.Store(&list)
}

// idle stops the stream if nobody listens.
func (st *stream) idle() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(*st.listeners.Load()) > 0 {
		return false
	}
	st.running = false
	return true
}

// run sends music until nobody listens any more.
func (st *stream) run(ctx context.Context) {
	st.turn.Lock()
	defer st.turn.Unlock()
	feeding, stop := context.WithCancel(ctx)
	frames := make(chan []int16, ahead)
	spent := make(chan []int16, ahead+1)
	for range ahead + 1 {
		spent <- make([]int16, frame)
	}
	var fed sync.WaitGroup
	fed.Go(func() { st.feed.run(feeding, frames, spent) })
	defer fed.Wait()
	defer stop()
	t := &ticker{stream: st}
	defer t.close()
	first := soon(frames)
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if st.idle() {
			return
		}
		pcm := first
		if first = nil; pcm == nil {
			select {
			case pcm = <-frames:
			default:
				st.dry.Add(1)
			}
		}
		t.tick(pcm)
		if pcm != nil {
			spent <- pcm
		}
		next = next.Add(tick)
		if late := time.Since(next); late > 10*tick { // the process stood still
			next = next.Add(late)
		}
		timer.Reset(time.Until(next))
	}
}

// soon gives the first frame, if it comes at once.
func soon(frames <-chan []int16) []int16 {
	timer := time.NewTimer(3 * tick)
	defer timer.Stop()
	select {
	case pcm := <-frames:
		return pcm
	case <-timer.C:
		return nil
	}
}

func (st *stream) status(s *Status) {
	list := *st.listeners.Load()
	s.Listeners = len(list)
	if kinds := st.kinds.Load(); kinds != nil && len(list) > 0 {
		s.Encodings = slices.Clone(*kinds)
	}
	s.Encodes, s.Dry = st.encodes.Load(), st.dry.Load()
	st.feed.status(s)
}

// ticker is what one tick after the other does. It is for one goroutine.
type ticker struct {
	stream  *stream
	outlets []*outlet
	number  uint64
	silence [frame]int16
}

func (t *ticker) close() {
	for _, o := range t.outlets {
		o.close()
	}
	t.stream.kinds.Store(nil)
}

// tick sends pcm to all listeners; nil is silence.
func (t *ticker) tick(pcm []int16) {
	if pcm == nil {
		pcm = t.silence[:]
	}
	t.number++
	list := *t.stream.listeners.Load()
	for _, l := range list {
		t.look(l)
		if l.outlet != nil {
			l.outlet.heard = t.number
		}
	}
	for i := 0; i < len(t.outlets); i++ {
		o := t.outlets[i]
		switch {
		case o.heard == t.number:
			t.stream.encodes.Add(uint64(o.feed(pcm)))
		case t.number-o.heard > unused:
			o.close()
			t.outlets = slices.Delete(t.outlets, i, i+1)
			t.publish()
			i--
		default: // its packets go on without a break when somebody comes back
			o.feed(pcm)
		}
	}
	for _, l := range list {
		l.send()
	}
}

// look finds the encoder for l, whose format may have changed.
func (t *ticker) look(l *listener) {
	formats := l.e.Formats()
	var offered *codec.Format
	if len(formats) > 0 {
		offered = &formats[0]
	}
	if l.outlet != nil && offered == l.offered && offered != nil && media.PacketTime(l.e, l.format) == l.outlet.kind.time {
		return
	}
	l.offered = offered
	f, err := media.Playable(l.e)
	if err != nil {
		l.outlet = nil
		if len(formats) > 0 { // without any it may be switched off for a while
			l.fail(err)
		}
		return
	}
	k := kind{name: f.Name, fmtp: f.Fmtp, clock: f.Clock, channels: f.Channels, time: media.PacketTime(l.e, f)}
	if l.outlet == nil || l.outlet.kind != k {
		l.begun = l.begun && l.format.Same(f)
		if l.outlet, err = t.outlet(k, f); err != nil {
			l.fail(err)
		}
	}
	l.format = f
}

func (l *listener) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// outlet gives the encoder of a kind.
func (t *ticker) outlet(k kind, f codec.Format) (*outlet, error) {
	for _, o := range t.outlets {
		if o.kind == k {
			return o, nil
		}
	}
	o, err := newOutlet(k, f)
	if err != nil {
		return nil, err
	}
	t.outlets = append(t.outlets, o)
	t.publish()
	return o, nil
}

// publish says which encodings there are.
func (t *ticker) publish() {
	names := make([]string, len(t.outlets))
	for i, o := range t.outlets {
		names[i] = o.String()
	}
	t.stream.kinds.Store(&names)
}

// send gives l the packets that are ready.
func (l *listener) send() {
	o := l.outlet
	if o == nil || o.ready == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return
	}
	for i := range o.ready {
		size := o.packets[i].size // 0 is silence that is not sent
		l.e.Write(l.format, o.packets[i].payload[:size], o.ticks, size > 0 && !l.begun)
		l.begun = l.begun || size > 0
	}
}
