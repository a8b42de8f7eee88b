package testphone

import (
	"github.com/gotranspile/g722"
	"github.com/thesyncim/gopus"
)

// clockOf is the RTP clock of a codec.
func clockOf(codec string) int {
	if codec == "OPUS" {
		return 48000
	}
	return rate
}

// speaks reports whether the phone can encode and decode a codec.
func speaks(codec string) bool {
	switch codec {
	case "PCMU", "PCMA", "G722", "OPUS":
		return true
	}
	return false
}

// coder encodes what a phone says and decodes what it hears: PCM of 8 kHz, also in
// the wide codecs. It makes what it needs when that is first needed.
type coder struct {
	opusOut *gopus.Encoder
	opusIn  *gopus.Decoder
	g722Out *g722.Encoder
	g722In  *g722.Decoder
}

// encode gives a frame of pcm in a codec; nothing when that cannot be.
func (c *coder) encode(name string, pcm []int16, quiet bool) []byte {
	switch name {
	case "OPUS":
		return c.encodeOpus(pcm)
	case "G722":
		if c.g722Out == nil {
			c.g722Out = g722.NewEncoder(g722.Rate64000, g722.FlagSampleRate8000)
		}
		out := make([]byte, len(pcm))
		return out[:c.g722Out.Encode(out, pcm)]
	}
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		if out[i] = encode(name, s); quiet {
			out[i] = silence(name)
		}
	}
	return out
}

func (c *coder) encodeOpus(pcm []int16) []byte {
	if c.opusOut == nil {
		enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: rate, Channels: 1, Application: gopus.ApplicationVoIP})
		if err != nil || enc.SetBitrate(20000) != nil {
			return nil
		}
		c.opusOut = enc
	}
	out := make([]byte, 1500)
	if c.opusOut.SetFrameSize(len(pcm)) != nil {
		return nil
	}
	n, err := c.opusOut.EncodeInt16(pcm, out)
	if err != nil {
		return nil
	}
	return out[:n]
}

// decode gives the PCM of a payload; false when it is garbled.
func (c *coder) decode(name string, data []byte) ([]int16, bool) {
	switch name {
	case "OPUS":
		return c.decodeOpus(data)
	case "G722":
		if c.g722In == nil {
			c.g722In = g722.NewDecoder(g722.Rate64000, g722.FlagSampleRate8000)
		}
		pcm := make([]int16, len(data))
		return pcm[:c.g722In.Decode(pcm, data)], true
	}
	pcm := make([]int16, len(data))
	for i, b := range data {
		pcm[i] = decode(name, b)
	}
	return pcm, true
}

func (c *coder) decodeOpus(data []byte) ([]int16, bool) {
	if c.opusIn == nil {
		dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(rate, 1))
		if err != nil {
			return nil, false
		}
		c.opusIn = dec
	}
	pcm := make([]int16, rate/1000*120)
	n, err := c.opusIn.DecodeInt16(data, pcm)
	return pcm[:n], err == nil
}
