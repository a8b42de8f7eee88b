package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dialtone/prompts"
)

// voice speaks a text, at prompts.Rate.
type voice func(ctx context.Context, text string) ([]float64, error)

// voices are who speaks which language. Those of flite at 16 kHz are made of a real
// speaker's recordings; no free one of that kind speaks French. pocketsphinx understands
// rms best: of 205 words in prompts 20 % wrong, 25 % of slt, 34 % of awb, and 94 % of
// espeak-ng in British English.
var voices = map[string]voice{
	"en": flite("rms"),
	"fr": espeak("fr-fr", 150),
}

// flite speaks in a voice of flite, whose files have 16 kHz.
func flite(name string) voice {
	return func(ctx context.Context, text string) ([]float64, error) {
		folder, err := os.MkdirTemp("", "promptgen")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(folder)
		in, out := filepath.Join(folder, "text"), filepath.Join(folder, "audio.wav")
		if err := os.WriteFile(in, []byte(text+"\n"), 0o600); err != nil {
			return nil, err
		}
		if _, err := program(ctx, "", "flite", "-voice", name, "-f", in, "-o", out); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(out)
		if err != nil {
			return nil, err
		}
		return samples(data)
	}
}

// espeak speaks in a voice of espeak-ng, so many words a minute.
func espeak(name string, speed int) voice {
	return func(ctx context.Context, text string) ([]float64, error) {
		data, err := program(ctx, text, "espeak-ng", "-v", name, "-s", strconv.Itoa(speed), "--stdin", "--stdout")
		if err != nil {
			return nil, err
		}
		return samples(data)
	}
}

// program runs a program with text as its input, and gives its output.
func program(ctx context.Context, text, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Stdin = strings.NewReader(text)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("there is no %s; on Debian: apt-get install --no-install-recommends flite espeak-ng", name)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %s", name, err, errs.Bytes())
	}
	return out, nil
}

// samples reads the WAV files of these programs: 16 bits, one channel, at any rate.
func samples(file []byte) ([]float64, error) {
	const head = 44
	if len(file) < head || string(file[:4]) != "RIFF" || string(file[36:40]) != "data" || binary.LittleEndian.Uint16(file[22:]) != 1 {
		return nil, errors.New("what was spoken is no plain WAV file of one channel")
	}
	rate := int(binary.LittleEndian.Uint32(file[24:]))
	data := file[head:]
	pcm := make([]float64, len(data)/2)
	for i := range pcm {
		pcm[i] = float64(int16(binary.LittleEndian.Uint16(data[2*i:]))) / 32768
	}
	return resample(pcm, rate, prompts.Rate), nil
}

// sound is a text as it is spoken, or what stands in parentheses for it.
func sound(ctx context.Context, text string, speak voice) ([]float64, error) {
	var hz, ms int
	if n, _ := fmt.Sscanf(text, "(silence %d ms)", &ms); n == 1 {
		return make([]float64, ms*prompts.Rate/1000), nil
	}
	if n, _ := fmt.Sscanf(text, "(tone %d Hz %d ms)", &hz, &ms); n == 2 {
		return beep(float64(hz), time.Duration(ms)*time.Millisecond), nil
	}
	pcm, err := speak(ctx, text)
	if err != nil {
		return nil, err
	}
	if pcm = level(trim(pcm)); len(pcm) == 0 {
		return nil, errors.New("nothing was spoken")
	}
	return pcm, nil
}

// beep is a tone that begins and ends without a click.
func beep(hz float64, d time.Duration) []float64 {
	pcm := make([]float64, d*prompts.Rate/time.Second)
	const fade = prompts.Rate / 100
	for i := range pcm {
		edge := math.Min(1, float64(min(i, len(pcm)-1-i))/fade)
		pcm[i] = edge * math.Sqrt2 * gain(prompts.Level) * math.Sin(2*math.Pi*hz*float64(i)/prompts.Rate)
	}
	return pcm
}
