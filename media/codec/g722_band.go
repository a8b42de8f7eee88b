package codec

// g722Band is the predictor and the quantizer of one band (§3.4 to §3.6). Encoder and
// decoder have the same, fed with the same codes.
type g722Band struct {
	expected int32 // the next sample
	zeros    int32 // the part of that which comes from the differences

	a1, a2 int32    // of the poles
	b      [6]int32 // of the zeros
	d      [6]int32 // the last differences, as they were coded
	r1, r2 int32    // the last samples, as they are decoded, twice; saturated
	p1, p2 int32    // the same without the part of the poles

	log  int32 // of step
	step int32 // of the quantizer
}

// lowCode gives the code for what differs so much from what was expected.
func (g *g722Band) lowCode(differs int32) int32 {
	size := differs ^ differs>>31
	level := int32(1)
	for half := int32(16); half > 0; half /= 2 { // without branches, which nobody could predict
		if size >= g722Bounds[(level+half-1)&31]*g.step>>12 {
			level += half
		}
	}
	level = min(level, 30)
	switch {
	case differs >= 0:
		return 62 - level
	case level < 3:
		return 64 - level
	}
	return 34 - level
}

// lowNext takes the code of a sample.
func (g *g722Band) lowNext(code int32) {
	difference := g.step * g722Coarse[code>>2] >> 15
	g.log = min(max(g.log*127>>7+g722LowLogs[code>>2], 0), 18432)
	g.step = g722Step(g.log, 8)
	g.adapt(difference)
}

// highCode is lowCode for the upper band.
func (g *g722Band) highCode(differs int32) int32 {
	code := int32(3)
	if differs < 0 {
		code = 1
	}
	if differs^differs>>31 >= 564*g.step>>12 {
		code--
	}
	return code
}

// highNext is lowNext for the upper band.
func (g *g722Band) highNext(code int32) {
	difference := g.step * g722High[code] >> 15
	g.log = min(max(g.log*127>>7+g722HighLogs[code], 0), 22528)
	g.step = g722Step(g.log, 10)
	g.adapt(difference)
}

// g722Step is the step of a logarithm (§3.5, method 2).
func g722Step(log, scale int32) int32 {
	mantissa := g722Powers[log>>6&31]
	if shift := scale - log>>11; shift >= 0 {
		return mantissa >> shift << 2
	}
	return mantissa << 3
}

// adapt takes the difference of a sample from what was expected, as it was coded, and
// predicts the next sample.
func (g *g722Band) adapt(difference int32) {
	r := saturated(g.expected + difference)
	g.adaptPoles(saturated(g.zeros + difference))
	g.adaptZeros(difference)
	g.r2, g.r1 = g.r1, saturated(2*r)
	poles := saturated(g.a1*g.r1>>15 + g.a2*g.r2>>15)
	g.expected = saturated(poles + g.zeros)
}

func (g *g722Band) adaptPoles(p int32) {
	like1, like2 := alike(p, g.p1), alike(p, g.p2)
	wd := min(-like1*saturated(4*g.a1), 32767)
	g.a2 = within(wd>>7+128*like2+g.a2*32512>>15, 12288)
	most := 15360 - g.a2
	g.a1 = min(max(saturated(192*like1+g.a1*32640>>15), -most), most)
	g.p2, g.p1 = g.p1, p
}

func (g *g722Band) adaptZeros(difference int32) {
	gain := int32(128)
	if difference == 0 {
		gain = 0
	}
	for i, old := range g.d {
		g.b[i] = saturated(gain*alike(difference, old) + g.b[i]*32640>>15)
	}
	copy(g.d[1:], g.d[:])
	g.d[0] = difference
	sum := int32(0)
	for i, d := range g.d {
		sum += g.b[i] * saturated(2*d) >> 15
	}
	g.zeros = saturated(sum)
}

// alike is 1 when the signs of a and b are the same, else -1.
func alike(a, b int32) int32 { return (a^b)>>31 | 1 }

// saturated is v as near as 16 bits come to it.
func saturated(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

// within is v from -limit to limit.
func within(v, limit int32) int32 { return min(max(v, -limit), limit) }

// g722Powers is one octave of the step (ILB).
var g722Powers = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}

// g722Bounds are the decision levels of the lower band (Q6); the last is there again.
var g722Bounds = [32]int32{
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
	714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 2919, 2919,
}

// g722Fine is what the codes of the lower band mean (QM6).
var g722Fine = [64]int32{
	-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
}

// g722Coarse is what their first four bits mean, by which all adapts (QM4).
var g722Coarse = [16]int32{
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
}

// g722LowLogs are the changes of the logarithm of the step for these (WL and RL4).
var g722LowLogs = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}

// g722High is what the codes of the upper band mean (QM2), g722HighLogs what they
// change (WH and RH2).
var (
	g722High     = [4]int32{-7408, -1616, 7408, 1616}
	g722HighLogs = [4]int32{798, -214, 798, -214}
)
