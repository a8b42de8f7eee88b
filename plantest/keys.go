package plantest

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

const (
	// Reaction is how long a caller takes to press a key that something asks for.
	Reaction = 500 * time.Millisecond
	// KeyTime is how long one key takes, with the pause behind it.
	KeyTime = keyLength + keyPause

	keyLength = 100 * time.Millisecond
	keyPause  = 100 * time.Millisecond
)

// Pressing are keys that a caller presses one after the other.
type Pressing struct {
	Keys   string
	At     *time.Duration // from the start of the call
	During string         // what is heard meanwhile
	After  string         // what was heard before
	text   dialplan.Text  // as it is written
}

// Presses are what the caller presses, in order.
func (c *Caller) Presses() []Pressing {
	var out []Pressing
	for _, t := range c.Keys {
		if p, err := parsePressing(t); err == nil { // Read has refused what is wrong
			out = append(out, p)
		}
	}
	return out
}

// parsePressing reads "1234#", "1234# after 3s", "1 during file menu" or "1 after
// file menu".
func parsePressing(t dialplan.Text) (Pressing, error) {
	keys, when, timed := strings.Cut(t.Value, " ")
	p := Pressing{text: t, Keys: strings.ToUpper(keys)}
	if keys == "" || strings.Trim(p.Keys, media.Keypad) != "" {
		return p, fmt.Errorf("%q are no keys of a phone", keys)
	}
	if !timed {
		return p, nil
	}
	word, what, _ := strings.Cut(when, " ")
	if what = strings.TrimSpace(what); what == "" {
		return p, fmt.Errorf("%q does not say when", when)
	}
	switch word {
	case "during":
		p.During = what
	case "after":
		if d, err := config.ParseDuration(what); err == nil {
			own := d.D()
			p.At = &own
		} else {
			p.After = what
		}
	default:
		return p, fmt.Errorf("%q is neither after nor during something", when)
	}
	return p, nil
}

// presser is a caller's finger.
type presser struct {
	leg   *leg
	heard int // of what the caller hears, what the keys so far had to do with
	left  []Pressing
}

// press presses keys in their order, until the call is over; keys that were not
// pressed are left in p.
func (p *presser) press(list []Pressing) {
	p.left = list
	for _, k := range list {
		if !p.await(k) {
			return
		}
		for _, digit := range []byte(k.Keys) {
			p.leg.audio.press(digit)
			if !p.sleep(KeyTime) {
				break // the last one may have ended the call
			}
		}
		p.left = p.left[1:]
	}
}

// await waits for the time to press k; false when the call is over.
func (p *presser) await(k Pressing) bool {
	if k.At != nil {
		return p.sleep(*k.At - time.Since(p.leg.audio.air.start))
	}
	for {
		ready, changed := p.ready(k)
		if ready {
			return p.sleep(Reaction)
		}
		select {
		case <-changed:
		case <-p.leg.ctx.Done():
			return false
		}
	}
}

// ready reports whether the caller has heard what k is pressed for; changed is
// closed when it hears something else.
func (p *presser) ready(k Pressing) (ok bool, changed <-chan struct{}) {
	e := p.leg.audio
	e.air.mu.Lock()
	defer e.air.mu.Unlock()
	if what := cmp.Or(k.During, k.After); what != "" {
		for i := p.heard; i < len(e.heard); i++ {
			if m := e.heard[i]; m.What == what && (k.During != "" || !m.open) {
				p.heard = i + 1
				return true, nil
			}
		}
		return false, e.changed
	}
	return e.agreed, e.changed
}

func (p *presser) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.leg.ctx.Done():
		return false
	}
}

// press sends a key to who hears e, if anybody does.
func (e *endpoint) press(digit byte) {
	e.air.mu.Lock()
	sink := e.sink
	ticks := uint32(time.Now().UnixMilli() * int64(codec.DTMF.Clock) / 1000) // also for calls before the one that is tested
	e.pressed++
	seq := e.pressed
	e.air.mu.Unlock()
	if sink != nil {
		length := uint16(keyLength * time.Duration(codec.DTMF.Clock) / time.Second)
		raw := make([]byte, 12, 48)
		raw = append(raw, byte(strings.IndexByte(media.Keypad, digit)), 0x80, byte(length>>8), byte(length))
		f := codec.DTMF
		for range 3 { // as often as RFC 4733 wants the end to be said
			sink.Packet(&media.Packet{Raw: raw, Payload: raw[12:], Format: &f, SSRC: e.number, Time: ticks, Seq: seq, Marker: true})
		}
	}
}

// unpressed are the keys of the caller that were never pressed.
func (o *Observed) unpressed() []Difference {
	var out []Difference
	for _, k := range o.left {
		out = append(out, Difference{Key: "call.keys", At: k.text.At, Want: k.text.Value, Got: "not pressed"})
	}
	return out
}
