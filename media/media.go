// Package media is what happens to the audio of a call: it is relayed,
// transcoded, played or echoed. It knows RTP packets and codecs, and no SIP.
package media

import (
	"net/netip"
	"time"

	"dialtone/media/codec"
)

// Direction says which way audio may flow, from the side that speaks of it.
type Direction struct{ Send, Recv bool }

// The four directions of RFC 8866 §6.7.
var (
	SendRecv = Direction{true, true}
	SendOnly = Direction{true, false}
	RecvOnly = Direction{false, true}
	Inactive = Direction{false, false}
)

// Reverse is the same direction as the other side sees it.
func (d Direction) Reverse() Direction { return Direction{d.Recv, d.Send} }

// And is what both d and e allow.
func (d Direction) And(e Direction) Direction { return Direction{d.Send && e.Send, d.Recv && e.Recv} }

// String gives the SDP attribute name.
func (d Direction) String() string {
	switch d {
	case SendRecv:
		return "sendrecv"
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	}
	return "inactive"
}

// Packet is one RTP packet on its way through. It is valid during the call it
// is handed to only: who wants to keep it copies it.
type Packet struct {
	// Raw is the whole packet: the header of RFC 3550 §5.1 and the payload. The
	// bytes behind it up to cap may be used, for SRTP.
	Raw     []byte
	Payload []byte        // part of Raw
	Format  *codec.Format // what the sender calls it; nil when its payload type was not negotiated
	SSRC    uint32
	Time    uint32 // RTP timestamp
	Seq     uint16
	Marker  bool
	Level   Loudness
	Arrived time.Time // at the socket; zero when it never came to one
	Sent    SendTime
}

// SendTime is when the far side of an endpoint for video says that it has sent a packet:
// seconds with 18 bits behind the point, modulo 64.
type SendTime struct {
	Known bool
	At    uint32 // 24 bits
}

// At is when p came: now, when it did not come over the network.
func (p *Packet) At() time.Time {
	if p.Arrived.IsZero() {
		return time.Now()
	}
	return p.Arrived
}

// Recoded is the bit of Packet.SSRC that is flipped in packets which a bridge made of
// others: they have numbers and timestamps of their own.
const Recoded uint32 = 1 << 31

// Sink takes the packets that arrive at an Endpoint, on the goroutine that
// read them: it must not block.
type Sink interface{ Packet(*Packet) }

// Patient is a Sink that looks at what it got only now and then: it gets packets up to
// Patience late where that is cheaper.
type Patient interface {
	Sink
	Patient()
}

// Patience is as long as the audio of a packet: nobody presses keys any faster, and
// all who can wait cost one awakening.
const Patience = 20 * time.Millisecond

// Puller is a Sink that takes what has arrived when it needs it, by Pull, on its own
// goroutine. An Endpoint that is no Pulled gives it each packet as to any other Sink.
type Puller interface {
	Sink
	Pulls()
}

// Pulled is an Endpoint that keeps what arrives for a Puller.
type Pulled interface {
	// Pull gives the sink what has arrived, if it is a Puller.
	Pull()
}

// Endpoint is where the audio of one leg comes from and goes to. Its methods
// are safe for concurrent use, and none blocks.
type Endpoint interface {
	// Formats are what the far side accepts, in its order of preference, with its
	// payload types; the first audio format is the one it is sent. Empty before
	// the first answer.
	Formats() []codec.Format
	// Direction is what was negotiated, from our side: Send false means that
	// packets forwarded here are dropped.
	Direction() Direction
	// SetSink swaps who gets what arrives here; nil drops (and counts) it.
	SetSink(Sink)
	// Forward sends p with this side's own SSRC, sequence numbers, timestamps and
	// payload types, which stay continuous when the source changes. It may
	// change p.Raw in place. A packet whose format the far side did not
	// negotiate is dropped and counted.
	Forward(p *Packet)
	// Write sends one frame of audio made here: payload in format f, lasting
	// samples ticks of f's clock. marker starts a talk spurt. An empty payload is
	// silence that is not sent: only time goes on.
	Write(f codec.Format, payload []byte, samples int, marker bool)
	Stats() Stats
}

// Stats is how the audio of one leg fares. Rx is what arrived from the far
// side, Tx what was sent to it; Remote... is what the far side said in RTCP.
type Stats struct {
	Codec        string // what is received: "PCMU/8000"
	Remote       netip.AddrPort
	Encrypted    bool
	RxPackets    uint64
	RxBytes      uint64
	RxLost       uint64 // RFC 3550 §A.3, never negative
	RxRejected   uint64 // from a source that is not the far side's
	RxDropped    uint64 // nobody listened, or the payload type was unknown
	TxPackets    uint64
	TxBytes      uint64
	TxDropped    uint64
	Jitter       time.Duration // RFC 3550 §A.8
	RemoteLost   uint64
	RemoteJitter time.Duration
	RTT          time.Duration // 0 before the first report with DLSR
	MOS          float64       // estimate by the E-model (ITU-T G.107), 1 to 4.5; 0 before any packet
	LastReceived time.Time     // zero before the first packet
}
