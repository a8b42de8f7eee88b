package call

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/record"
)

// Line is a caller that a service speaks with by keys and recordings. It is for the
// goroutine of the call.
type Line interface {
	// Facts is who calls.
	Facts() dialplan.Facts
	// Say answers and plays parts until they are over, or one of the keys in until is
	// pressed, which it gives. What cannot be played is left out.
	Say(ctx context.Context, language string, parts []Part, until string) (key string, err error)
	// Ask answers, plays parts and gathers keys; the first of them stops what is played.
	Ask(ctx context.Context, q Asking) (dialplan.Gathered, error)
	// Record answers and records the caller. It gives what was recorded also with an
	// error, which says that the call is over.
	Record(ctx context.Context, r Recording) (Recorded, error)
	// Guesses counts wrong PINs.
	Guesses() dialplan.Guesses
}

// Part is one of the things that are played: the words of a sentence, which are
// prompts, or a file.
type Part struct {
	Words []string
	File  string // its path
	Name  string // of the file, for who only hears what is played
}

// Words is a part of prompts.
func Words(prompts ...string) Part { return Part{Words: prompts} }

// Asking is a question.
type Asking struct {
	Language string
	Parts    []Part
	Max      int    // keys; 1 is a choice
	Finish   string // keys that end the answer before
	Timeout  time.Duration
	Between  time.Duration
	Fresh    bool // forgets what was pressed before
}

// Recording is what is to be recorded.
type Recording struct {
	To      audio.Writer // mono, of record.Rate
	Max     time.Duration
	Silence time.Duration // ends it
	Finish  string        // keys that end it
}

// Recorded is what came of it.
type Recorded struct {
	record.Result
	Key string // that ended it
}

// line is a call as a Line.
type line struct{ *Call }

func (c line) Facts() dialplan.Facts     { return c.facts }
func (c line) Guesses() dialplan.Guesses { return c.board.guesses }

func (c line) Say(ctx context.Context, language string, parts []Part, until string) (key string, err error) {
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

func (c line) Ask(ctx context.Context, q Asking) (dialplan.Gathered, error) {
	g := dialplan.Gathering{Max: q.Max, Finish: q.Finish, Timeout: q.Timeout, Between: q.Between, Fresh: q.Fresh}
	got, _, err := c.gather(ctx, g, func(ctx context.Context) playback { return c.parts(ctx, q.Language, q.Parts) })
	return got, err
}

func (c line) Record(ctx context.Context, r Recording) (out Recorded, err error) {
	a, err := c.attend(ctx)
	if err != nil {
		return out, err
	}
	defer a.close()
	c.keys.Clear()
	rec := record.Start(record.Options{To: r.To, Max: r.Max, Silence: r.Silence})
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
func (c *Call) parts(ctx context.Context, language string, list []Part) (out playback) {
	for _, p := range list {
		switch {
		case out.err != nil:
		case p.File != "":
			clip, err := audio.OpenPath(p.File, media.RateFor(c.caller.Media()))
			if err != nil {
				c.clip(ctx, p.Name, nil, err, &out)
				continue
			}
			c.clip(ctx, p.Name, &prompt{openClip: clip, called: "file " + p.Name}, nil, &out)
		default:
			c.sentence(ctx, dialplan.Playing{Files: p.Words, Language: language}, &out)
		}
	}
	return out
}
