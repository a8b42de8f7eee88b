package quality

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"testing"
	"text/tabwriter"

	"dialtone/media/codec"
)

// pairs are all two of the formats that can be coded, in both directions; one in oneIn of
// them.
func pairs(yield func(a, b codec.Format) bool) {
	n := 0
	for _, a := range codec.Coded() {
		for _, b := range codec.Coded() {
			if a.Same(b) {
				continue
			}
			if n++; n%oneIn == 0 && !yield(a, b) {
				return
			}
		}
	}
}

// losses is a pattern of so many per cent, the same each time, of which no more is
// lost in sequence than a bridge fills in.
func losses(percent int) func(int) bool {
	r := rand.New(rand.NewPCG(uint64(percent), 11))
	var lost []bool
	for n, run := 0, 0; n < 2000; n++ {
		if gone := n > 10 && run < 4 && r.IntN(100) < percent; gone {
			lost, run = append(lost, true), run+1
		} else {
			lost, run = append(lost, false), 0
		}
	}
	return func(n int) bool { return lost[n] }
}

// way is one direction of a call, and what is said there.
type way struct {
	t         *testing.T
	from, to  codec.Format
	pcm       []int16   // at the natural rate of from
	reference []float64 // the same
}

func newWay(t *testing.T, from, to codec.Format) way {
	t.Helper()
	rate := min(codec.Rate(from), codec.Rate(to), 16000)
	said := speech(t, rate)
	return way{t, from, to, changed(t, said, rate, codec.Rate(from)), at10k(t, said, rate)}
}

func (w way) String() string { return w.from.Name + " to " + w.to.Name }

// hear is what is heard when so many per cent are lost on the way to Dialtone.
func (w way) hear(percent int, fec bool) (spoken, []float64) {
	var lost func(int) bool
	if percent > 0 {
		lost = losses(percent)
	}
	pcm, flow := carry(w.t, w.from, w.to, w.pcm, fec, lost)
	if percent > 0 && (flow.Lost == 0 || flow.Lost != flow.Recovered+flow.Concealed || fec != (flow.Recovered > 0)) {
		w.t.Errorf("%v, %d %% loss, FEC %v: %+v", w, percent, fec, flow)
	}
	said, heard := aligned(w.reference, at10k(w.t, pcm, codec.Rate(w.to)))
	return newSpoken(said, heard), heard
}

// clean measures without loss.
func (w way) clean() string {
	s, heard := w.hear(0, false)
	level, corners, stoi, worst := s.level(), sharpest(heard)/sharpest(w.reference), s.stoi(), 0.0
	bands := s.spectrum()
	for _, dB := range bands[firstBand : lastBand+1] {
		if math.Abs(dB) > math.Abs(worst) {
			worst = dB
		}
	}
	if math.Abs(level) > 1 || math.Abs(worst) > 1.2 || corners > 1.5 || stoi < 0.97 {
		w.t.Errorf("%v: level %+.2f dB, a third octave %+.2f dB, corners %.2f times as sharp, STOI %.3f", w, level, worst, corners, stoi)
	}
	return fmt.Sprintf("%s\t%s\t%+.2f\t%+.2f\t%.2f\t%.3f\t", w.from.Name, w.to.Name, level, worst, corners, stoi)
}

// lossy measures with loss, without error correction and with it where there is one.
func (w way) lossy(percent int, least, leastFEC float64) string {
	s, _ := w.hear(percent, false)
	without := s.stoi()
	if without < least {
		w.t.Errorf("%v, %d %% loss: STOI %.3f, want %.3f", w, percent, without, least)
	}
	if !w.from.Same(codec.Opus) {
		return fmt.Sprintf("%.3f\t\t", without)
	}
	s, _ = w.hear(percent, true)
	if s.stoi() < max(leastFEC, without) {
		w.t.Errorf("%v, %d %% loss: STOI %.3f with FEC, %.3f without, want %.3f", w, percent, s.stoi(), without, leastFEC)
	}
	return fmt.Sprintf("%.3f\t%.3f\t", without, s.stoi())
}

// It prints a table of what it finds with -v.
func TestSpeechThroughEachPairOfCodecs(t *testing.T) {
	var table bytes.Buffer
	out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "from\tto\tlevel dB\tspectrum dB\tcorners\tSTOI\t5 % loss\twith FEC\t20 % loss\twith FEC\t")
	for a, b := range pairs {
		w := newWay(t, a, b)
		line := w.clean()
		if codec.Conversion(a, b) == nil { // else what is lost is lost to the far phone, too
			line += w.lossy(5, 0.93, 0.965) + w.lossy(20, 0.8, 0.95)
		} else {
			line += "\t\t\t\t"
		}
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("speech through two ports, %s:\n%s", codec.OpusLibrary, table.String())
}

func TestTonesThroughEachPairOfCodecs(t *testing.T) {
	for a, b := range pairs {
		for _, hz := range []float64{300, 1000, 3000} {
			const amplitude = 8000
			rate := codec.Rate(a)
			pcm := make([]int16, rate)
			for i := range pcm {
				pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
			}
			heard, _ := carry(t, a, b, pcm, false, nil)
			rate = codec.Rate(b)
			heard = heard[rate/2:]
			var re, im, all float64
			for i, s := range heard {
				phase := 2 * math.Pi * hz * float64(i) / float64(rate)
				re, im = re+float64(s)*math.Cos(phase), im+float64(s)*math.Sin(phase)
				all += float64(s) * float64(s)
			}
			power := 2 * (re*re + im*im) / float64(len(heard))
			if dB := 20 * math.Log10(2*math.Hypot(re, im)/float64(len(heard))/amplitude); math.Abs(dB) > 1 {
				t.Errorf("%s to %s: %g Hz is %+.2f dB", a.Name, b.Name, hz, dB)
			}
			if noise := 10 * math.Log10(max(all-power, 1)/all); noise > -20 {
				t.Errorf("%s to %s: beside %g Hz there is noise of %.1f dB", a.Name, b.Name, hz, noise)
			}
		}
	}
}

func TestAPhoneThatTellsOfLossGetsErrorCorrection(t *testing.T) {
	from, to, _ := dial(t, codec.PCMU, codec.Opus)
	enc, err := codec.NewEncoder(codec.PCMU, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	said, buf := speech(t, 8000), make([]byte, 160)
	corrected := func(seconds int) (n int, ssrc uint32) {
		for i := range seconds * 50 {
			at := i * 160 % (len(said) - 160)
			from.send(buf[:enc.Encode(buf, said[at:at+160])], false)
			var payload []byte
			if payload, ssrc = to.receive(); codec.OpusHasFEC(payload) {
				n++
			}
		}
		return n, ssrc
	}
	n, ssrc := corrected(3)
	if n > 0 {
		t.Errorf("%d packets are corrected although nothing is lost", n)
	}
	// A receiver report (RFC 3550 §6.4.2): a tenth is lost.
	report := make([]byte, 32)
	report[0], report[1], report[3] = 0x81, 201, 7
	binary.BigEndian.PutUint32(report[8:], ssrc)
	report[12] = 26
	control := to.server
	if _, err := to.conn.WriteToUDP(report, &net.UDPAddr{IP: control.Addr().AsSlice(), Port: int(control.Port()) + 1}); err != nil {
		t.Fatal(err)
	}
	for round := 0; ; round++ {
		if n, _ := corrected(3); n > 30 {
			return
		}
		if round > 10 {
			t.Fatal("no packet is corrected although a tenth is lost")
		}
	}
}
