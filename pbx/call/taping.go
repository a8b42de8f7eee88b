package call

import (
	"context"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/recording"
)

// What one hears whose key or order did something to a recording.
const (
	stoppedPrompt = "record/stopped"
	pausedPrompt  = "record/paused"
	resumedPrompt = "record/resumed"
	failedPrompt  = "record/failed"
)

// keyPatience is how long a key may be the beginning of a sequence.
const keyPatience = time.Second

// commands finds, among the keys of a party, those that are for the recording.
type commands struct {
	start, pause string // "" is none
	typed        []media.Key
	timer        *time.Timer // runs while typed may become more
}

// commandsOf are those that an extension may give.
func (c *Call) commandsOf(extension string) *commands {
	m := &commands{timer: time.NewTimer(keyPatience)}
	m.timer.Stop()
	if rule := c.rule(extension); c.board.recordings != nil && !c.urgent && (rule == config.RecordAlways || rule == config.RecordByKey) {
		r := c.board.config().Recording
		m.start, m.pause = r.Key, r.PauseKey
	}
	return m
}

// any reports whether there are any.
func (m *commands) any() bool { return m.start != "" || m.pause != "" }

// take takes a key, and gives the sequence that it completes, and the keys that are not for
// the recording.
func (m *commands) take(k media.Key) (sequence string, others []media.Key) {
	m.typed = append(m.typed, k)
	for len(m.typed) > 0 {
		text := digits(m.typed)
		switch {
		case text == m.start, text == m.pause:
			m.typed = nil
			m.timer.Stop()
			return text, others
		case strings.HasPrefix(m.start, text), strings.HasPrefix(m.pause, text):
			m.timer.Reset(keyPatience)
			return "", others
		}
		others = append(others, m.typed[0])
		m.typed = m.typed[1:]
	}
	m.timer.Stop()
	return "", others
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

// prepare sees to it that both know, before they are joined, when the conversation is to be
// recorded. An error is why it is over.
func (v *conversation) prepare(ctx context.Context) error {
	c, callee := v.call, v.callee.Info().Party
	if c.urgent || c.rule(c.extensionOf(v.callee)) == config.RecordNever {
		v.private = true
		c.private(1)
		return nil
	}
	take, told, over := c.recording()
	switch {
	case take != nil && told:
		if err := v.tellCallee(ctx); err != nil {
			return err
		}
		take.Joined(callee)
	case take != nil:
		take.Joined(callee)
	case !over && c.board.recordings != nil && c.wanted(v.callee):
		if err := v.answer(ctx); err != nil {
			return err
		}
		_, err := v.begin(ctx, starting{by: recording.ByRule})
		return err
	}
	return nil
}

// private notes that a party is in the call, or has left it, who is never recorded.
func (c *Call) private(by int) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.private += by
	c.tape.apply()
}

// taped sees to it that the caller knows when a conference is recorded. In one that is not,
// whose members know of nothing, a recording of the call pauses until out is called.
func (c *Call) taped(ctx context.Context, j dialplan.Joining) (out func(), refused string, err error) {
	cfg := c.board.config()
	take, told, _ := c.recording()
	switch recorded := cfg.Conferences[j.Conference].Record && c.board.recordings != nil; {
	case recorded && cfg.Recording.Announce && (take == nil || !told):
		notice := dialplan.Playing{Files: []string{recordedPrompt}, Language: j.Language}
		if err := c.said(c.files(ctx, c.caller.Media(), notice, nil)); err != nil {
			refused, err = c.unrecorded(ctx, err)
			return nil, refused, err
		}
	case !recorded && told:
		c.private(1)
		return func() { c.private(-1) }, "", nil
	}
	return func() {}, "", nil
}

// answer answers the caller before it is joined with anybody.
func (v *conversation) answer(ctx context.Context) error {
	if v.call.accepted {
		return nil
	}
	if err := v.call.caller.Answer(ctx, nearFor(v.callee.Far())); err != nil {
		return err
	}
	v.call.accepted = true
	v.call.answered()
	return nil
}

// tellCallee lets one who joins a recorded call know. When that cannot be, the recording
// ends.
func (v *conversation) tellCallee(ctx context.Context) error {
	defer v.aside()()
	_, err := v.call.tell(ctx, config.ConsentAnnounce, "", v.callee)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case v.callee.Context().Err() != nil:
		return context.Cause(v.callee.Context())
	}
	v.call.stop()
	_, err = v.call.unrecorded(ctx, err)
	return err
}

// aside keeps the two from hearing each other, and their keys from each other, while they
// are told something.
func (v *conversation) aside() (again func()) {
	var release [2]func()
	for i, k := range v.keyed {
		k.tap.PassEvents(false)
		if k.tap.Sink() == nil {
			k.tap.SetSink(unheard{})
		}
		release[i] = k.tap.Hold()
	}
	return func() {
		for i, k := range v.keyed {
			k.keys.Clear()
			release[i]()
		}
		v.arrange()
	}
}

// begin begins to record.
func (v *conversation) begin(ctx context.Context, s starting) (why string, err error) {
	if v.answered && (v.caller.Far().Direction != media.SendRecv || v.callee.Far().Direction != media.SendRecv) {
		return "somebody is on hold", nil
	}
	return v.call.begin(ctx, s, []Leg{v.callee}, func(ctx context.Context, consent string) (bool, error) {
		defer v.aside()()
		return v.call.tell(ctx, consent, v.call.language(), v.caller, v.callee)
	})
}

// command does what a sequence of keys says that a party has pressed. An error is why the
// conversation is over.
func (v *conversation) command(ctx context.Context, from int, sequence string) error {
	c, m := v.call, v.keyed[from].commands
	take, _, _ := c.recording()
	switch {
	case sequence == m.start && take == nil:
		why, err := v.begin(ctx, starting{by: recording.ByKey})
		if err == nil && why != "" {
			c.log.Info("a key records nothing", "party", v.keyed[from].leg.Info().Party, "reason", why)
			v.whisper(ctx, from, failedPrompt)
		}
		return err
	case sequence == m.start:
		c.stop()
		v.whisper(ctx, from, stoppedPrompt)
	case take == nil:
	case c.pause(true):
		v.whisper(ctx, from, pausedPrompt)
	default:
		v.whisper(ctx, from, resumedPrompt)
		c.pause(false)
	}
	return nil
}

// whisper lets one party hear a prompt.
func (v *conversation) whisper(ctx context.Context, to int, prompt string) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for _, k := range v.keyed {
		defer context.AfterFunc(k.leg.Context(), stop)()
	}
	defer v.keyed[1-to].tap.Hold()()
	leg := v.keyed[to].leg
	language := v.call.board.config().Extensions[v.call.extensionOf(leg)].Language
	if p := v.call.files(ctx, leg.Media(), dialplan.Playing{Files: []string{prompt}, Language: language}, nil); p.err != nil && ctx.Err() == nil {
		v.call.log.Debug("a prompt is not heard", "prompt", prompt, "error", p.err)
	}
}
