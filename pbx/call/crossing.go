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
	// commands are the keys of it that are for us.
	commands *commands
}

// listen prepares the two parties.
func (v *conversation) listen() {
	if v.call.keys == nil {
		v.call.keys = media.NewKeys()
	}
	v.call.keys.Clear() // a key that was pressed before is not meant for the callee
	for i, leg := range [...]Leg{v.caller, v.callee} {
		k := &keyed{leg: leg, keys: media.NewKeys(), commands: v.commandsOf(leg)}
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
		other, ours := v.keyed[1-i].habits, k.commands.any()
		k.passes = !ours && other.wants == asEvents && (k.tap.Converts() || other.takes(k.leg.Media().Formats()))
		k.keys.Listen(k.habits.tones)
		k.tap.PassEvents(k.passes)
		k.tap.MuteTones(ours || other.wants != asTones)
	}
}

// info takes an INFO of a party: a key is passed on as one, all else as it is. An error is
// why the conversation is over, as with pass.
func (v *conversation) info(ctx context.Context, from int, i Info) error {
	digit, held, ok := keyOf(i)
	if !ok {
		v.keyed[1-from].leg.SendInfo(i)
		return nil
	}
	v.keyed[from].keys.Press(digit, held, media.ByInfo)
	return v.pass(ctx, from, &i)
}

// pass sends the keys of a party to the other one, unless they get there by themselves or
// are for us. by is the INFO that told of them.
func (v *conversation) pass(ctx context.Context, from int, by *Info) error {
	k := v.keyed[from]
	for key, ok := k.keys.Take(dialplan.Keypad); ok; key, ok = k.keys.Take(dialplan.Keypad) {
		var done *command
		others := []media.Key{key}
		if k.commands.any() {
			done, others = k.commands.take(key)
		}
		for _, other := range others {
			if other != key {
				by = nil
			}
			v.passOne(ctx, from, other, by)
		}
		if done == nil {
			continue
		}
		if err := done.do(ctx, from); err != nil {
			return err
		}
		k = v.keyed[from] // which may be another one now
	}
	return nil
}

// passLate sends keys that were no beginning of a sequence.
func (v *conversation) passLate(ctx context.Context, from int) {
	for _, key := range v.keyed[from].commands.late() {
		v.passOne(ctx, from, key, nil)
	}
}

func (v *conversation) passOne(ctx context.Context, from int, key media.Key, by *Info) {
	k, to := v.keyed[from], v.keyed[1-from]
	switch {
	case key.By == media.ByEvent && k.passes:
	case key.By == media.ByTone && to.habits.wants == asTones && !k.commands.any():
	case key.By == media.ByInfo && to.habits.wants == asInfo && by != nil:
		to.leg.SendInfo(*by)
	default:
		to.send.press(ctx, outKey{key.Digit, min(key.Held, 5*time.Second)})
	}
}
