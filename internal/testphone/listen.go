package testphone

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Speak sends a tone of hz from now on; 0 is silence.
func (c *Call) Speak(hz float64) { c.audio.speak(hz) }

// Mute stops the sending of audio packets altogether.
func (c *Call) Mute() { c.audio.mute(true) }

// Unmute starts it again.
func (c *Call) Unmute() { c.audio.mute(false) }

// Throw sends octets from the call's audio port to any address.
func (c *Call) Throw(to netip.AddrPort, raw []byte) { c.audio.throw(to, raw) }

// Audio is where the call's audio is received.
func (c *Call) Audio() netip.AddrPort { return netip.AddrPortFrom(c.p.ip, c.audio.port()) }

// Hears waits until the tone hz arrives. The first time all audio of the call counts,
// of which some may be over by now, then only what arrives after the call of Hears.
func (c *Call) Hears(ctx context.Context, hz float64) {
	c.p.t.Helper()
	c.listen(ctx, fmt.Sprintf("to hear %v Hz", hz), true, func(pcm []int16) bool { return HasTone(pcm, hz) })
}

// HearsSomething waits until anything but silence arrives.
func (c *Call) HearsSomething(ctx context.Context) {
	c.p.t.Helper()
	c.listen(ctx, "to hear something", false, func(pcm []int16) bool { return RMS(pcm) > noiseFloor })
}

func (c *Call) listen(ctx context.Context, what string, back bool, found func([]int16) bool) {
	c.p.t.Helper()
	a := c.audio
	a.mu.Lock()
	from, packets := a.samples, a.heard.Packets
	if back && !a.listened {
		from, packets = 0, 0
	}
	a.listened = true
	a.mu.Unlock()
	at := from // all that arrives is looked at, also when this goroutine comes late to it
	err := c.waitAudio(ctx, func() (bool, time.Duration) {
		kept := a.samples - int64(len(a.pcm))
		for at = max(at, kept); at+window <= a.samples; at += frame {
			if begin := at - kept; found(a.pcm[begin : begin+window]) {
				return true, 0
			}
		}
		return false, 0
	})
	if err == nil {
		return
	}
	a.mu.Lock()
	got := fmt.Sprintf("%d audio packets came meanwhile (%d in all, %d not usable)", a.heard.Packets-packets, a.heard.Packets, a.heard.Garbled)
	if a.samples-from >= window {
		last := a.pcm[len(a.pcm)-window:]
		got += fmt.Sprintf("; the loudest tone in the end is %v Hz at a level of %.0f", Loudest(last), RMS(last))
	}
	a.mu.Unlock()
	c.p.fail("%s: expected %s; %v: %s; %s", c, what, err, got, c.State())
}

const quiet = 300 * time.Millisecond

// HearsNothing waits until nothing, or nothing but silence, has arrived for
// 300 ms.
func (c *Call) HearsNothing(ctx context.Context) {
	c.p.t.Helper()
	a, begin := c.audio, time.Now()
	err := c.waitAudio(ctx, func() (bool, time.Duration) {
		since := begin
		if a.lastLoud.After(since) {
			since = a.lastLoud
		}
		left := quiet - time.Since(since)
		return left <= 0, max(left, time.Millisecond)
	})
	if err == nil {
		return
	}
	a.mu.Lock()
	hz := Loudest(a.pcm[max(0, len(a.pcm)-window):])
	a.mu.Unlock()
	c.p.fail("%s: expected to hear nothing; %v, and %v Hz is still heard", c, err, hz)
}

// waitAudio blocks until ready, called with the audio's lock held, says true. It
// is asked again with each packet, and after the time it gives when that is not 0.
func (c *Call) waitAudio(ctx context.Context, ready func() (bool, time.Duration)) error {
	ctx, cancel := c.p.patience(ctx)
	defer cancel()
	begin, a := time.Now(), c.audio
	for {
		a.mu.Lock()
		ok, again := ready()
		changed := a.changed
		a.mu.Unlock()
		if ok {
			return nil
		}
		var timer <-chan time.Time
		if again > 0 {
			timer = time.After(again)
		}
		select {
		case <-changed:
		case <-timer:
		case <-a.done:
			return fmt.Errorf("the call's audio is closed")
		case <-ctx.Done():
			return fmt.Errorf("waited %v", time.Since(begin).Round(10*time.Millisecond))
		}
	}
}

// SendDTMF sends digits as RFC 4733 events, one after the other. It fails the
// test when the far side takes none.
func (c *Call) SendDTMF(digits string) {
	c.p.t.Helper()
	if !c.audio.press(digits) {
		c.p.fail("%s: the far side did not negotiate telephone-event", c)
	}
}

// WaitDigits waits until the digits received so far are these.
func (c *Call) WaitDigits(ctx context.Context, digits string) {
	c.p.t.Helper()
	a := c.audio
	var got string
	if err := c.waitAudio(ctx, func() (bool, time.Duration) { got = a.digits; return got == digits, 0 }); err != nil {
		c.p.fail("%s: expected the digits %q; %v and got %q", c, digits, err, got)
	}
}

// Heard is what arrived at the call's audio port so far.
func (c *Call) Heard() Heard {
	a := c.audio
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.heard
	h.SSRCs, h.Sources, h.Types = slices.Clone(h.SSRCs), slices.Clone(h.Sources), map[int]int{}
	for pt, n := range a.heard.Types {
		h.Types[pt] = n
	}
	return h
}

// Codec is what the phone sends, "" before the first agreement.
func (c *Call) Codec() string {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	return c.audio.codec
}

// Encrypted reports whether the audio is SRTP, both ways.
func (c *Call) Encrypted() bool {
	c.audio.mu.Lock()
	defer c.audio.mu.Unlock()
	return c.audio.encrypt != nil && c.audio.decrypt != nil
}

// Listen gives f the last 100 ms of what has arrived, after each 40 ms of it, until the call
// is over or ctx ends. All that arrives is looked at, also when this goroutine comes late to
// it, by less than a second.
func (c *Call) Listen(ctx context.Context, f func(pcm []int16)) {
	const step = 2 * frame
	a := c.audio
	for end := int64(window); ; end += step {
		var pcm []int16
		err := c.waitAudio(ctx, func() (bool, time.Duration) {
			kept := a.samples - int64(len(a.pcm))
			if late := kept + window - end; late > 0 {
				end += (late + step - 1) / step * step
			}
			if end > a.samples {
				return false, 0
			}
			pcm = slices.Clone(a.pcm[end-window-kept : end-kept])
			return true, 0
		})
		if err != nil {
			return
		}
		f(pcm)
	}
}
