package codec

// plainEncoder is the encoder of a Codec that keeps no state.
type plainEncoder struct{ Codec }

// Close implements Encoder.
func (plainEncoder) Close() {}

// plainDecoder is the decoder of a Codec that keeps no state, with concealment.
type plainDecoder struct {
	codec Codec
	plc   plc
}

func (d *plainDecoder) Decode(pcm []int16, payload []byte) int {
	n := d.codec.Decode(pcm, payload)
	d.plc.heard(pcm[:n])
	return n
}

func (d *plainDecoder) Conceal(pcm []int16)          { d.plc.conceal(pcm) }
func (d *plainDecoder) Recover([]int16, []byte) bool { return false }

// Close implements Decoder.
func (d *plainDecoder) Close() {}

// stateless is the row of c, which works at the rate of its clock.
func stateless(c Codec, offered bool) row {
	f := c.Format()
	return row{
		format: f, offered: offered, rate: f.Clock, codec: c,
		encoder: func(Format, Options) (Encoder, error) { return plainEncoder{c}, nil },
		decoder: func(rate int) (Decoder, error) { return &plainDecoder{c, newPLC(rate)}, nil },
	}
}
