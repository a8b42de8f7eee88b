package call_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// ear is an endpoint that knows whom it hears: each sends packets with its own voice.
type ear struct {
	*endpoint
	voice uint32

	mu    sync.Mutex
	heard map[uint32]bool
}

// Sink and RemoveSink are what ports have, too.
func (e *ear) Sink() media.Sink {
	e.endpoint.mu.Lock()
	defer e.endpoint.mu.Unlock()
	return e.sink
}

func (e *ear) RemoveSink(s media.Sink) {
	e.endpoint.mu.Lock()
	defer e.endpoint.mu.Unlock()
	if e.sink == s {
		e.sink = nil
	}
}

func (e *ear) Forward(p *media.Packet) {
	e.endpoint.Forward(p)
	if p != nil && len(p.Payload) == 160 {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard[binary.BigEndian.Uint32(p.Payload)] = true
	}
}

func (e *ear) speak() {
	e.endpoint.mu.Lock()
	s := e.sink
	e.last = time.Now()
	e.endpoint.mu.Unlock()
	if s == nil {
		return
	}
	raw := make([]byte, 172, 200)
	raw[0] = 0x80
	binary.BigEndian.PutUint32(raw[12:], e.voice)
	f := codec.PCMU
	s.Packet(&media.Packet{Raw: raw, Payload: raw[12:], Format: &f})
}

// hears gives who was heard since it was asked before.
func (e *ear) hears() map[uint32]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = map[uint32]bool{}
	return heard
}

// walked is a leg of a walk. What it does by itself follows from its id and the seed.
type walked struct {
	*fakeLeg
	k       *walker
	ear     *ear
	trunk   string
	inbound bool
	luck    *rand.Rand  // used where it is made only
	up      atomic.Bool // it was answered
	mute    atomic.Bool // nothing of its phone arrives any more
	expires time.Duration
	noACK   bool
	lag     time.Duration // until a re-INVITE is answered
	refused bool          // it never was in a call
}

// fortune is the same for the same name in the same walk.
func (k *walker) fortune(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(k.seed, h.Sum64()))
}

// leg makes one, and counts it.
func (k *walker) leg(party string, inbound bool) *walked {
	k.mu.Lock()
	k.made[party]++
	id := fmt.Sprint(party, "-", k.made[party])
	k.mu.Unlock()
	l := &walked{fakeLeg: newLeg(party, codec.PCMU, codec.DTMF), k: k, inbound: inbound, luck: k.fortune(id)}
	l.id = id
	l.ack = time.Duration(l.luck.IntN(4)*l.luck.IntN(400)) * time.Millisecond
	l.noACK = l.luck.IntN(25) == 0
	l.lag = time.Duration(l.luck.IntN(3)*l.luck.IntN(700)) * time.Millisecond
	l.expires = time.Duration(30+l.luck.IntN(90)) * time.Second
	k.mu.Lock()
	defer k.mu.Unlock()
	l.ear = &ear{endpoint: l.media, voice: uint32(len(k.legs) + 1), heard: map[uint32]bool{}} //nolint:gosec // there are few
	k.legs = append(k.legs, l)
	return l
}

func (l *walked) Media() media.Endpoint { return l.ear }

func (l *walked) Info() call.LegInfo {
	return call.LegInfo{Inbound: l.inbound, Party: l.party, Trunk: l.trunk}
}

// Answer takes as long as the ACK does, which may never come.
func (l *walked) Answer(ctx context.Context, near call.Want) error {
	if err := l.agree(near); err != nil {
		return err
	}
	takes := l.ack
	if l.noACK || l.mute.Load() {
		takes = 32 * time.Second
	}
	select {
	case <-time.After(takes):
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if takes == 32*time.Second {
		e := &dialplan.Ended{Cause: dialplan.CauseAckTimeout}
		l.cancel(e)
		return e
	}
	l.up.Store(true)
	return nil
}

// Near is answered later, or never.
func (l *walked) Near(w call.Want) {
	l.mu.Lock()
	news := l.near.Direction != w.Direction
	l.near = w
	l.mu.Unlock()
	if !news {
		return
	}
	answer := func() {
		if l.mute.Load() {
			l.vanish(32 * time.Second)
			return
		}
		_ = l.agree(w)
	}
	if l.lag == 0 {
		go answer() // many timers that are due at once can crash the race detector in fake time: golang.org/issue/78156
		return
	}
	time.AfterFunc(l.lag, answer)
}

// falls is what becomes of a phone of which nothing arrives any more: no audio, no BYE.
func (l *walked) falls() {
	l.mute.Store(true)
	l.vanish(l.expires)
}

func (l *walked) vanish(after time.Duration) {
	time.AfterFunc(after, func() { l.cancel(&dialplan.Ended{Cause: dialplan.CauseSessionExpired}) })
}

// tells presses keys, by INFO.
func (l *walked) tells(keys string) {
	for _, key := range keys {
		select {
		case l.infos <- call.Info{ContentType: "application/dtmf-relay", Body: fmt.Appendf(nil, "Signal=%c\r\nDuration=100\r\n", key)}:
		default: // nobody reads
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-l.ctx.Done():
			return
		case <-l.k.over:
			return
		}
	}
}

// phone is how a phone behaves that is called.
func (k *walker) phone(extension string) *phone {
	return &phone{extension, func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
		k.ringing(extension, 1)
		defer k.ringing(extension, -1)
		l := k.leg(extension, false)
		after := time.Duration(l.luck.IntN(4000)) * time.Millisecond
		act := answers(l.fakeLeg, after)
		switch l.luck.IntN(12) {
		case 0:
			act = refuses(486, after/4)
		case 1:
			act = refuses(603, after)
		case 2: // nothing of what is sent arrives
			act = refuses(408, 32*time.Second)
		case 3: // the 200 and the CANCEL cross
			act = answersAnyway(l.fakeLeg, after)
		case 4:
			act = answers(l.fakeLeg, time.Hour)
		case 5:
			act = k.early(l, after/2, act)
		}
		if _, err := act(ctx, progress); err != nil {
			l.refused = true
			l.cancel(err)
			return nil, err
		}
		_ = l.agree(call.Want{Formats: l.far.Formats})
		l.up.Store(true)
		k.say("%s answers", l.id)
		if l.luck.IntN(20) == 0 {
			k.say("%s has lost its network", l.id)
			l.falls()
		}
		return l, nil
	}}
}

// early sends audio before the answer.
func (k *walker) early(l *walked, after time.Duration, then func(context.Context, func(call.Progress)) (call.Leg, error)) func(context.Context, func(call.Progress)) (call.Leg, error) {
	return func(ctx context.Context, progress func(call.Progress)) (call.Leg, error) {
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		_ = l.agree(call.Want{Formats: l.far.Formats})
		progress(call.Progress{Status: 183, Early: l.ear, Far: l.far})
		return then(ctx, progress)
	}
}

func (k *walker) ringing(extension string, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rung[extension] += n
}
