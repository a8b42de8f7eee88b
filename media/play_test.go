package media

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media/codec"
)

// heard plays for a while, in time that costs nothing.
func heard(t *testing.T, d time.Duration, play func(context.Context) error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), d, over)
		defer cancel()
		if err := play(ctx); !errors.Is(err, over) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestToneIsHeardInStep(t *testing.T) {
	for _, c := range []struct {
		name    string
		formats []codec.Format
		ptime   time.Duration
		format  codec.Format
		samples int
	}{
		{"µ-law", []codec.Format{codec.PCMU, codec.PCMA}, 0, codec.PCMU, 160},
		{"A-law, other packet time", []codec.Format{codec.PCMA}, 30 * time.Millisecond, codec.PCMA, 240},
		{"the first that can be made", []codec.Format{codec.G729, codec.DTMF, codec.PCMA}, 20 * time.Millisecond, codec.PCMA, 160},
		{"senseless packet time", []codec.Format{codec.PCMU}, time.Hour, codec.PCMU, 160},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &fake{formats: c.formats, ptime: c.ptime}
			heard(t, 3*time.Second-time.Millisecond, func(ctx context.Context) error { return PlayTone(ctx, e, 440) })
			if want := 3 * 8000 / c.samples; len(e.frames) != want {
				t.Fatalf("%d frames, want %d", len(e.frames), want)
			}
			for i, f := range e.frames {
				due := e.frames[0].at.Add(time.Duration(i*c.samples) * time.Second / 8000)
				if f.format != c.format || f.samples != c.samples || len(f.payload) != c.samples || f.marker != (i == 0) || !f.at.Equal(due) {
					t.Fatalf("frame %d: %v, %d samples, %d bytes, marker %v, %v late", i, f.format, f.samples, len(f.payload), f.marker, f.at.Sub(due))
				}
			}
			var d Detector
			d.Write(e.pcm(t))
			if !d.Hears(440) || d.Hears(600) || math.Abs(d.Level(440)-0.25) > 0.01 {
				t.Errorf("level of 440 Hz is %.3f, of 600 Hz %.3f", d.Level(440), d.Level(600))
			}
		})
	}
}

func TestPlayersNeedACodecThatCanBeMade(t *testing.T) {
	e := &fake{formats: []codec.Format{codec.GSM}}
	for name, play := range map[string]func() error{
		"tone":  func() error { return PlayTone(t.Context(), e, 440) },
		"music": func() error { return PlayMusic(t.Context(), e) },
	} {
		var no *NoCommonCodecError
		if err := play(); !errors.As(err, &no) || len(no.A) != 1 || len(e.frames) != 0 {
			t.Errorf("%s: error is %v after %d frames", name, err, len(e.frames))
		}
	}
}

func TestToneIsHeardInWideCodecs(t *testing.T) {
	for _, c := range []struct {
		format codec.Format
		ptime  time.Duration
		ticks  int
		frames int // in 3 s
	}{
		{codec.G722, 20 * time.Millisecond, 160, 150},
		{codec.Opus, 20 * time.Millisecond, 960, 150},
		{codec.Opus, 30 * time.Millisecond, 960, 150}, // there are no packets of 30 ms
		{codec.Opus, 60 * time.Millisecond, 2880, 50},
	} {
		t.Run(c.format.Name+" "+c.ptime.String(), func(t *testing.T) {
			e := &fake{formats: []codec.Format{c.format}, ptime: c.ptime}
			heard(t, 3*time.Second-time.Millisecond, func(ctx context.Context) error { return PlayTone(ctx, e, 440) })
			if len(e.frames) != c.frames {
				t.Fatalf("%d frames, want %d", len(e.frames), c.frames)
			}
			dec, err := codec.NewDecoder(c.format, 8000)
			if err != nil {
				t.Fatal(err)
			}
			defer dec.Close()
			var d Detector
			pcm := make([]int16, 960)
			for i, f := range e.frames {
				if f.samples != c.ticks || f.marker != (i == 0) {
					t.Fatalf("frame %d: %d ticks, marker %v", i, f.samples, f.marker)
				}
				d.Write(pcm[:dec.Decode(pcm, f.payload)])
			}
			if off := 20 * math.Log10(d.Level(440)/0.25); !d.Hears(440) || math.Abs(off) > 1 {
				t.Errorf("440 Hz is %.2f dB off", off)
			}
		})
	}
}

func TestCodecMayChangeWhilePlaying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fake{formats: []codec.Format{codec.PCMU}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- PlayTone(ctx, e, 440) }()
		time.Sleep(99 * time.Millisecond)
		e.accept(codec.PCMA)
		time.Sleep(100 * time.Millisecond)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if first, last := e.frames[0].format, e.frames[len(e.frames)-1].format; first != codec.PCMU || last != codec.PCMA {
			t.Errorf("began with %v and ended with %v", first, last)
		}
	})
}

func TestStandstillIsNotMadeUpForInABurst(t *testing.T) {
	start := time.Unix(1000, 0)
	if got := catchUp(start, start.Add(time.Second)); !got.Equal(start.Add(time.Second)) {
		t.Errorf("a second late: next at %v", got)
	}
	if got := catchUp(start, start.Add(30*time.Millisecond)); !got.Equal(start) {
		t.Errorf("a little late: next at %v", got)
	}
}

func TestMusicHasNoClicks(t *testing.T) {
	loop := music()
	peak, steepest := 0, 0
	for n := range loop {
		if loop[n] != musicSample(n+3*musicLoop) {
			t.Fatalf("sample %d is another one three loops later", n)
		}
		next := loop[(n+1)%len(loop)]
		peak = max(peak, abs(int(loop[n])))
		steepest = max(steepest, abs(int(next)-int(loop[n])))
	}
	if peak < 4000 || peak > 20000 {
		t.Errorf("loudest sample is %d", peak)
	}
	if seam := abs(int(loop[0]) - int(loop[len(loop)-1])); seam > steepest/2 {
		t.Errorf("a step of %d where the loop closes, the steepest is %d", seam, steepest)
	}
	if steepest > peak {
		t.Errorf("a step of %d, the loudest sample is %d", steepest, peak)
	}
}

func TestMusicIsPlayed(t *testing.T) {
	e := &fake{formats: []codec.Format{codec.PCMU}}
	heard(t, 9*time.Second, func(ctx context.Context) error { return PlayMusic(ctx, e) })
	pcm := e.pcm(t)
	for n := 0; n < len(pcm); n += 997 {
		if want := codec.UlawSample(codec.UlawFrom(musicSample(n))); pcm[n] != want {
			t.Fatalf("sample %d is %d, want %d", n, pcm[n], want)
		}
	}
}

func abs(i int) int { return max(i, -i) }

func TestDetector(t *testing.T) {
	mix := func(n int, levels map[float64]float64) []int16 {
		pcm := make([]int16, n)
		for i := range pcm {
			var v float64
			for hz, level := range levels {
				v += level * math.Sin(2*math.Pi*hz*float64(i)/8000)
			}
			pcm[i] = int16(32767 * v)
		}
		return pcm
	}
	for _, c := range []struct {
		name  string
		pcm   []int16
		level float64 // of 440 Hz
		hears bool
	}{
		{"nothing", nil, 0, false},
		{"silence", make([]int16, 4000), 0, false},
		{"the tone", mix(4000, map[float64]float64{440: 0.5}), 0.5, true},
		{"a short tone", mix(800, map[float64]float64{440: 0.5}), 0.5, true},
		{"another tone", mix(4000, map[float64]float64{620: 0.5}), 0, false},
		{"two tones, this one louder", mix(4000, map[float64]float64{440: 0.5, 1000: 0.2}), 0.5, true},
		{"two tones, this one softer", mix(4000, map[float64]float64{440: 0.2, 1000: 0.5}), 0.2, false},
		{"too soft", mix(4000, map[float64]float64{440: 0.005}), 0.005, false},
		{"only the last quarter second counts", append(mix(4000, map[float64]float64{440: 0.5}), make([]int16, 2100)...), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := Detector{Rate: 8000}
			for rest := c.pcm; len(rest) > 0; rest = rest[min(160, len(rest)):] {
				d.Write(rest[:min(160, len(rest))])
			}
			if math.Abs(d.Level(440)-c.level) > 0.01 || d.Hears(440) != c.hears {
				t.Errorf("level %.3f, heard %v, want %.3f, %v", d.Level(440), d.Hears(440), c.level, c.hears)
			}
			d.Reset()
			if d.Level(440) != 0 {
				t.Error("heard after Reset")
			}
		})
	}
}

// listener is told what is played.
type listener struct {
	fake
	heard, stopped []string
}

func (l *listener) Hear(what string) (stop func()) {
	l.heard = append(l.heard, what)
	return func() { l.stopped = append(l.stopped, what) }
}

func TestAHearerIsToldInsteadOfSentPackets(t *testing.T) {
	over := errors.New("over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(over)
	e := &listener{fake: fake{formats: []codec.Format{codec.PCMA}}}
	if err := PlayTone(ctx, e, 425); !errors.Is(err, over) {
		t.Error(err)
	}
	if err := PlayMusic(ctx, e); !errors.Is(err, over) {
		t.Error(err)
	}
	if want := []string{"tone 425 Hz", "music"}; !slices.Equal(e.heard, want) || !slices.Equal(e.stopped, want) || len(e.frames) > 0 {
		t.Errorf("heard %q, stopped %q, %d frames", e.heard, e.stopped, len(e.frames))
	}
	e.accept(codec.GSM)
	var no *NoCommonCodecError
	if err := PlayMusic(ctx, e); !errors.As(err, &no) {
		t.Errorf("error is %v", err)
	}
}

// In silence nothing is sent to who wants it so, but time goes on.
func TestSilenceThatIsNotSent(t *testing.T) {
	opus := codec.Opus
	opus.Fmtp = "usedtx=1"
	e := &fake{formats: []codec.Format{opus}}
	w := &writer{to: e, rate: 8000}
	defer w.close()
	for range 100 {
		n, err := w.prepare()
		if err != nil {
			t.Fatal(err)
		}
		w.write(make([]int16, n))
	}
	ticks, empty := 0, 0
	for i, f := range e.frames {
		ticks += f.samples
		if len(f.payload) == 0 {
			empty++
		}
		begins := len(f.payload) > 0 && (i == 0 || len(e.frames[i-1].payload) == 0)
		if f.marker != begins {
			t.Errorf("frame %d of %d bytes: marker %v", i, len(f.payload), f.marker)
		}
	}
	if ticks != 2*48000 || empty < 50 {
		t.Errorf("%d ticks, %d frames not sent", ticks, empty)
	}
}
