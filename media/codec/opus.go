package codec

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Opus is spoken in mono (RFC 7587 §4.1: what is decoded is up to the receiver), and
// at whatever of 8, 16 and 48 kHz the other side of the conversion needs, so that
// nothing is resampled. Which library does it is decided by the build: opus_go.go or
// opus_c.go has libEncoder and libDecoder.

// Forward error correction costs bits, quality and, with gopus, memory: it is used from
// a loss of lossy per cent on, until less than lossless are lost.
const (
	lossy    = 2
	lossless = 1
	// leastLoss is what it is made for at least: for less, the library makes none.
	leastLoss = 10
)

// opusSetup is how an encoder is to encode.
type opusSetup struct {
	bitrate    int
	complexity int
	useful     bool // the receiver makes use of forward error correction
	fec        bool
	loss       int // in per cent
	dtx        bool
	cbr        bool
	band       int // highest audio frequency in Hz: 4000, 6000, 8000, 12000 or 20000
}

// maxOpus is the longest packet in ms.
const maxOpus = 120

// coders keeps libEncoders and libDecoders that are not used, by rate. They take
// half a megabyte and some time to make.
type coders struct{ narrow, wide, full sync.Pool }

var (
	idleEncoders = coders{}
	idleDecoders = coders{}
)

func (c *coders) of(rate int) *sync.Pool {
	switch rate {
	case 8000:
		return &c.narrow
	case 16000:
		return &c.wide
	}
	return &c.full
}

// opusParams are the parameters of a=fmtp (RFC 7587 §6.1).
type opusParams map[string]string

func readOpusParams(fmtp string) opusParams {
	p := opusParams{}
	for part := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		p[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return p
}

func (p opusParams) on(name string) bool { return p[name] == "1" }

// number is a parameter from least to most; other when it is missing or senseless.
func (p opusParams) number(name string, least, most, other int) int {
	n, err := strconv.Atoi(p[name])
	if err != nil || n < least || n > most {
		return other
	}
	return n
}

// opusSetupFor is what f, as the receiver declares it, and o make together.
func opusSetupFor(f Format, o Options) opusSetup {
	p := readOpusParams(f.Fmtp)
	usual := 24000 // keeps each third octave within 1 dB, and has room for error correction
	if o.Rate == 48000 {
		usual = 32000
	}
	s := opusSetup{
		bitrate: usual, complexity: 5, useful: o.FEC || p.on("useinbandfec"), loss: max(leastLoss, min(o.Loss, 100)),
		dtx: o.DTX || p.on("usedtx"), cbr: p.on("cbr"),
	}
	s.fec = o.FEC || s.useful && o.Loss >= lossy
	if o.Complexity > 0 {
		s.complexity = min(o.Complexity, 10)
	}
	most := p.number("maxaveragebitrate", 6000, 510000, 510000)
	s.bitrate = min(max(cmp.Or(o.Bitrate, usual), 6000), most)
	s.band = min(bandFor(s.bitrate), bandBelow(p.number("maxplaybackrate", 8000, 48000, 48000)), bandBelow(o.Rate))
	return s
}

// bandFor is the band that speech of a bitrate has room for. It is decided once: an
// encoder that changes it on its way can be heard to.
func bandFor(bitrate int) int {
	switch {
	case bitrate < 10000:
		return 4000
	case bitrate < 14000:
		return 6000
	case bitrate < 20000:
		return 8000
	case bitrate < 24000:
		return 12000
	}
	return 20000
}

// bandBelow is the widest band that fits into a sampling rate (RFC 7587 §3.1.1).
func bandBelow(rate int) int {
	switch {
	case rate < 12000:
		return 4000
	case rate < 16000:
		return 6000
	case rate < 24000:
		return 8000
	case rate < 48000:
		return 12000
	}
	return 20000
}

type opusEncoder struct {
	lib   *libEncoder
	rate  int
	setup opusSetup
}

// Expect implements Adaptive. The bandwidth stays what it is.
func (e *opusEncoder) Expect(loss int) {
	s := &e.setup
	fec := s.fec && loss >= lossless || loss >= lossy
	made := min(max(leastLoss, loss), 100)
	if e.lib == nil || !s.useful || fec == s.fec && (!fec || made == s.loss) {
		return
	}
	s.fec, s.loss = fec, made
	_ = e.lib.protect(*s) // which leaves it as it was
}

func newOpusEncoder(f Format, o Options) (Encoder, error) {
	lib, _ := idleEncoders.of(o.Rate).Get().(*libEncoder)
	if lib == nil {
		var err error
		if lib, err = newLibEncoder(o.Rate); err != nil {
			return nil, fmt.Errorf("opus encoder for %d Hz: %w", o.Rate, err)
		}
	}
	setup := opusSetupFor(f, o)
	if err := lib.setup(setup); err != nil {
		return nil, fmt.Errorf("opus encoder for %d Hz, %d bit/s: %w", o.Rate, setup.bitrate, err)
	}
	return &opusEncoder{lib: lib, rate: o.Rate, setup: setup}, nil
}

func (e *opusEncoder) Encode(payload []byte, pcm []int16) int {
	if e.lib == nil || len(payload) == 0 || !opusFrame(len(pcm), e.rate) {
		return 0
	}
	n, err := e.lib.encode(payload[:len(payload):len(payload)], pcm)
	if err != nil || e.setup.dtx && n <= 2 {
		return 0
	}
	return n
}

// opusFrame reports whether a packet can last for n samples: 10, 20, 40 ... 120 ms.
func opusFrame(n, rate int) bool {
	ms := n * 1000 / rate
	return n*1000%rate == 0 && (ms == 10 || ms > 0 && ms%20 == 0 && ms <= maxOpus)
}

func (e *opusEncoder) Close() {
	if e.lib != nil {
		idleEncoders.of(e.rate).Put(e.lib)
		e.lib = nil
	}
}

type opusDecoder struct {
	lib   *libDecoder
	rate  int
	frame int // samples of the last packet
	whole []int16
}

func newOpusDecoder(rate int) (Decoder, error) {
	lib, _ := idleDecoders.of(rate).Get().(*libDecoder)
	if lib == nil {
		var err error
		if lib, err = newLibDecoder(rate); err != nil {
			return nil, fmt.Errorf("opus decoder for %d Hz: %w", rate, err)
		}
	} else if err := lib.reset(); err != nil {
		return nil, fmt.Errorf("opus decoder for %d Hz: %w", rate, err)
	}
	return &opusDecoder{lib: lib, rate: rate, frame: rate / 50, whole: make([]int16, rate/1000*maxOpus)}, nil
}

func (d *opusDecoder) Decode(pcm []int16, payload []byte) int {
	if d.lib == nil || len(pcm) == 0 {
		return 0
	}
	length := OpusDuration(payload, d.rate)
	if length == 0 || length > len(d.whole) {
		return d.garbage(pcm)
	}
	to := pcm
	if len(to) < length {
		to = d.whole
	}
	n, err := d.lib.decode(payload, to[:length:length])
	if err != nil || n != length {
		return d.garbage(pcm)
	}
	d.frame = n
	if len(pcm) < length {
		return copy(pcm, to[:n])
	}
	return n
}

// garbage goes on as if the packet were lost.
func (d *opusDecoder) garbage(pcm []int16) int {
	n := min(len(pcm), d.frame)
	d.Conceal(pcm[:n])
	return n
}

func (d *opusDecoder) Conceal(pcm []int16) {
	step := d.rate / 400 // what the library does is a multiple of 2.5 ms
	for len(pcm) > 0 {
		n := min(len(pcm), d.rate/50)
		whole := (n + step - 1) / step * step
		to := d.whole[:whole:whole]
		if d.lib == nil || d.lib.conceal(to) != nil {
			clear(to)
		}
		copy(pcm[:n], to)
		pcm = pcm[n:]
	}
}

func (d *opusDecoder) Recover(pcm []int16, next []byte) bool {
	n := opusFrameLength(next, d.rate)
	if d.lib == nil || n == 0 || n > len(pcm) || !OpusHasFEC(next) {
		return false
	}
	before := len(pcm) - n
	if before > 0 {
		d.Conceal(pcm[:before])
	}
	if d.lib.recover(next, pcm[before:len(pcm):len(pcm)]) != nil {
		d.Conceal(pcm[before:])
	}
	return true
}

func (d *opusDecoder) Close() {
	if d.lib != nil {
		idleDecoders.of(d.rate).Put(d.lib)
		d.lib = nil
	}
}
