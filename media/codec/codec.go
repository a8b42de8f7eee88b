package codec

import (
	"encoding/binary"
	"strings"
)

// Codec turns payloads into samples and back. It keeps no state between calls.
type Codec interface {
	// Format is what it encodes to, with its usual payload type.
	Format() Format
	// Decode fills pcm from payload and returns the number of samples; what does
	// not fit is left out.
	Decode(pcm []int16, payload []byte) int
	// Encode fills payload from pcm and returns the number of bytes; what does not
	// fit is left out.
	Encode(payload []byte, pcm []int16) int
}

// L16 is linear audio of 16 bits in network order (RFC 3551 §4.5.11), as
// Dialtone uses it inside; it is not offered to phones.
var L16 = Format{Name: "L16", PT: 96, Clock: 8000, Channels: 1}

// row is one format that Dialtone knows. Without an encoder and a decoder, packets
// can only be passed on.
type row struct {
	format  Format
	offered bool // may be named in the configuration
	rate    int  // natural rate of its PCM, in Hz
	anyRate bool // the coders work at 8000, 16000 and 48000 Hz alike
	codec   Codec
	encoder func(Format, Options) (Encoder, error)
	decoder func(rate int) (Decoder, error)
}

// table is every format that Dialtone knows, by name; a new codec is one row.
var table = []row{
	{format: Opus, offered: true, rate: 48000, anyRate: true, encoder: newOpusEncoder, decoder: newOpusDecoder},
	{format: G722, offered: true, rate: 16000, encoder: newG722Encoder, decoder: newG722Decoder},
	stateless(companded{PCMA, alawDecode[:], AlawFrom}, true),
	stateless(companded{PCMU, ulawDecode[:], UlawFrom}, true),
	{format: G729, offered: true},
	{format: GSM, offered: true},
	{format: DTMF},
	{format: CN, rate: 8000, anyRate: true, encoder: newNoiseEncoder, decoder: newNoiseDecoder},
	stateless(l16{}, false),
}

// rowOf finds f, if Dialtone can encode and decode it.
func rowOf(f Format) (*row, bool) {
	for i := range table {
		if r := &table[i]; r.encoder != nil && r.format.Same(f) {
			return r, true
		}
	}
	return nil, false
}

// Names lists the audio formats that may be offered, best first.
func Names() []string {
	var names []string
	for _, r := range table {
		if r.offered {
			names = append(names, r.format.Name)
		}
	}
	return names
}

// Known reports whether name, in any case, is one of Names.
func Known(name string) bool {
	_, ok := Named(name)
	return ok
}

// Named gives the format called name, in any case, with its usual payload type.
// It knows the formats of Names.
func Named(name string) (Format, bool) {
	for _, r := range table {
		if r.offered && strings.EqualFold(r.format.Name, name) {
			return r.format, true
		}
	}
	return Format{}, false
}

// For gives the codec of f, if it is one that keeps no state.
func For(f Format) (Codec, bool) {
	for _, r := range table {
		if r.codec != nil && r.format.Same(f) {
			return r.codec, true
		}
	}
	return nil, false
}

// Convertible reports whether audio in format a can be turned into another format
// b. Formats that are the same need no conversion: for them it is false.
func Convertible(a, b Format) bool {
	return a.IsAudio() && b.IsAudio() && !a.Same(b) && Rate(a) > 0 && Rate(b) > 0
}

// Coded are the formats that may be offered and can be encoded and decoded here,
// best first.
func Coded() []Format {
	var formats []Format
	for _, r := range table {
		if r.offered && r.encoder != nil {
			formats = append(formats, r.format)
		}
	}
	return formats
}

// Conversion gives the table that turns each payload byte of format from into
// one of format to, nil when there is none. It must not be changed.
func Conversion(from, to Format) *[256]byte {
	switch {
	case from.Same(PCMU) && to.Same(PCMA):
		return &ulawToAlaw
	case from.Same(PCMA) && to.Same(PCMU):
		return &alawToUlaw
	}
	return nil
}

type companded struct {
	format Format
	decode []int16
	encode func(int16) byte
}

func (g companded) Format() Format { return g.format }

func (g companded) Decode(pcm []int16, payload []byte) int {
	n := min(len(pcm), len(payload))
	for i, b := range payload[:n] {
		pcm[i] = g.decode[b]
	}
	return n
}

func (g companded) Encode(payload []byte, pcm []int16) int {
	n := min(len(pcm), len(payload))
	for i, s := range pcm[:n] {
		payload[i] = g.encode(s)
	}
	return n
}

type l16 struct{}

func (l16) Format() Format { return L16 }

func (l16) Decode(pcm []int16, payload []byte) int {
	n := min(len(pcm), len(payload)/2)
	for i := range n {
		pcm[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	return n
}

func (l16) Encode(payload []byte, pcm []int16) int {
	n := min(len(pcm), len(payload)/2)
	for i, s := range pcm[:n] {
		binary.BigEndian.PutUint16(payload[2*i:], uint16(s))
	}
	return 2 * n
}
