package mixer

import (
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// kindOfOutlet is what makes two members hear the same bytes.
type kindOfOutlet struct {
	name     string
	fmtp     string
	clock    int
	channels int
	ptime    time.Duration
	rate     int // of the PCM
	silent   bool
}

// maxPayload is how long a packet is at most.
const maxPayload = 1400

// outlet encodes one stream, for one member or for all who hear the same.
type outlet struct {
	kind   kindOfOutlet
	enc    codec.Encoder
	pcm    []int16 // gathered until there is a packet full
	fill   int
	frame  int // samples of a packet
	ticks  int // of the RTP clock
	ready  [2]packet
	n      int    // how many are ready
	done   uint64 // the tick for which they were made
	wanted uint64 // the tick in which somebody heard it last
	loss   int    // in per cent, of the member that loses most
}

// lossTicks is after how many ticks members are asked for their loss again.
const lossTicks = 50

type packet struct {
	payload [maxPayload]byte
	size    int
}

func kindFor(f codec.Format, e media.Endpoint, mix int) kindOfOutlet {
	rate := codec.Rate(f)
	if f.Same(codec.Opus) {
		rate = mix
	}
	ptime := Tick
	if p, ok := e.(interface{ Ptime() time.Duration }); ok && p.Ptime() > 0 {
		ptime = codec.FrameTime(f, p.Ptime())
	}
	return kindOfOutlet{name: f.Name, fmtp: f.Fmtp, clock: f.Clock, channels: f.Channels, ptime: ptime, rate: rate}
}

func newOutlet(k kindOfOutlet) (*outlet, error) {
	f := codec.Format{Name: k.name, Clock: k.clock, Channels: k.channels, Fmtp: k.fmtp}
	enc, err := codec.NewEncoder(f, codec.Options{Rate: k.rate})
	if err != nil {
		return nil, err
	}
	frame := int(k.ptime * time.Duration(k.rate) / time.Second)
	return &outlet{
		kind: k, enc: enc, frame: frame,
		ticks: int(k.ptime * time.Duration(k.clock) / time.Second),
		pcm:   make([]int16, frame+k.rate/50),
	}, nil
}

// feed takes the frame of a tick, and encodes what is complete. It gives the number
// of packets, which are empty in silence if that is not sent.
func (o *outlet) feed(pcm []int16, tick uint64) int {
	if o.done = tick; tick%lossTicks == 0 {
		codec.Expect(o.enc, o.loss)
		o.loss = 0
	}
	o.fill += copy(o.pcm[o.fill:], pcm)
	for o.n = 0; o.fill >= o.frame && o.n < len(o.ready); o.n++ {
		p := &o.ready[o.n]
		p.size = o.enc.Encode(p.payload[:], o.pcm[:o.frame])
		o.fill = copy(o.pcm, o.pcm[o.frame:o.fill])
	}
	return o.n
}

// follow lets o go on where another outlet of the same kind is in the middle of a
// packet.
func (o *outlet) follow(other *outlet) { o.fill = copy(o.pcm, other.pcm[:other.fill]) }

// send gives e the packets that are ready, and says how loud they are.
func (o *outlet) send(e media.Endpoint, f codec.Format, marker bool, level media.Loudness) (sent bool) {
	if o.done%lossTicks == lossTicks-1 {
		o.loss = max(o.loss, media.Loss(e))
	}
	levelled, _ := e.(media.Levelled)
	for i := range o.n {
		p := &o.ready[i]
		if levelled != nil {
			levelled.WriteLevel(f, p.payload[:p.size], o.ticks, marker, level)
		} else {
			e.Write(f, p.payload[:p.size], o.ticks, marker)
		}
		if p.size > 0 {
			sent, marker = true, false
		}
	}
	return sent
}
