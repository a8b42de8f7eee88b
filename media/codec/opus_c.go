//go:build opus_c

package codec

import (
	"errors"

	"github.com/hraban/opus"
)

// OpusLibrary names what encodes and decodes Opus in this build.
const OpusLibrary = "libopus"

// libEncoder is an encoder of libopus for mono.
type libEncoder struct{ enc *opus.Encoder }

func newLibEncoder(rate int) (*libEncoder, error) {
	enc, err := opus.NewEncoder(rate, 1, opus.AppVoIP)
	if err != nil {
		return nil, err
	}
	return &libEncoder{enc}, nil
}

// setup begins a new stream.
func (e *libEncoder) setup(s opusSetup) error {
	return errors.Join(
		e.enc.Reset(),
		e.enc.SetDTX(s.dtx),
		e.enc.SetVBR(!s.cbr),
		e.enc.SetBitrate(s.bitrate),
		e.enc.SetComplexity(s.complexity),
		e.enc.SetMaxBandwidth(bandwidths[s.band]),
		e.protect(s),
	)
}

// protect begins or ends forward error correction.
func (e *libEncoder) protect(s opusSetup) error {
	loss := 0
	if s.fec {
		loss = s.loss
	}
	return errors.Join(e.enc.SetInBandFEC(s.fec), e.enc.SetPacketLossPerc(loss))
}

var bandwidths = map[int]opus.Bandwidth{
	4000: opus.Narrowband, 6000: opus.Mediumband, 8000: opus.Wideband,
	12000: opus.SuperWideband, 20000: opus.Fullband,
}

func (e *libEncoder) encode(payload []byte, pcm []int16) (int, error) {
	return e.enc.Encode(pcm, payload)
}

// libDecoder is a decoder of libopus for mono. The library looks at the capacity of
// what it fills, so all slices that come here end where they are to end.
type libDecoder struct {
	dec  *opus.Decoder
	rate int
}

func newLibDecoder(rate int) (*libDecoder, error) {
	d := &libDecoder{rate: rate}
	return d, d.reset()
}

func (d *libDecoder) reset() (err error) {
	d.dec, err = opus.NewDecoder(d.rate, 1)
	return err
}

// decode fills pcm, which is as long as the packet lasts.
func (d *libDecoder) decode(payload []byte, pcm []int16) (int, error) {
	return d.dec.Decode(payload, pcm)
}

// conceal fills pcm, a multiple of 2.5 ms.
func (d *libDecoder) conceal(pcm []int16) error { return d.dec.DecodePLC(pcm) }

// recover fills pcm, one frame of next, with what next repeats of the frame before.
func (d *libDecoder) recover(next []byte, pcm []int16) error {
	return d.dec.DecodeFEC(next, pcm)
}
