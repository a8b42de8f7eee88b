package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/prompts"
)

// Speech speaks texts. It is safe for concurrent use.
type Speech interface {
	// Speak gives a text as it is spoken in a language, "" for any, at a rate that the
	// clip says when it is not usualRate. One that is an io.Closer is closed when it is
	// over.
	Speak(ctx context.Context, text, language string, rate int) (media.Clip, error)
}

var errSpeechless = errors.New("there is no engine that speaks texts: write speech.tts")

// files plays files to somebody, one after the other, then the text; s moves about in
// them. What cannot be played is left out.
func (c *Call) files(ctx context.Context, to media.Endpoint, p dialplan.Playing, s *steering) (out playback) {
	if p.Sentence {
		c.sentence(ctx, to, p, &out)
	} else {
		for _, name := range p.Files {
			if out.err != nil {
				break
			}
			clip, err := openPrompt(c.board.config().PromptsDir(), name, p.Language, media.RateFor(to))
			c.clip(ctx, to, name, s.steer(clip), err, &out)
		}
	}
	if p.Text != "" && out.err == nil {
		clip, err := c.spoken(ctx, p, media.RateFor(to))
		c.clip(ctx, to, "a text", s.steer(clip), err, &out)
	}
	return out
}

// sentence plays files as if they were one. Without one of its words it would say
// something else: then it is left out as a whole.
func (c *Call) sentence(ctx context.Context, to media.Endpoint, p dialplan.Playing, out *playback) {
	folder, rate := c.board.config().PromptsDir(), media.RateFor(to)
	whole := &joined{rate: rate}
	var words []string
	for _, name := range p.Files {
		clip, err := openPrompt(folder, name, p.Language, rate)
		if err != nil {
			c.clip(ctx, to, name, nil, err, out)
			_ = whole.Close()
			return
		}
		whole.clips = append(whole.clips, clip)
		if clip.word != "" {
			words = append(words, clip.word)
		}
	}
	called := "say " + strings.Join(words, " ")
	if len(words) == 0 && len(whole.clips) > 0 { // a tone
		called = whole.clips[0].called
	}
	c.clip(ctx, to, "a sentence", &prompt{openClip: whole, called: called}, nil, out)
}

// clip plays one clip, or says why there is none.
func (c *Call) clip(ctx context.Context, to media.Endpoint, name string, clip *prompt, err error, out *playback) {
	if err == nil {
		err = media.PlayClip(ctx, to, clip.called, clip)
		_ = clip.Close()
	}
	var silent *media.NoCommonCodecError
	switch {
	case err == nil:
	case ctx.Err() != nil || errors.As(err, &silent):
		out.err = err
	default:
		c.log.Warn("a file is not played", "file", name, "error", err)
		out.skipped = append(out.skipped, err.Error())
	}
}

// spoken is the text of p, to be heard at rate.
func (c *Call) spoken(ctx context.Context, p dialplan.Playing, rate int) (*prompt, error) {
	if c.board.speech == nil {
		return nil, errSpeechless
	}
	clip, err := c.board.speech.Speak(ctx, p.Text, p.Language, rate)
	if err != nil {
		return nil, err
	}
	open, ok := clip.(openClip)
	if !ok {
		open = struct {
			media.Clip
			io.Closer
		}{clip, io.NopCloser(nil)}
	}
	return &prompt{openClip: open, called: "say " + p.Text}, nil
}

// openClip is a clip that has to be closed.
type openClip interface {
	media.Clip
	io.Closer
}

// prompt is something to play.
type prompt struct {
	openClip
	called string // to who only hears what is played
	word   string // what it says in a sentence; "" is a pause
}

// Rate is how many samples a second it has.
func (p *prompt) Rate() int {
	if r, ok := p.openClip.(interface{ Rate() int }); ok {
		return r.Rate()
	}
	return usualRate
}

// usualRate is that of clips which do not say.
const usualRate = 8000

// openPrompt opens what is called name: in the folder, the file for the language and
// then the one for all; then the prompt that comes with Dialtone in the language, and in
// English. It is heard at rate.
func openPrompt(folder, name, language string, rate int) (*prompt, error) {
	own := language
	for own != "" && !strings.Contains(own, "/") {
		found := own + "/" + name
		if file, err := audio.Open(folder, found, rate); err == nil {
			return &prompt{file, "file " + found, found}, nil
		}
		own = own[:max(0, strings.LastIndexByte(own, '-'))]
	}
	file, err := audio.Open(folder, name, rate)
	if err == nil {
		return &prompt{file, "file " + name, name}, nil
	}
	in, ok := prompts.Find(language, name)
	if !ok {
		return nil, err
	}
	recording, err := prompts.Open(in, name)
	if err != nil {
		return nil, err
	}
	clip, err := audio.NewClip(recording, rate)
	if err != nil {
		return nil, fmt.Errorf("the prompt %s of the language %s: %w", name, in, err)
	}
	word := prompts.Text(in, name)
	if strings.HasPrefix(word, "(") {
		word = ""
	}
	return &prompt{clip, "file " + in + "/" + name, word}, nil
}

// joined are clips that are played as one.
type joined struct {
	clips []*prompt
	rate  int // of all
}

// Rate is how many samples a second they have.
func (j *joined) Rate() int { return j.rate }

// Length implements media.Clip.
func (j *joined) Length() (d time.Duration) {
	for _, c := range j.clips {
		d += c.Length()
	}
	return d
}

// Read implements media.Clip.
func (j *joined) Read(pcm []int16) (n int, err error) {
	for n < len(pcm) && len(j.clips) > 0 {
		got, err := j.clips[0].Read(pcm[n:])
		n += got
		switch {
		case errors.Is(err, io.EOF) || err == nil && n < len(pcm):
			_ = j.clips[0].Close()
			j.clips = j.clips[1:]
		case err != nil:
			return n, err
		}
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close implements io.Closer.
func (j *joined) Close() error {
	for _, c := range j.clips {
		_ = c.Close()
	}
	j.clips = nil
	return nil
}
