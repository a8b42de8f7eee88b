package codec

import (
	"fmt"
	"time"

	"dialtone/media/resample"
)

// Encoder turns PCM of one stream into payloads. It is for one goroutine.
type Encoder interface {
	// Encode writes one frame of pcm, of a length that FrameTime allows, to payload
	// and returns the number of bytes. 0 means that there is nothing to send: silence
	// in discontinuous transmission, or pcm that cannot be encoded.
	Encode(payload []byte, pcm []int16) int
	// Close gives back what is shared. The encoder is silent from then on.
	Close()
}

// Adaptive is an Encoder that does something against loss.
type Adaptive interface {
	// Expect says how many per cent of what is sent are lost at present.
	Expect(loss int)
}

// Expect tells e, if it can do something about it, how many per cent of what it makes
// are lost.
func Expect(e Encoder, loss int) {
	if a, ok := e.(Adaptive); ok {
		a.Expect(loss)
	}
}

// Decoder turns the payloads of one stream into PCM. It is for one goroutine.
type Decoder interface {
	// Decode fills pcm from payload and returns the number of samples; what does not
	// fit is left out. Garbage becomes silence or noise.
	Decode(pcm []int16, payload []byte) int
	// Conceal fills pcm with what was probably said where a packet is lost. It fades
	// out when it has to go on for long.
	Conceal(pcm []int16)
	// Recover fills pcm, which is as long as what is lost, from the forward error
	// correction in the packet that follows, to be decoded afterwards. False says that
	// there is none; then pcm is left as it was.
	Recover(pcm []int16, next []byte) bool
	// Close gives back what is shared. The decoder is silent from then on.
	Close()
}

// Options say how to encode, beyond what the fmtp of the format asks for. The zero
// value is what a call needs.
type Options struct {
	Rate       int  // of the PCM in Hz, one of 8000, 16000, 48000; 0 is the natural one
	Bitrate    int  // in bits/s, Opus only; 0 is fit for speech. The fmtp bounds it
	FEC        bool // forward error correction from the start, also when the fmtp does not ask for it
	Loss       int  // of packets in per cent; with 2 there is FEC if the fmtp asks for it
	DTX        bool // says nothing in silence, also when the fmtp does not ask for it
	Complexity int  // 1 to 10; 0 is 5
}

// Rate is the rate of PCM in Hz that f carries by nature: 8000, 16000 for G722,
// 48000 for Opus. It is 0 when Dialtone can neither encode nor decode f.
func Rate(f Format) int {
	if r, ok := rowOf(f); ok {
		return r.rate
	}
	return 0
}

// NewEncoder makes an encoder of PCM for who accepts f.
func NewEncoder(f Format, o Options) (Encoder, error) {
	r, ok := rowOf(f)
	if !ok {
		return nil, fmt.Errorf("%v cannot be encoded", f)
	}
	if o.Rate == 0 {
		o.Rate = r.rate
	}
	if !goodRate(o.Rate) {
		return nil, fmt.Errorf("encoding %v from %d Hz: the rate is not 8000, 16000 or 48000", f, o.Rate)
	}
	if r.anyRate || o.Rate == r.rate {
		return r.encoder(f, o)
	}
	wide := o
	wide.Rate = r.rate
	e, err := r.encoder(f, wide)
	if err != nil {
		return nil, err
	}
	return newRatedEncoder(e, o.Rate, r.rate)
}

// NewDecoder makes a decoder of f to PCM of rate: 8000, 16000 or 48000 Hz, or 0 for
// the natural one.
func NewDecoder(f Format, rate int) (Decoder, error) {
	r, ok := rowOf(f)
	if !ok {
		return nil, fmt.Errorf("%v cannot be decoded", f)
	}
	if rate == 0 {
		rate = r.rate
	}
	if !goodRate(rate) {
		return nil, fmt.Errorf("decoding %v to %d Hz: the rate is not 8000, 16000 or 48000", f, rate)
	}
	if r.anyRate || rate == r.rate {
		return r.decoder(rate)
	}
	d, err := r.decoder(r.rate)
	if err != nil {
		return nil, err
	}
	return newRatedDecoder(d, r.rate, rate)
}

func goodRate(rate int) bool { return rate == 8000 || rate == 16000 || rate == 48000 }

// FrameTime is the longest time that one payload of f may last and that is not
// longer than wanted; at least 10 ms. Opus knows no frames of 30 ms, for one (RFC
// 7587 §4.2).
func FrameTime(f Format, wanted time.Duration) time.Duration {
	const step = 10 * time.Millisecond
	wanted = min(max(wanted.Truncate(step), step), 120*time.Millisecond)
	if f.Same(Opus) {
		for wanted > 20*time.Millisecond && wanted%(20*time.Millisecond) != 0 {
			wanted -= step
		}
	}
	return wanted
}

// maxNatural is 120 ms at the rate of the widest codec that is resampled.
const maxNatural = 16000 / 1000 * 120

// ratedEncoder resamples before it encodes.
type ratedEncoder struct {
	Encoder
	re  *resample.Resampler
	pcm []int16
}

func newRatedEncoder(e Encoder, from, to int) (Encoder, error) {
	re, err := resample.New(from, to)
	if err != nil {
		return nil, err
	}
	return &ratedEncoder{e, re, make([]int16, maxNatural)}, nil
}

func (e *ratedEncoder) Encode(payload []byte, pcm []int16) int {
	if e.re.Len(len(pcm)) > len(e.pcm) {
		return 0
	}
	return e.Encoder.Encode(payload, e.pcm[:e.re.Process(e.pcm, pcm)])
}

// ratedDecoder resamples what was decoded.
type ratedDecoder struct {
	Decoder
	re       *resample.Resampler
	from, to int
	natural  []int16
	pcm      []int16
}

func newRatedDecoder(d Decoder, from, to int) (Decoder, error) {
	re, err := resample.New(from, to)
	if err != nil {
		return nil, err
	}
	return &ratedDecoder{d, re, from, to, make([]int16, maxNatural), make([]int16, re.Len(maxNatural))}, nil
}

func (d *ratedDecoder) Decode(pcm []int16, payload []byte) int {
	n := d.Decoder.Decode(d.natural, payload)
	return copy(pcm, d.pcm[:d.re.Process(d.pcm, d.natural[:n])])
}

func (d *ratedDecoder) Conceal(pcm []int16) {
	for len(pcm) > 0 {
		n := min(len(pcm), len(d.pcm))
		old := d.natural[:min(len(d.natural), (n*d.from+d.to-1)/d.to)]
		d.Decoder.Conceal(old)
		done := copy(pcm[:n], d.pcm[:d.re.Process(d.pcm, old)])
		hold(pcm[:n], done)
		pcm = pcm[n:]
	}
}

func (d *ratedDecoder) Recover(pcm []int16, next []byte) bool {
	old := d.natural[:min(len(d.natural), (len(pcm)*d.from+d.to-1)/d.to)]
	if !d.Decoder.Recover(old, next) {
		return false
	}
	hold(pcm, copy(pcm, d.pcm[:d.re.Process(d.pcm, old)]))
	return true
}

// hold repeats the last of done samples to the end of pcm.
func hold(pcm []int16, done int) {
	var last int16
	if done > 0 {
		last = pcm[done-1]
	}
	for i := done; i < len(pcm); i++ {
		pcm[i] = last
	}
}
