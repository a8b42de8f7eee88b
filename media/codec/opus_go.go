//go:build !opus_c

package codec

import (
	"errors"
	"math"

	"github.com/thesyncim/gopus"
)

// OpusLibrary names what encodes and decodes Opus in this build.
const OpusLibrary = "gopus"

var errOpusBroke = errors.New("the Opus library broke off")

// libEncoder is an encoder of gopus for mono.
type libEncoder struct {
	enc     *gopus.Encoder
	samples int // of a frame
}

func newLibEncoder(rate int) (*libEncoder, error) {
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: rate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		return nil, err
	}
	return &libEncoder{enc: enc, samples: enc.FrameSize()}, nil
}

// setup begins a new stream. Reset leaves a little of what was before, which changes
// packets but not how they sound.
func (e *libEncoder) setup(s opusSetup) error {
	e.enc.Reset()
	e.enc.SetDTX(s.dtx)
	e.enc.SetVBR(!s.cbr)
	return errors.Join(
		e.enc.SetBitrate(s.bitrate),
		e.enc.SetComplexity(s.complexity),
		e.enc.SetMaxBandwidth(bandwidths[s.band]),
		e.enc.SetBandwidth(bandwidths[s.band]),
		e.protect(s),
	)
}

// protect begins or ends forward error correction.
func (e *libEncoder) protect(s opusSetup) error {
	loss := 0
	if s.fec {
		loss = s.loss
	}
	e.enc.SetFEC(s.fec)
	return e.enc.SetPacketLoss(loss)
}

var bandwidths = map[int]gopus.Bandwidth{
	4000: gopus.BandwidthNarrowband, 6000: gopus.BandwidthMediumband, 8000: gopus.BandwidthWideband,
	12000: gopus.BandwidthSuperwideband, 20000: gopus.BandwidthFullband,
}

func (e *libEncoder) encode(payload []byte, pcm []int16) (n int, err error) {
	if len(pcm) != e.samples {
		if err := e.enc.SetFrameSize(len(pcm)); err != nil {
			return 0, err
		}
		e.samples = len(pcm)
	}
	return e.enc.EncodeInt16(pcm, payload)
}

// libDecoder is a decoder of gopus for mono.
type libDecoder struct {
	dec   *gopus.Decoder
	rate  int
	float []float32
}

func newLibDecoder(rate int) (*libDecoder, error) {
	d := &libDecoder{rate: rate, float: make([]float32, rate/1000*maxOpus)}
	return d, d.renew()
}

func (d *libDecoder) renew() (err error) {
	d.dec, err = gopus.NewDecoder(gopus.DefaultDecoderConfig(d.rate, 1))
	return err
}

func (d *libDecoder) reset() error {
	d.dec.Reset()
	return nil
}

// decode fills pcm, which is as long as the packet lasts.
func (d *libDecoder) decode(payload []byte, pcm []int16) (n int, err error) {
	defer d.survive(&err)
	return d.dec.DecodeInt16(payload, pcm)
}

// conceal fills pcm, a multiple of 2.5 ms.
func (d *libDecoder) conceal(pcm []int16) (err error) {
	defer d.survive(&err)
	_, err = d.dec.DecodeInt16(nil, pcm)
	return err
}

// recover fills pcm, one frame of next, with what next repeats of the frame before.
func (d *libDecoder) recover(next []byte, pcm []int16) (err error) {
	defer d.survive(&err)
	float := d.float[:len(pcm)]
	if _, err := d.dec.DecodeWithFEC(next, float, true); err != nil {
		return err
	}
	for i, v := range float {
		pcm[i] = int16(min(max(math.RoundToEven(float64(v)*32768), math.MinInt16), math.MaxInt16))
	}
	return nil
}

// survive keeps what strangers send from ending the process, should the library
// have a fault. The decoder begins anew then.
func (d *libDecoder) survive(err *error) {
	if recover() != nil {
		*err = errOpusBroke
		_ = d.renew()
	}
}
