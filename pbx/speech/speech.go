// Package speech makes texts into audio, and audio into texts, with engines that the
// configuration names, programs or web servers. What was spoken is kept. It owns the programs that run.
package speech

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/audio"
)

const (
	// MaxText is how long a text may be, in bytes.
	MaxText = 4000
	// maxAudio is how much an engine may answer, in bytes: five minutes of 16 kHz.
	maxAudio = 10 << 20
)

// Speech speaks texts. It is safe for concurrent use.
type Speech struct {
	config func() *config.Config
	cache  *cache
	log    *slog.Logger
	client *http.Client

	life context.Context //nolint:containedctx // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup

	speaking turns
	hearing  turns

	mu     sync.Mutex
	closed bool
	making map[string]chan struct{}
}

// Options say what engine speaks, and where its speech is kept.
type Options struct {
	Config func() *config.Config
	Folder string // for the cache; it is made when it is needed
	Log    *slog.Logger
}

// New returns a Speech; nothing is started before the first text.
func New(o Options) *Speech {
	s := &Speech{
		config: o.Config, cache: &cache{folder: o.Folder}, log: o.Log,
		client: newClient(), making: map[string]chan struct{}{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Close stops the engines that are at work and waits for them.
func (s *Speech) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	s.client.CloseIdleConnections()
}

// languageName is how a language may be written: it becomes an argument of a program.
var languageName = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)

// usual is the language of a text of which nobody says it.
const usual = "en"

// Speak gives a text as it is spoken in a language, "" for English, at a rate of 8000,
// 16000 or 48000 samples a second. The error says why there is nothing to hear.
func (s *Speech) Speak(ctx context.Context, text, language string, rate int) (media.Clip, error) {
	t := s.config().Speech.TTS
	text = clean(text)
	switch {
	case !t.Enabled():
		return nil, errors.New("there is no engine that speaks texts: write speech.tts")
	case text == "":
		return nil, errors.New("there is no text to speak")
	case len(text) > MaxText:
		return nil, fmt.Errorf("the text is longer than %d bytes", MaxText)
	}
	if !languageName.MatchString(language) {
		language = usual
	}
	j := job{text: text, language: language, voice: t.Voice(language), engine: t}
	data, err := s.audio(ctx, j)
	if err != nil {
		return nil, fmt.Errorf("a text is not spoken: %w", err)
	}
	return audio.NewClip(bytes.NewReader(data), rate)
}

// clean is a text as it may be given to a program.
func clean(text string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r <= 0x9f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text), ""))
}

// job is one text to speak.
type job struct {
	text, language, voice string
	engine                config.TTS
}

// key names it among all texts, voices and engines.
func (j job) key() string {
	h := sha256.New()
	for _, part := range append([]string{j.text, j.language, j.voice, j.engine.URL}, j.engine.Command...) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fill puts the language and the voice into a word of the configuration.
func (j job) fill(word string, escape func(string) string) string {
	return strings.NewReplacer("{language}", escape(j.language), "{voice}", escape(j.voice)).Replace(word)
}

// audio is the WAV file of a text, from the cache or the engine. Who asks for a text
// that is being spoken for somebody else waits for that.
func (s *Speech) audio(ctx context.Context, j job) ([]byte, error) {
	key := j.key()
	for {
		if data := s.cache.get(key); data != nil && playable(data) == nil {
			return data, nil
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, context.Canceled
		}
		before := s.making[key]
		if before == nil {
			s.making[key] = make(chan struct{})
			s.work.Add(1)
			s.mu.Unlock()
			return s.make(ctx, key, j)
		}
		s.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// make has the engine speak.
func (s *Speech) make(ctx context.Context, key string, j job) ([]byte, error) {
	defer s.work.Done()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.making[key])
		delete(s.making, key)
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, j.engine.Timeout.D(), fmt.Errorf("the engine took longer than %s", j.engine.Timeout.D()))
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	if err := s.speaking.enter(ctx, j.engine.Concurrent); err != nil {
		return nil, err
	}
	defer s.speaking.leave()
	data, err := s.ask(ctx, j)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	if err := playable(data); err != nil {
		return nil, fmt.Errorf("what the engine gave cannot be played: %w", err)
	}
	if err := s.cache.put(key, data, int64(j.engine.Cache)<<20); err != nil {
		s.log.Warn("what was spoken is not kept", "error", err)
	}
	return data, nil
}

func (s *Speech) ask(ctx context.Context, j job) ([]byte, error) {
	if j.engine.URL != "" {
		return s.fetch(ctx, j)
	}
	return command(ctx, j)
}

// playable says why data cannot be played.
func playable(data []byte) error {
	clip, err := audio.NewClip(bytes.NewReader(data), 8000)
	if err != nil {
		return err
	}
	return clip.Close()
}

// grace is how long a program may take to go when it is told to.
const grace = time.Second
