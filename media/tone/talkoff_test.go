package tone

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// talk is n samples at 8 kHz that are like speech: pulses of a voice whose pitch
// glides, through formants that move from vowel to vowel, with hisses and pauses
// between.
func talk(n int, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 77))
	vowels := [...][3]float64{{270, 2290, 3010}, {390, 1990, 2550}, {530, 1840, 2480}, {660, 1720, 2410}, {730, 1090, 2440}, {570, 840, 2410}, {300, 870, 2240}, {640, 1190, 2390}, {490, 1350, 1690}}
	out := make([]int16, 0, n)
	pitch := 80 + 170*r.Float64()
	var phase float64
	var state [3][2]float64
	from := vowels[r.IntN(len(vowels))]
	for len(out) < n {
		to := vowels[r.IntN(len(vowels))]
		length := 400 + r.IntN(2000)
		kind := r.IntN(10) // 0: pause, 1, 2: hiss
		glide := (r.Float64() - 0.5) * 0.5
		loud := 2000 + 18000*r.Float64()
		for i := 0; i < length && len(out) < n; i++ {
			part := float64(i) / float64(length)
			phase += pitch * (1 + glide*part) / 8000
			var x float64
			if phase >= 1 {
				phase -= 1
				x = 1
			}
			switch kind {
			case 0:
				x = 0
			case 1, 2:
				x = r.NormFloat64() * 0.1
			default:
				x += r.NormFloat64() * 0.005
			}
			var sum float64
			for f := range 3 {
				hz := from[f] + (to[f]-from[f])*part
				radius := math.Exp(-math.Pi * (50 + 30*float64(f)) / 8000)
				y := x + 2*radius*math.Cos(2*math.Pi*hz/8000)*state[f][0] - radius*radius*state[f][1]
				state[f][1], state[f][0] = state[f][0], y
				sum += y / math.Pow(2, float64(f))
			}
			shape := math.Sin(math.Pi * part)
			out = append(out, int16(min(max(sum*loud*shape/4, -32767), 32767)))
		}
		pitch = min(max(pitch*(1+glide), 70), 300)
		from = to
	}
	return out
}

// tune is n samples at 8 kHz of music: chords of instruments with harmonics, some
// with vibrato, some plucked, and a whistle.
func tune(n int, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 78))
	mix := make([]float64, n)
	for voice := range 4 {
		for at := 0; at < n; {
			length := 600 + r.IntN(5000)
			hz := 110 * math.Pow(2, float64(r.IntN(40))/12)
			harmonics := 2 + r.IntN(5)
			vibrato, decay := 0.012*r.Float64(), 1e-4+6e-4*r.Float64()
			if voice == 3 { // organ and flute: as pure and steady as instruments are
				harmonics, vibrato, decay = 2, 0, 0
			}
			for i := 0; i < length && at+i < n; i++ {
				x := float64(i)
				env := min(1, x/80) * min(1, float64(length-i)/80) * math.Exp(-x*decay)
				ph := 2 * math.Pi * hz * (x/8000 + vibrato*math.Sin(2*math.Pi*5.5*x/8000)/(2*math.Pi*5.5))
				for h := 1; h <= harmonics && hz*float64(h) < 3900; h++ {
					mix[at+i] += 5000 * env * math.Sin(ph*float64(h)) / float64(h)
				}
			}
			at += length + r.IntN(400)
		}
	}
	out := make([]int16, n)
	for i, x := range mix {
		out[i] = int16(min(max(x, -32767), 32767))
	}
	return out
}

// TestTalkOff listens to what is no key.
func TestTalkOff(t *testing.T) {
	const minute = 60 * 8000
	minutes := uint64(10)
	if n, err := strconv.ParseUint(os.Getenv("TALKOFF_MINUTES"), 10, 32); err == nil {
		minutes = n
	}
	for seed := range minutes {
		for name, sound := range map[string]func(int, uint64) []int16{"speech": talk, "music": tune} {
			pcm := sound(minute, seed)
			through(pcm, seed%2 == 0)
			if got := heard(pcm, 8000); got != "" {
				t.Errorf("minute %d of %s: heard %q", seed, name, got)
			}
		}
	}
}

// TestTalkOffOfRealVoices listens to a speech synthesiser.
func TestTalkOffOfRealVoices(t *testing.T) {
	const text = `The quick brown fox jumps over the lazy dog. Please leave a message after the tone, we will call you back as soon as we can.
He asked where the old harbour was; nobody in the village could tell. One two three four five six seven eight nine zero, star, hash.
Peter Piper picked a peck of pickled peppers. She sells sea shells by the sea shore. Around the rugged rock the ragged rascal ran.
Why, we owe you a yew. Oh, you are in a new room, are you? Moo, boo, coo, too, who knew? Eee, see me, we agree, three free bees.`
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Fatal("espeak-ng is not installed: make install-test-tools")
	}
	file := filepath.Join(t.TempDir(), "voice.wav")
	for _, voice := range []string{"en", "en+f2", "en+f4", "en+m3", "en+m7", "en+whisper", "fr", "fr+f3", "de", "de+f5", "es", "it+f2"} {
		for _, pitch := range []string{"20", "50", "85"} {
			if out, err := exec.Command("espeak-ng", "-v", voice, "-p", pitch, "-s", "150", "-w", file, strings.Repeat(text, 3)).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			pcm := narrow(t, file)
			through(pcm, true)
			if got := heard(pcm, 8000); got != "" {
				t.Errorf("%s at pitch %s, %d s: heard %q", voice, pitch, len(pcm)/8000, got)
			}
		}
	}
}

// narrow reads a file of 22050 Hz at 8 kHz, by lines between samples: what folds back
// only makes it harder.
func narrow(t *testing.T, file string) []int16 {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data = data[44:]
	wide := make([]int16, len(data)/2)
	for i := range wide {
		wide[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	out := make([]int16, (len(wide)-1)*8000/22050)
	for i := range out {
		at := float64(i) * 22050 / 8000
		n := int(at)
		f := at - float64(n)
		out[i] = int16(float64(wide[n])*(1-f) + float64(wide[n+1])*f)
	}
	return out
}
