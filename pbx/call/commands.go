package call

import (
	"context"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/tone"
)

// keyPatience is how long a key may be the beginning of a sequence.
const keyPatience = time.Second

// command is what a sequence of keys does that a party presses in a conversation. An
// error of do is why the conversation is over.
type command struct {
	keys string
	do   func(ctx context.Context, from int) error
}

// commands finds, among the keys of a party, those that are for us.
type commands struct {
	table []command
	typed []media.Key
	timer *time.Timer // runs while typed may become more
}

// commandsOf are those that a party may give.
func (v *conversation) commandsOf(leg Leg) *commands {
	c := v.call
	m := &commands{timer: time.NewTimer(keyPatience)}
	m.timer.Stop()
	extension := c.extensionOf(leg)
	if extension == "" || c.urgent {
		return m
	}
	cfg := c.board.config()
	if rule := c.rule(extension); c.board.recordings != nil && (rule == config.RecordAlways || rule == config.RecordByKey) {
		m.add(cfg.Recording.Key, v.recordKey)
		m.add(cfg.Recording.PauseKey, v.pauseKey)
	}
	switch {
	case !c.origin.consults() || c.origin.passedOn:
		m.add(cfg.Transfers.Key, v.transferKey)
		m.add(cfg.Transfers.ConsultKey, v.consultKey)
	case leg.ID() == v.caller.ID():
		m.add(cfg.Transfers.ConsultKey, v.returnKey)
	}
	return m
}

// add adds a command; one without keys is none.
func (m *commands) add(keys string, do func(context.Context, int) error) {
	if keys != "" {
		m.table = append(m.table, command{keys, do})
	}
}

// any reports whether there are any.
func (m *commands) any() bool { return len(m.table) > 0 }

// take takes a key, and gives the command that it completes, and the keys that are not for
// us.
func (m *commands) take(k media.Key) (done *command, others []media.Key) {
	m.typed = append(m.typed, k)
	for len(m.typed) > 0 {
		text, begun := digits(m.typed), false
		for i := range m.table {
			if m.table[i].keys == text {
				m.typed = nil
				m.timer.Stop()
				return &m.table[i], others
			}
			begun = begun || strings.HasPrefix(m.table[i].keys, text)
		}
		if begun {
			m.timer.Reset(keyPatience)
			return nil, others
		}
		others = append(others, m.typed[0])
		m.typed = m.typed[1:]
	}
	m.timer.Stop()
	return nil, others
}

// late gives the keys of a sequence that nobody completed.
func (m *commands) late() (others []media.Key) {
	others, m.typed = m.typed, nil
	return others
}

func digits(keys []media.Key) string {
	out := make([]byte, len(keys))
	for i, k := range keys {
		out[i] = k.Digit
	}
	return string(out)
}

// whisper lets one party hear a prompt.
func (v *conversation) whisper(ctx context.Context, to int, prompt string) {
	v.alone(ctx, to, func(ctx context.Context, leg Leg) error {
		language := v.call.board.config().Extensions[v.call.extensionOf(leg)].Language
		return v.call.files(ctx, leg.Media(), dialplan.Playing{Files: []string{prompt}, Language: language}, nil).err
	})
}

// wrong lets one party hear that something has come to nothing.
func (v *conversation) wrong(ctx context.Context, to int) {
	v.alone(ctx, to, func(ctx context.Context, leg Leg) error {
		short, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		if err := v.call.sound(short, leg, tone.Congestion); short.Err() == nil {
			return err
		}
		return context.Cause(ctx)
	})
}

// alone lets one party hear something while it does not hear the other one.
func (v *conversation) alone(ctx context.Context, to int, play func(context.Context, Leg) error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, k := range v.keyed {
		defer context.AfterFunc(k.leg.Context(), stop)()
	}
	defer v.keyed[1-to].tap.Hold()()
	leg := v.keyed[to].leg
	if err := play(ctx, leg); err != nil && ctx.Err() == nil {
		v.call.log.Debug("a prompt is not heard", "party", leg.Info().Party, "error", err)
	}
}

// sound plays a tone of the site's country to a party.
func (c *Call) sound(ctx context.Context, leg Leg, name string) error {
	t, _ := tone.Named(name, c.board.config().Site.Country)
	return media.PlaySignal(ctx, leg.Media(), name, t)
}
