package codec

import "math"

// noiseDecoder makes comfort noise (RFC 3389): white noise at the level that the
// payload says, through the filter that it describes.
type noiseDecoder struct {
	seed    uint32
	level   float32 // peak of the noise that goes into the filter
	order   int
	reflect [maxOrder]float32
	state   [maxOrder + 1]float32
}

// maxOrder is how many reflection coefficients are looked at.
const maxOrder = 12

func newNoiseDecoder(int) (Decoder, error) { return &noiseDecoder{seed: 1}, nil }

// Decode implements Decoder: all of pcm is noise.
func (d *noiseDecoder) Decode(pcm []int16, payload []byte) int {
	if len(payload) > 0 {
		d.describe(payload)
	}
	d.Conceal(pcm)
	return len(pcm)
}

// describe reads a payload. The filter amplifies; its input is as much softer.
func (d *noiseDecoder) describe(payload []byte) {
	d.order = min(len(payload)-1, maxOrder)
	rest := 1.0
	for i := range d.order {
		k := (float64(payload[1+i]) - 127) / 128
		k = min(max(k, -0.99), 0.99)
		d.reflect[i] = float32(k)
		rest *= 1 - k*k
	}
	rms := 32768 * math.Pow(10, -float64(payload[0]&0x7f)/20)
	// Uniform noise of peak p has p/√3 as its root mean square.
	d.level = float32(rms * math.Sqrt(3*rest))
}

// Conceal implements Decoder: the noise goes on.
func (d *noiseDecoder) Conceal(pcm []int16) {
	for i := range pcm {
		d.seed = d.seed*1664525 + 1013904223
		pcm[i] = clip(d.filter(float32(int32(d.seed)) / (1 << 31) * d.level))
	}
}

// filter is the synthesis lattice for the reflection coefficients.
func (d *noiseDecoder) filter(v float32) float32 {
	for m := d.order; m > 0; m-- {
		k := d.reflect[m-1]
		v -= k * d.state[m-1]
		d.state[m] = d.state[m-1] + k*v
	}
	d.state[0] = v
	return v
}

// Recover implements Decoder.
func (d *noiseDecoder) Recover([]int16, []byte) bool { return false }

// Close implements Decoder.
func (d *noiseDecoder) Close() {}

// noiseEncoder says how loud the noise is, and nothing of its colour.
type noiseEncoder struct{}

func newNoiseEncoder(Format, Options) (Encoder, error) { return noiseEncoder{}, nil }

// Encode implements Encoder.
func (noiseEncoder) Encode(payload []byte, pcm []int16) int {
	if len(payload) == 0 || len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	level := -10 * math.Log10(max(sum/float64(len(pcm)), 1)/(32768*32768))
	payload[0] = byte(min(127, math.Round(level)))
	return 1
}

// Close implements Encoder.
func (noiseEncoder) Close() {}
