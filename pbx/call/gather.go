package call

import (
	"context"
	"strings"
	"time"

	"dialtone/dialplan"
)

// Play implements dialplan.Session.
func (c *Call) Play(ctx context.Context, p dialplan.Playing) (key string, err error) {
	a, err := c.attend(ctx)
	if err != nil {
		return "", err
	}
	defer a.close()
	key = c.stopped(p)
	if key == "" {
		a.play(p)
	}
	for key == "" && a.over != nil {
		if _, err := a.next(nil); err != nil {
			return "", err
		}
		if key = c.stopped(p); key == "" {
			a.skip()
		}
	}
	a.hush()
	return key, a.result()
}

// stopped is the key that stops what is played, "" when none was pressed.
func (c *Call) stopped(p dialplan.Playing) string {
	if p.Until == "" {
		return ""
	}
	c.dropTrailing()
	k, ok := c.keys.First()
	if !p.Keep {
		k, ok = c.keys.Take(p.Until)
	}
	if ok && strings.IndexByte(p.Until, k.Digit) >= 0 {
		return string(k.Digit)
	}
	return ""
}

// Gather implements dialplan.Session.
func (c *Call) Gather(ctx context.Context, g dialplan.Gathering) (dialplan.Gathered, error) {
	var play func(context.Context) playback
	if len(g.Files) > 0 || g.Text != "" {
		play = func(ctx context.Context) playback { return c.files(ctx, c.caller.Media(), g.Playing, nil) }
	}
	gather := c.gather
	if g.Listen && c.board.hearing != nil {
		gather = c.hear
	}
	got, skipped, err := gather(ctx, g, play)
	if err == nil {
		err = unplayable(skipped)
	}
	return got, err
}

// gather gathers keys while something is played, and gives what of that was left out.
func (c *Call) gather(ctx context.Context, g dialplan.Gathering, play func(context.Context) playback) (dialplan.Gathered, []string, error) {
	a, err := c.attend(ctx)
	if err != nil {
		return dialplan.Gathered{}, nil, err
	}
	defer a.close()
	if g.Fresh {
		c.keys.Clear()
	}
	var got []byte
	complete := c.collect(&got, g)
	if !complete && len(got) == 0 && play != nil {
		a.begin(play)
	}
	timer := time.NewTimer(patience(got, g))
	defer timer.Stop()
	for !complete {
		var due <-chan time.Time
		if a.over == nil {
			due = timer.C
		}
		what, err := a.next(due)
		if err != nil {
			return dialplan.Gathered{}, nil, err
		}
		if what == timedOut {
			break
		}
		had := len(got)
		complete = c.collect(&got, g)
		if complete || len(got) > had {
			a.hush()
		}
		if what == allPlayed || len(got) > had {
			timer.Reset(patience(got, g))
		}
	}
	a.hush()
	return dialplan.Gathered{Keys: string(got), TimedOut: !complete && len(got) == 0}, a.skipped, nil
}

// patience is how long to wait for the next key.
func patience(got []byte, g dialplan.Gathering) time.Duration {
	if len(got) == 0 {
		return g.Timeout
	}
	return g.Between
}

// collect takes the keys that wait, and reports whether the number is complete.
func (c *Call) collect(got *[]byte, g dialplan.Gathering) bool {
	for {
		c.dropTrailing()
		k, ok := c.keys.Take(dialplan.Keypad)
		if !ok {
			return false
		}
		if strings.IndexByte(g.Finish, k.Digit) >= 0 {
			return true
		}
		*got = append(*got, k.Digit)
		if len(*got) >= g.Max || g.Enough != nil && g.Enough(string(*got)) {
			c.trailing = trailing{g.Finish, time.Now().Add(g.Between)}
			return true
		}
	}
}
