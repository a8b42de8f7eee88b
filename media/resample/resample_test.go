package resample

import (
	"fmt"
	"math"
	"testing"
)

// sine is n samples of hz at rate, at a quarter of full scale.
func sine(n, rate int, hz float64) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(math.Round(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return out
}

// through resamples pcm in frames of 20 ms.
func through(tb testing.TB, from, to int, pcm []int16) []int16 {
	tb.Helper()
	r, err := New(from, to)
	if err != nil {
		tb.Fatal(err)
	}
	var out []int16
	frame := make([]int16, r.Len(from/50))
	for ; len(pcm) >= from/50; pcm = pcm[from/50:] {
		out = append(out, frame[:r.Process(frame, pcm[:from/50])]...)
	}
	return out
}

// level is the amplitude of hz in pcm, in parts of that of sine, in dB.
func level(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, s := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		turn := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += w * float64(s) * math.Cos(turn)
		im += w * float64(s) * math.Sin(turn)
	}
	return 20 * math.Log10(4*math.Hypot(re, im)/float64(len(pcm))/8192+1e-9)
}

// energy is the root mean square of pcm in dB, 0 for sine.
func energy(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(8192*8192/2)+1e-9)
}

var pairs = [][2]int{
	{8000, 16000},
	{8000, 24000},
	{8000, 48000},
	{16000, 8000},
	{16000, 24000},
	{16000, 48000},
	{24000, 8000},
	{24000, 16000},
	{24000, 48000},
	{48000, 8000},
	{48000, 16000},
	{48000, 24000},
	{22050, 8000},
	{22050, 16000},
	{22050, 48000},
	{44100, 8000},
	{44100, 16000},
	{44100, 48000},
	{11025, 8000},
	{11025, 16000},
	{11025, 48000},
	{32000, 8000},
	{96000, 48000},
	{44101, 8000},
}

func TestPassbandIsFlat(t *testing.T) {
	for _, p := range pairs {
		t.Run(fmt.Sprintf("%d to %d", p[0], p[1]), func(t *testing.T) {
			n := float64(min(p[0], p[1])) / 2
			worst := 0.0
			for part := 0.05; part <= 0.851; part += 0.1 {
				hz := part * n
				out := through(t, p[0], p[1], sine(p[0]/4, p[0], hz))[p[1]/20:]
				if l := level(out, p[1], hz); math.Abs(l) > math.Abs(worst) {
					worst = l
				}
			}
			if math.Abs(worst) > 0.05 {
				t.Errorf("%.3f dB off in the passband, want 0.05 at most", worst)
			}
			t.Logf("%.4f dB", worst)
		})
	}
}

func TestStopbandIsQuiet(t *testing.T) {
	for _, p := range pairs {
		t.Run(fmt.Sprintf("%d to %d", p[0], p[1]), func(t *testing.T) {
			worst := -200.0
			if p[0] > p[1] { // what is too high for the new rate
				n := float64(p[1]) / 2
				for part := 1.15; part*n < float64(p[0])/2*0.999; part += 0.13 {
					worst = max(worst, energy(through(t, p[0], p[1], sine(p[0]/4, p[0], part*n))[p[1]/20:]))
				}
			} else { // images of what is there
				n := float64(p[0]) / 2
				for part := 0.1; part <= 0.851; part += 0.15 {
					out := through(t, p[0], p[1], sine(p[0]/4, p[0], part*n))[p[1]/20:]
					for image := float64(p[0]) - part*n; image < float64(p[1])/2; image += float64(p[0]) {
						worst = max(worst, level(out, p[1], image))
					}
				}
			}
			if worst > -72 {
				t.Errorf("%.1f dB in the stop band, want -72 at most", worst)
			}
			t.Logf("%.1f dB", worst)
		})
	}
}

func TestSharpLeavesNothingAboveTheBand(t *testing.T) {
	for _, from := range []int{16000, 22050, 44100, 48000} {
		for _, hz := range []float64{300, 3400, 4000, 4100, 5000, 7000} {
			r, err := NewSharp(from, 8000)
			if err != nil {
				t.Fatal(err)
			}
			pcm := sine(from, from, hz)
			out := make([]int16, r.Len(len(pcm)))
			out = out[:r.Process(out, pcm)][800:]
			switch e := energy(out); {
			case hz < 3500 && math.Abs(e) > 0.05:
				t.Errorf("%d: %g Hz is %.3f dB off", from, hz, e)
			case hz > 3500 && e > -70:
				t.Errorf("%d: %g Hz comes back at %.1f dB", from, hz, e)
			}
		}
	}
}

func TestFramesKeepTheirLength(t *testing.T) {
	for _, from := range []int{8000, 16000, 24000, 48000} {
		for _, to := range []int{8000, 16000, 24000, 48000} {
			r, err := New(from, to)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]int16, to/100)
			for i := range 50 {
				if n := r.Process(out, make([]int16, from/100)); n != to/100 {
					t.Fatalf("%d to %d: frame %d has %d samples, want %d", from, to, i, n, to/100)
				}
			}
		}
	}
}

func TestNoSampleIsLostInAMinute(t *testing.T) {
	r, err := New(44100, 8000)
	if err != nil {
		t.Fatal(err)
	}
	out, total := make([]int16, r.Len(44100)), 0
	second := make([]int16, 44100)
	for range 60 {
		total += r.Process(out, second)
	}
	if want := 60 * 8000; total < want-1 || total > want+1 {
		t.Errorf("%d samples, want %d", total, want)
	}
}

func TestDelayIsAsStated(t *testing.T) {
	for _, p := range pairs {
		pcm := make([]int16, p[0])
		pcm[p[0]/2] = 30000
		out := through(t, p[0], p[1], pcm)
		at := 0
		for i := range out {
			if out[i] > out[at] {
				at = i
			}
		}
		r, _ := New(p[0], p[1])
		meant := int(math.Round(float64(p[0]/2) * float64(p[1]) / float64(p[0])))
		if d := at - meant - r.Delay(); d < -1 || d > 1 {
			t.Errorf("%d to %d: a click comes %d samples later, Delay says %d", p[0], p[1], at-meant, r.Delay())
		}
		if d := float64(r.Delay()) / float64(p[1]); d > 18/float64(min(p[0], p[1])) {
			t.Errorf("%d to %d: a delay of %.2f ms", p[0], p[1], 1000*d)
		}
	}
}

func TestSizesOfPiecesDoNotMatter(t *testing.T) {
	pcm := sine(4410, 44100, 700)
	for _, to := range []int{8000, 44100, 48000} {
		whole, _ := New(44100, to)
		parts, _ := New(44100, to)
		want := make([]int16, whole.Len(len(pcm)))
		want = want[:whole.Process(want, pcm)]
		var got []int16
		for i, rest := 1, pcm; len(rest) > 0; i = i*7%31 + 1 {
			n := min(i, len(rest))
			out := make([]int16, parts.Len(n))
			got = append(got, out[:parts.Process(out, rest[:n])]...)
			rest = rest[n:]
		}
		if len(got) != len(want) {
			t.Fatalf("%d samples in parts, %d at once", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("to %d: sample %d is %d in parts, %d at once", to, i, got[i], want[i])
			}
		}
		parts.Reset()
		again := make([]int16, parts.Len(len(pcm)))
		if n := parts.Process(again, pcm); n != len(want) || again[n-1] != want[n-1] {
			t.Error("after Reset it is not as in the beginning")
		}
	}
}

func TestFullScaleIsClippedNotWrapped(t *testing.T) {
	pcm := make([]int16, 1600)
	for i := range pcm {
		pcm[i] = 32767
		if i/20%2 == 1 {
			pcm[i] = -32768
		}
	}
	out := through(t, 16000, 8000, pcm)
	for i := 50; i < len(out); i++ {
		if in := pcm[2*(i-17)]; i%10 == 7 && int(out[i])*int(in) < 0 {
			t.Fatalf("sample %d is %d where %d was meant", i, out[i], in)
		}
	}
}

func TestRatesThatAreNone(t *testing.T) {
	for _, p := range [][2]int{{0, 8000}, {8000, 0}, {-1, 8000}, {8000, 1 << 30}, {3999, 8000}} {
		if _, err := New(p[0], p[1]); err == nil {
			t.Errorf("%v is accepted", p)
		}
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	for _, p := range pairs {
		r, err := New(p[0], p[1])
		if err != nil {
			t.Fatal(err)
		}
		in, out := make([]int16, p[0]/50), make([]int16, r.Len(p[0]/50))
		if a := testing.AllocsPerRun(100, func() { r.Process(out, in) }); a != 0 {
			t.Errorf("%v: %v allocations per frame", p, a)
		}
	}
}

func BenchmarkFrame20ms(b *testing.B) {
	for _, p := range pairs[:12] {
		b.Run(fmt.Sprintf("%dto%d", p[0]/1000, p[1]/1000), func(b *testing.B) {
			r, _ := New(p[0], p[1])
			in, out := sine(p[0]/50, p[0], 700), make([]int16, p[1]/50)
			b.ReportAllocs()
			for b.Loop() {
				r.Process(out, in)
			}
		})
	}
}
