package call

import (
	"context"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/pbx/voicemail"
)

// line is a call as a voicemail.Line.
type line struct{ *Call }

func (c line) Facts() dialplan.Facts     { return c.facts }
func (c line) Guesses() dialplan.Guesses { return c.board.guesses }

func (c line) Say(ctx context.Context, language string, parts []voicemail.Part, until string) (key string, err error) {
	a, err := c.attend(ctx)
	if err != nil {
		return "", err
	}
	defer a.close()
	p := dialplan.Playing{Until: until}
	if key = c.stopped(p); key == "" {
		a.begin(func(ctx context.Context) playback { return c.parts(ctx, language, parts) })
	}
	for key == "" && a.over != nil {
		if _, err := a.next(nil); err != nil {
			return "", err
		}
		key = c.stopped(p)
	}
	a.hush()
	return key, nil
}

func (c line) Ask(ctx context.Context, q voicemail.Asking) (dialplan.Gathered, error) {
	g := dialplan.Gathering{Max: q.Max, Finish: q.Finish, Timeout: q.Timeout, Between: q.Between, Fresh: q.Fresh}
	got, _, err := c.gather(ctx, g, func(ctx context.Context) playback { return c.parts(ctx, q.Language, q.Parts) })
	return got, err
}

// Rate implements voicemail.Line.
func (c line) Rate() int { return record.RateFor(c.caller.Media().Formats()) }

func (c line) Record(ctx context.Context, r voicemail.Recording) (out voicemail.Recorded, err error) {
	a, err := c.attend(ctx)
	if err != nil {
		return out, err
	}
	defer a.close()
	c.keys.Clear()
	rec := record.Start(record.Options{To: r.To, Rate: r.Rate, Max: r.Max, Silence: r.Silence})
	tap := media.NewTap(c.caller.Media(), c.keys)
	tap.MuteTones(true)
	tap.SetSink(rec)
	defer func() {
		tap.RemoveSink(rec)
		c.listen()
		out.Result = rec.Stop()
	}()
	a.ended = rec.Done()
	for {
		what, err := a.next(nil)
		switch {
		case err != nil:
			return out, err
		case what == hasEnded:
			return out, nil
		}
		if out.Key = c.stopped(dialplan.Playing{Until: r.Finish}); out.Key != "" {
			return out, nil
		}
		c.keys.Take(dialplan.Keypad) // one that means nothing here
	}
}

// parts plays one after the other.
func (c *Call) parts(ctx context.Context, language string, list []voicemail.Part) (out playback) {
	for _, p := range list {
		switch {
		case out.err != nil:
		case p.File != "":
			clip, err := audio.OpenPath(p.File, media.RateFor(c.caller.Media()))
			if err != nil {
				c.clip(ctx, c.caller.Media(), p.Name, nil, err, &out)
				continue
			}
			c.clip(ctx, c.caller.Media(), p.Name, &prompt{openClip: clip, called: "file " + p.Name}, nil, &out)
		default:
			c.sentence(ctx, c.caller.Media(), dialplan.Playing{Files: p.Words, Language: language}, &out)
		}
	}
	return out
}
