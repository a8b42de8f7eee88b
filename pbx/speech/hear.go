package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// maxHeard is how much an engine may write of what it understood, in bytes.
const maxHeard = 4 << 10

// maxTranscript is the same of a message.
const maxTranscript = 32 << 10

// Hear gives the words of somebody who speaks a language, "" for English: mono audio of
// rate samples a second. "" is for audio without words.
func (s *Speech) Hear(ctx context.Context, pcm []int16, rate int, language string) (string, error) {
	e := s.config().Speech.STT
	if !e.Enabled() {
		return "", errors.New("there is no engine that understands speech: write speech.stt")
	}
	text, err := s.understand(ctx, listener{
		command: e.Command, url: e.URL, timeout: e.Timeout.D(), most: maxHeard,
		enter: func(ctx context.Context) error { return s.hearing.enter(ctx, e.Concurrent) }, leave: s.hearing.leave,
	}, bytes.NewReader(wavOf(pcm, rate)), language)
	return clean(text), err
}

// Transcribe gives what is said in a WAV file in a language, "" for English, in lines.
func (s *Speech) Transcribe(ctx context.Context, file io.Reader, language string) (string, error) {
	e := s.config().Voicemail.Transcript
	if !e.Enabled() {
		return "", errors.New("there is no engine that writes down messages: write voicemail.transcript")
	}
	none := func(context.Context) error { return nil } // its caller has one message after the other written
	text, err := s.understand(ctx, listener{
		command: e.Command, url: e.URL, timeout: e.Timeout.D(), most: maxTranscript, enter: none, leave: func() {},
	}, file, language)
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, clean(line))
	}
	return strings.TrimSpace(strings.Join(lines, "\n")), err
}

// listener is an engine that understands speech.
type listener struct {
	command []string
	url     string
	timeout time.Duration
	most    int                             // bytes of the words
	enter   func(ctx context.Context) error // waits for one's turn
	leave   func()
}

// understand gives what an engine makes of a WAV file.
func (s *Speech) understand(ctx context.Context, e listener, file io.Reader, language string) (string, error) {
	if !languageName.MatchString(language) {
		language = usual
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return "", context.Canceled
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, e.timeout, fmt.Errorf("the engine took longer than %s", e.timeout))
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	if err := e.enter(ctx); err != nil {
		return "", err
	}
	defer e.leave()
	fill := func(word string, escape func(string) string) string {
		return strings.ReplaceAll(word, "{language}", escape(language))
	}
	var text []byte
	var err error
	if e.url != "" {
		text, err = s.post(ctx, upload{
			url: fill(e.url, url.QueryEscape), kind: "audio/wav", body: file,
			language: language, accept: "text/plain", most: e.most,
		})
	} else {
		args := make([]string, len(e.command))
		for i, a := range e.command {
			args[i] = fill(a, func(s string) string { return s })
		}
		text, err = run(ctx, args, file, e.most)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", fmt.Errorf("speech is not understood: %w", err)
	}
	return string(text), nil
}

// wavOf is a WAV file of mono audio.
func wavOf(pcm []int16, rate int) []byte {
	size := uint32(2 * len(pcm)) //nolint:gosec // is bounded by who records
	out := make([]byte, 0, 44+2*len(pcm))
	out = append(out, "RIFF"...)
	out = binary.LittleEndian.AppendUint32(out, 36+size)
	out = append(out, "WAVEfmt "...)
	out = binary.LittleEndian.AppendUint32(out, 16)
	out = binary.LittleEndian.AppendUint16(out, 1)              // PCM
	out = binary.LittleEndian.AppendUint16(out, 1)              // mono
	out = binary.LittleEndian.AppendUint32(out, uint32(rate))   //nolint:gosec // one of three
	out = binary.LittleEndian.AppendUint32(out, uint32(2*rate)) //nolint:gosec // one of three
	out = binary.LittleEndian.AppendUint16(out, 2)
	out = binary.LittleEndian.AppendUint16(out, 16)
	out = append(out, "data"...)
	out = binary.LittleEndian.AppendUint32(out, size)
	for _, v := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(v)) //nolint:gosec // as it stands
	}
	return out
}
