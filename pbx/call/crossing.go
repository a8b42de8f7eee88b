package call

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// keyed is one party of a conversation, as to its keys.
type keyed struct {
	leg    Leg
	keys   *media.Keys // that it presses
	tap    *media.Tap
	send   *keySender // keys to it
	habits habits
	passes bool // its telephone events go to the other one as they are
}

// listen prepares the two parties.
func (v *conversation) listen() {
	if v.call.keys == nil {
		v.call.keys = media.NewKeys()
	}
	v.call.keys.Clear() // a key that was pressed before is not meant for the callee
	for i, leg := range [...]Leg{v.caller, v.callee} {
		k := &keyed{leg: leg, keys: media.NewKeys()}
		if i == 0 {
			k.keys = v.call.keys
		}
		k.tap = media.NewTap(leg.Media(), k.keys)
		v.keyed[i] = k
	}
	for i, k := range v.keyed {
		k.send = &keySender{call: v.call, leg: k.leg, hold: v.keyed[1-i].tap.Hold}
	}
	v.arrange()
}

// arrange decides how keys get from one to the other, from what was negotiated.
func (v *conversation) arrange() {
	for _, k := range v.keyed {
		k.habits = habitsOf(k.leg)
	}
	for i, k := range v.keyed {
		other := v.keyed[1-i].habits
		k.passes = other.wants == asEvents && (k.tap.Converts() || other.takes(k.leg.Media().Formats()))
		k.keys.Listen(k.habits.tones)
		k.tap.PassEvents(k.passes)
		k.tap.MuteTones(other.wants != asTones)
	}
}

// info takes an INFO of a party: a key is passed on as one, all else as it is.
func (v *conversation) info(ctx context.Context, from int, i Info) {
	digit, held, ok := keyOf(i)
	if !ok {
		v.keyed[1-from].leg.SendInfo(i)
		return
	}
	v.keyed[from].keys.Press(digit, held, media.ByInfo)
	v.pass(ctx, from, &i)
}

// pass sends the keys of a party to the other one, unless they get there by
// themselves. by is the INFO that told of them.
func (v *conversation) pass(ctx context.Context, from int, by *Info) {
	k, to := v.keyed[from], v.keyed[1-from]
	for key, ok := k.keys.Take(dialplan.Keypad); ok; key, ok = k.keys.Take(dialplan.Keypad) {
		switch {
		case key.By == media.ByEvent && k.passes:
		case key.By == media.ByTone && to.habits.wants == asTones:
		case key.By == media.ByInfo && to.habits.wants == asInfo && by != nil:
			to.leg.SendInfo(*by)
		default:
			to.send.press(ctx, outKey{key.Digit, min(key.Held, 5*time.Second)})
		}
	}
}
