package codec

// G.722 at 64 kbit/s: two filters split the audio at 4 kHz, and each half is coded as
// the difference from what an adaptive predictor expected, with 6 and 2 bits. The
// names of ITU-T G.722 §3 and §4 are kept where there is no better one.

// g722Pairs is how many bytes are coded at a time.
const g722Pairs = 160

type g722Encoder struct {
	low, high g722Band
	// The samples by turns, behind those that the filter still needs.
	even, odd [g722Memory + g722Pairs]int32
}

func newG722Encoder(Format, Options) (Encoder, error) {
	return &g722Encoder{low: g722Band{step: 32}, high: g722Band{step: 8}}, nil
}

// Encode implements Encoder: two samples in each byte.
func (e *g722Encoder) Encode(payload []byte, pcm []int16) int {
	done, all := 0, min(len(payload), len(pcm)/2)
	for done < all {
		n := min(all-done, g722Pairs)
		e.encode(payload[done:done+n], pcm[2*done:2*(done+n)])
		done += n
	}
	return all
}

func (e *g722Encoder) encode(payload []byte, pcm []int16) {
	for i := range payload {
		e.even[g722Memory+i], e.odd[g722Memory+i] = int32(pcm[2*i]), int32(pcm[2*i+1])
	}
	for i := range payload {
		a, b := g722Filter(e.even[i:], e.odd[i:])
		low := e.low.lowCode(saturated(((a + b) >> 14) - e.low.expected))
		e.low.lowNext(low)
		high := e.high.highCode(saturated(((b - a) >> 14) - e.high.expected))
		e.high.highNext(high)
		payload[i] = byte(high<<6 | low)
	}
	copy(e.even[:g722Memory], e.even[len(payload):])
	copy(e.odd[:g722Memory], e.odd[len(payload):])
}

// Close implements Encoder.
func (*g722Encoder) Close() {}

type g722Decoder struct {
	low, high g722Band
	sum, diff [g722Memory + g722Pairs]int32 // of the bands, as even and odd
	plc       plc
}

func newG722Decoder(rate int) (Decoder, error) {
	return &g722Decoder{low: g722Band{step: 32}, high: g722Band{step: 8}, plc: newPLC(rate)}, nil
}

// Decode implements Decoder.
func (d *g722Decoder) Decode(pcm []int16, payload []byte) int {
	done, all := 0, min(len(payload), len(pcm)/2)
	for done < all {
		n := min(all-done, g722Pairs)
		d.decode(pcm[2*done:2*(done+n)], payload[done:done+n])
		done += n
	}
	if all > 0 {
		d.plc.heard(pcm[:2*all])
	}
	return 2 * all
}

func (d *g722Decoder) decode(pcm []int16, payload []byte) {
	for i, code := range payload {
		low, high := int32(code&0x3f), int32(code>>6)
		a := g722Limited(d.low.expected + d.low.step*g722Fine[low]>>15)
		d.low.lowNext(low)
		b := g722Limited(d.high.expected + d.high.step*g722High[high]>>15)
		d.high.highNext(high)
		d.sum[g722Memory+i], d.diff[g722Memory+i] = a+b, a-b
	}
	for i := range payload {
		a, b := g722Filter(d.sum[i:], d.diff[i:])
		pcm[2*i], pcm[2*i+1] = int16(saturated(b>>11)), int16(saturated(a>>11))
	}
	copy(d.sum[:g722Memory], d.sum[len(payload):])
	copy(d.diff[:g722Memory], d.diff[len(payload):])
}

// g722Limited is v as near as 15 bits come to it.
func g722Limited(v int32) int32 { return min(max(v, -1<<14), 1<<14-1) }

// Conceal implements Decoder.
func (d *g722Decoder) Conceal(pcm []int16) { d.plc.conceal(pcm) }

// Recover implements Decoder.
func (d *g722Decoder) Recover([]int16, []byte) bool { return false }

// Close implements Decoder.
func (d *g722Decoder) Close() {}

// g722Taps are those of one half of the quadrature mirror filter; the other half has
// them the other way round.
const (
	g722Taps   = 12
	g722Memory = g722Taps - 1
)

var g722Mirror = [g722Taps]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// g722Filter is both halves of the filter, each over its samples.
func g722Filter(even, odd []int32) (a, b int32) {
	x, y := (*[g722Taps]int32)(even), (*[g722Taps]int32)(odd)
	for i, c := range g722Mirror {
		a += x[i] * c
		b += y[i] * g722Mirror[g722Taps-1-i]
	}
	return a, b
}
