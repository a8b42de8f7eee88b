package codec

import "github.com/gotranspile/g722"

// g722Encoder is G.722 at 64 kbit/s.
type g722Encoder struct{ *g722.Encoder }

func newG722Encoder(Format, Options) (Encoder, error) {
	return g722Encoder{g722.NewEncoder(g722.Rate64000, 0)}, nil
}

// Encode implements Encoder: two samples in each byte.
func (e g722Encoder) Encode(payload []byte, pcm []int16) int {
	n := min(len(payload), len(pcm)/2)
	if n == 0 {
		return 0
	}
	return e.Encoder.Encode(payload[:n], pcm[:2*n])
}

// Close implements Encoder.
func (g722Encoder) Close() {}

type g722Decoder struct {
	dec *g722.Decoder
	plc plc
}

func newG722Decoder(rate int) (Decoder, error) {
	return &g722Decoder{g722.NewDecoder(g722.Rate64000, 0), newPLC(rate)}, nil
}

func (d *g722Decoder) Decode(pcm []int16, payload []byte) int {
	n := min(len(payload), len(pcm)/2)
	if n == 0 {
		return 0
	}
	n = d.dec.Decode(pcm[:2*n], payload[:n])
	d.plc.heard(pcm[:n])
	return n
}

func (d *g722Decoder) Conceal(pcm []int16)          { d.plc.conceal(pcm) }
func (d *g722Decoder) Recover([]int16, []byte) bool { return false }

// Close implements Decoder.
func (d *g722Decoder) Close() {}
