package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxHeard is how much an engine may write of what it understood, in bytes.
const maxHeard = 4 << 10

// Hear gives the words of somebody who speaks a language, "" for English: mono audio of
// rate samples a second. "" is for audio without words.
func (s *Speech) Hear(ctx context.Context, pcm []int16, rate int, language string) (string, error) {
	e := s.config().Speech.STT
	if !e.Enabled() {
		return "", errors.New("there is no engine that understands speech: write speech.stt")
	}
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
	ctx, cancel := context.WithTimeoutCause(ctx, e.Timeout.D(), fmt.Errorf("the engine took longer than %s", e.Timeout.D()))
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	if err := s.hearing.enter(ctx, e.Concurrent); err != nil {
		return "", err
	}
	defer s.hearing.leave()
	fill := func(word string, escape func(string) string) string {
		return strings.ReplaceAll(word, "{language}", escape(language))
	}
	var text []byte
	var err error
	if e.URL != "" {
		text, err = s.post(ctx, upload{
			url: fill(e.URL, url.QueryEscape), kind: "audio/wav", body: bytes.NewReader(wavOf(pcm, rate)),
			language: language, accept: "text/plain", most: maxHeard,
		})
	} else {
		args := make([]string, len(e.Command))
		for i, a := range e.Command {
			args[i] = fill(a, func(s string) string { return s })
		}
		text, err = run(ctx, args, bytes.NewReader(wavOf(pcm, rate)), maxHeard)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", fmt.Errorf("speech is not understood: %w", err)
	}
	return clean(string(text)), nil
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
