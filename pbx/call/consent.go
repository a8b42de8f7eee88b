package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/recording"
)

// What people hear before they are recorded.
const (
	noticePrompt = "record/notice"
	askPrompt    = "record/ask"
	// recordedPrompt is for who comes into a conference.
	recordedPrompt = "conference/recording"
)

const (
	agreeKey, refuseKey = '1', '2'
	askRounds           = 2               // how often a caller is asked
	askPatience         = 6 * time.Second // after each time
)

// tellAlone sees to the consent of a caller who is joined with nobody.
func (c *Call) tellAlone(language string) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, consent string) (bool, error) {
		c.listen()
		return c.tell(ctx, consent, language, c.caller)
	}
}

// tell tells the parties, who hear nothing else meanwhile, that they are recorded. With ask,
// it reports whether the caller agrees. What is pressed gets to the caller's keys.
func (c *Call) tell(ctx context.Context, consent, language string, parties ...Leg) (agreed bool, err error) {
	if consent == config.ConsentSilent {
		return true, nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	agreed = true
	type outcome struct {
		agreed bool
		err    error
	}
	done := make(chan outcome, len(parties))
	for _, leg := range parties {
		defer context.AfterFunc(leg.Context(), func() { stop(context.Cause(leg.Context())) })()
		c.tasks.Go(func() {
			if consent == config.ConsentAsk && leg == Leg(c.caller) {
				yes, err := c.ask(ctx, language)
				done <- outcome{yes, err}
				return
			}
			done <- outcome{true, c.notice(ctx, leg, language)}
		})
	}
	for range parties {
		o := <-done
		agreed = agreed && o.agreed
		if o.err != nil {
			stop(o.err)
			err = errors.Join(err, o.err)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return agreed, err
}

// notice tells one party.
func (c *Call) notice(ctx context.Context, leg Leg, language string) error {
	if e := c.extensionOf(leg); e != "" && leg != Leg(c.caller) {
		language = c.board.config().Extensions[e].Language
	}
	return c.said(c.files(ctx, leg.Media(), dialplan.Playing{Files: []string{noticePrompt}, Language: language}, nil))
}

// said is an error when something was left out: who did not hear that he is recorded must
// not be.
func (c *Call) said(p playback) error {
	if p.err == nil && len(p.skipped) > 0 {
		return errors.New("the announcement cannot be played: " + p.skipped[0])
	}
	return p.err
}

// ask asks the caller. Who presses nothing does not agree.
func (c *Call) ask(ctx context.Context, language string) (bool, error) {
	c.keys.Clear()
	for range askRounds {
		playing, hush := context.WithCancel(ctx)
		over := make(chan error, 1)
		c.tasks.Go(func() {
			over <- c.said(c.files(playing, c.caller.Media(), dialplan.Playing{Files: []string{askPrompt}, Language: language}, nil))
		})
		key, err := c.answerTo(ctx, over)
		hush()
		if err != nil || key != 0 {
			return key == agreeKey, err
		}
	}
	return false, nil
}

// answerTo is the key that the caller presses while something is played, or some time after
// it is over, which is closed then; 0 when it presses none.
func (c *Call) answerTo(ctx context.Context, over <-chan error) (byte, error) {
	var late <-chan time.Time
	for {
		for k, ok := c.keys.Take(dialplan.Keypad); ok; k, ok = c.keys.Take(dialplan.Keypad) {
			if k.Digit == agreeKey || k.Digit == refuseKey {
				letGo(ctx, c.keys)
				return k.Digit, nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case err := <-over:
			if err != nil {
				return 0, err
			}
			over = nil
			timer := time.NewTimer(askPatience)
			defer timer.Stop()
			late = timer.C
		case <-late:
			return 0, nil
		case i := <-c.caller.Infos():
			c.pressed(i)
		case <-c.caller.Changed():
			c.touched()
		case <-c.keys.Pressed():
		}
	}
}

// wanted is the rule by which a call with callee is to be recorded; false when there is
// none. Callee may be nil.
func (c *Call) wanted(callee Leg) bool {
	if c.person() != nil { // the conference is recorded, not those whom it calls
		return false
	}
	rules := []string{c.rule(c.extensionOf(c.caller)), c.board.config().Numbers[c.did()].Record}
	if callee != nil {
		rules = append(rules, c.rule(c.extensionOf(callee)))
	}
	return slices.Contains(rules, config.RecordAlways)
}

// language is that of announcements to the caller.
func (c *Call) language() string {
	return cmp.Or(c.facts.Language, c.board.config().Numbers[c.did()].Language)
}

// askFirst asks a caller who has to be asked, before anybody is called for it.
func (c *Call) askFirst(ctx context.Context) error {
	cfg, did := c.board.config(), c.did()
	take, _, over := c.recording()
	if take != nil || over || c.board.recordings == nil || cfg.Numbers[did].Record != config.RecordAlways || cfg.Consent(did, c.facts.Trunk) != config.ConsentAsk {
		return nil
	}
	if err := c.audible(ctx, playable(c.caller.Far().Formats)); err != nil {
		return err
	}
	_, err := c.begin(ctx, starting{by: recording.ByRule}, nil, c.tellAlone(c.language()))
	return err
}
