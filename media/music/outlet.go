package music

import (
	"fmt"
	"time"

	"dialtone/media/codec"
	"dialtone/media/resample"
)

// kind is what makes two listeners hear the same bytes.
type kind struct {
	name, fmtp      string
	clock, channels int
	time            time.Duration // of a packet
}

// outlet encodes the stream in one way.
type outlet struct {
	kind    kind
	enc     codec.Encoder
	re      *resample.Resampler
	pcm     []int16 // gathered until there is a packet full
	fill    int
	frame   int // samples of a packet
	ticks   int // of the RTP clock
	packets [2]packet
	ready   int    // how many of them are new
	heard   uint64 // the tick in which somebody last listened
}

type packet struct {
	payload [1400]byte
	size    int
}

func newOutlet(k kind, f codec.Format) (*outlet, error) {
	hz := codec.Rate(f)
	re, err := resample.New(rate, hz)
	if err != nil {
		return nil, err
	}
	// Music wants more bits than speech.
	enc, err := codec.NewEncoder(f, codec.Options{Rate: hz, Bitrate: opusBitrate})
	if err != nil {
		return nil, err
	}
	size := int(k.time * time.Duration(hz) / time.Second)
	return &outlet{
		kind: k, enc: enc, re: re, frame: size, ticks: int(k.time * time.Duration(f.Clock) / time.Second),
		pcm: make([]int16, size+re.Len(frame)),
	}, nil
}

// opusBitrate is that of music in Opus, where the far side allows as much.
const opusBitrate = 48000

// feed takes the frame of a tick, encodes what is complete and says how many packets
// that are.
func (o *outlet) feed(pcm []int16) int {
	o.fill += o.re.Process(o.pcm[o.fill:], pcm)
	for o.ready = 0; o.fill >= o.frame && o.ready < len(o.packets); o.ready++ {
		p := &o.packets[o.ready]
		p.size = o.enc.Encode(p.payload[:], o.pcm[:o.frame])
		o.fill = copy(o.pcm, o.pcm[o.frame:o.fill])
	}
	return o.ready
}

func (o *outlet) close() { o.enc.Close() }

// String is such as "PCMA/8000 20ms".
func (o *outlet) String() string {
	return fmt.Sprintf("%s/%d %v", o.kind.name, o.kind.clock, o.kind.time)
}
