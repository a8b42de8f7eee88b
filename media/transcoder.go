package media

import (
	"encoding/binary"
	"time"

	"dialtone/media/codec"
)

const (
	headerSize = 12
	cipherTail = 32   // room behind a packet for what SRTP appends
	maxPayload = 1400 // bytes

	// fillLimit is how much lost audio is filled in. More would come to the far side
	// too late to be played; there it is a gap like any other.
	fillLimit = 100 * time.Millisecond
	maxAhead  = 3000 // sequence numbers that may be missing
	maxBehind = 64   // by so many a packet is late; beyond, the source started over
)

// transcoder decodes packets as they arrive and sends what it encodes of them at
// once, on the goroutine that brought them: the phone at the far end evens out the
// arrival anyhow, and a buffer here would only add delay. Where packets are lost, the
// next one fills the gap first, so that decoder and timestamps stay right; what
// comes after that is dropped.
//
// All that it sends is one source, with the timestamps of the clock of what is sent,
// numbered without gaps but for losses that it did not fill.
type transcoder struct {
	to   Endpoint
	in   *codec.Format // audio that comes
	out  *codec.Format // audio that is sent
	rate int           // of the PCM between
	dec  codec.Decoder
	enc  codec.Encoder
	cn   codec.Decoder // made when it is first needed
	flow Flow

	scratch []int16 // what one packet holds, or a gap
	pending []int16 // less than a frame that is to be sent
	frame   int     // samples that go into a packet
	told    int     // samples since the encoder was told of loss

	started bool
	ssrc    uint32
	seq     uint16 // of the newest packet
	next    uint32 // timestamp that the next audio should have
	ticks   uint32 // that the last audio lasted
	behind  uint16 // sequence number of the last late packet
	straggs int    // late packets in sequence

	outSeq  uint16
	outTime uint32
	spurt   bool // what is sent next begins a talk spurt

	key    keyMap
	buf    [headerSize + maxPayload + cipherTail]byte
	packed Packet
}

// keyMap is where a telephone event is on both sides.
type keyMap struct {
	known   bool
	code    byte
	in, out uint32 // timestamp of its beginning
}

func newTranscoder(to Endpoint) *transcoder { return &transcoder{to: to} }

// restart makes the next packet the first of a stream.
func (t *transcoder) restart() {
	t.started, t.key.known, t.straggs = false, false, 0
	t.pending = t.pending[:0]
}

func (t *transcoder) close() {
	if t.dec != nil {
		t.dec.Close()
		t.enc.Close()
		t.dec, t.enc = nil, nil
	}
	t.in, t.out = nil, nil
}

// packet takes one packet, of which d says how it gets to the other side.
func (t *transcoder) packet(p *Packet, d *decision, with *plan) {
	if !t.to.Direction().Send {
		t.restart()
		return
	}
	if d.way == byCoding && !t.use(p.Format, d.target) {
		return
	}
	lost, ok := t.order(p)
	if !ok {
		return
	}
	switch d.way {
	case byCoding:
		t.audio(p, lost)
	case byEvent:
		t.event(p, with)
	case byNoise:
		t.noise(p, with)
	}
}

// use gets the codecs ready.
func (t *transcoder) use(in, out *codec.Format) bool {
	if t.dec != nil && t.in == in && t.out == out {
		return true
	}
	if t.dec != nil && *t.in == *in && *t.out == *out { // in another description
		t.in, t.out = in, out
		return true
	}
	t.close()
	t.rate = min(codec.Rate(*in), codec.Rate(*out))
	dec, err := codec.NewDecoder(*in, t.rate)
	if err != nil {
		return false
	}
	enc, err := codec.NewEncoder(*out, codec.Options{Rate: t.rate, Loss: Loss(t.to)})
	if err != nil {
		dec.Close()
		return false
	}
	t.dec, t.enc, t.in, t.out = dec, enc, in, out
	if longest := t.rate / 1000 * 120; cap(t.scratch) < longest {
		t.scratch = make([]int16, longest)
		t.pending = make([]int16, 0, 2*longest)
	}
	t.scratch = t.scratch[:t.rate/1000*120]
	t.restart()
	return true
}

// order finds the place of p in its stream, and how many packets are missing before
// it. False says that it comes too late.
func (t *transcoder) order(p *Packet) (lost int, ok bool) {
	d := int(int16(p.Seq - t.seq))
	switch {
	case !t.started || p.SSRC != t.ssrc || d > maxAhead || d < -maxBehind:
		t.begin(p)
		return 0, true
	case d > 0:
		t.seq, t.straggs = p.Seq, 0
		t.flow.Lost += uint64(d - 1)
		return d - 1, true
	case t.straggs >= 3 && p.Seq == t.behind+1:
		t.begin(p) // the source started over
		return 0, true
	}
	if t.straggs++; p.Seq != t.behind+1 {
		t.straggs = 1
	}
	t.behind = p.Seq
	t.flow.Late++
	return 0, false
}

// begin takes p as the first packet of a stream.
func (t *transcoder) begin(p *Packet) {
	t.restart()
	if t.ssrc != p.SSRC {
		t.outSeq, t.outTime = p.Seq, p.Time
	}
	t.started, t.ssrc, t.seq, t.next = true, p.SSRC, p.Seq, p.Time
	t.spurt = true
}

// audio takes a packet of audio.
func (t *transcoder) audio(p *Packet, lost int) {
	t.setFrame()
	gap := int32(p.Time - t.next)
	limit := int32(t.in.Clock / int(time.Second/fillLimit))
	switch {
	case gap <= 0: // as it should be; or a source whose timestamps are odd
	case lost > 0 && gap <= limit:
		t.fill(gap, lost, p.Payload)
	case lost == 0 && t.twice(gap) && !p.Marker:
	default:
		t.pause(gap, lost)
	}
	if p.Marker && len(t.pending) == 0 {
		t.spurt = true
	}
	n := t.dec.Decode(t.scratch, p.Payload)
	t.ticks = uint32(n * t.in.Clock / t.rate)
	t.next = p.Time + t.ticks
	t.push(t.scratch[:n])
}

// twice reports whether the timestamps of the source run at 16000 for G.722, as they
// should not (RFC 3551 §4.5.2).
func (t *transcoder) twice(gap int32) bool {
	return t.in.Name == codec.G722.Name && uint32(gap) == t.ticks
}

// setFrame follows what the far side wants in a packet. What waits for a longer one
// goes out as shorter ones.
func (t *transcoder) setFrame() {
	t.frame = int(codec.FrameTime(*t.out, frameTime(t.to))/time.Millisecond) * t.rate / 1000
	if len(t.pending) >= t.frame {
		t.push(nil)
	}
}

// fill makes up for gap ticks of lost audio.
func (t *transcoder) fill(gap int32, lost int, next []byte) {
	pcm := t.scratch[:min(len(t.scratch), int(gap)*t.rate/t.in.Clock)]
	concealed := lost
	if t.dec.Recover(pcm, next) {
		t.flow.Recovered++
		concealed--
	} else {
		t.dec.Conceal(pcm)
	}
	t.flow.Concealed += uint64(concealed)
	t.push(pcm)
}

// pause passes on that there is nothing for gap ticks.
func (t *transcoder) pause(gap int32, lost int) {
	samples := int(int64(gap) * int64(t.rate) / int64(t.in.Clock))
	if missing := t.frame - len(t.pending); len(t.pending) > 0 && t.dec != nil {
		missing = min(missing, samples)
		t.dec.Conceal(t.scratch[:missing])
		t.push(t.scratch[:missing])
		samples -= missing
	}
	t.outTime += t.outTicks(samples)
	if lost > 0 && t.frame > 0 {
		t.outSeq += uint16(min(samples/t.frame, maxAhead))
	}
	t.spurt = true
}

func (t *transcoder) outTicks(samples int) uint32 {
	return uint32(int64(samples) * int64(t.out.Clock) / int64(t.rate))
}

// push sends pcm in frames; what is left over waits.
func (t *transcoder) push(pcm []int16) {
	if len(t.pending) > 0 {
		t.pending = append(t.pending, pcm...)
		pcm = t.pending
	}
	for ; len(pcm) >= t.frame; pcm = pcm[t.frame:] {
		t.emit(pcm[:t.frame])
	}
	t.pending = append(t.pending[:0], pcm...)
}

// emit sends one frame.
func (t *transcoder) emit(pcm []int16) {
	if t.told += len(pcm); t.told >= t.rate*int(lossEvery/time.Second) {
		t.told = 0
		codec.Expect(t.enc, Loss(t.to))
	}
	n := t.enc.Encode(t.buf[headerSize:headerSize+maxPayload], pcm)
	if n > 0 {
		t.send(t.out, n, t.outTime, t.spurt)
		t.spurt = false
	} else {
		t.spurt = true // behind what is not said
	}
	t.outTime += t.outTicks(len(pcm))
}

// send sends the first n bytes of payload in buf.
func (t *transcoder) send(f *codec.Format, n int, time uint32, marker bool) {
	t.buf[0] = 0x80
	t.packed = Packet{
		Raw: t.buf[:headerSize+n], Payload: t.buf[headerSize : headerSize+n],
		Format: f, SSRC: t.ssrc ^ Recoded, Time: time, Seq: t.outSeq, Marker: marker,
	}
	t.outSeq++
	t.to.Forward(&t.packed)
}

// noise takes comfort noise (RFC 3389): it is passed on where that is understood,
// else one frame of noise is made of it.
func (t *transcoder) noise(p *Packet, with *plan) {
	if t.dec == nil {
		return
	}
	t.setFrame()
	if gap := int32(p.Time - t.next); gap > 0 {
		t.pause(gap, 0)
	}
	t.next = max32(p.Time, t.next)
	if f := with.noise(t.out.Clock); f != nil {
		n := copy(t.buf[headerSize:headerSize+maxPayload], p.Payload)
		t.send(f, n, t.outTime, false)
		return
	}
	if t.cn == nil {
		cn, err := codec.NewDecoder(codec.CN, t.rate)
		if err != nil {
			return
		}
		t.cn = cn
	}
	pcm := t.scratch[:t.frame]
	t.cn.Decode(pcm, p.Payload)
	t.ticks = uint32(t.frame * t.in.Clock / t.rate)
	t.next += t.ticks
	t.push(pcm)
}

// max32 is the later one of two timestamps.
func max32(a, b uint32) uint32 {
	if int32(a-b) > 0 {
		return a
	}
	return b
}

// event passes on a telephone event (RFC 4733), in the clock of the far side.
func (t *transcoder) event(p *Packet, with *plan) {
	clock := p.Format.Clock
	if t.dec != nil {
		clock = t.out.Clock
	}
	f := with.event(clock)
	if f == nil || len(p.Payload) < 4 {
		return
	}
	from, to := int64(p.Format.Clock), int64(f.Clock)
	if !t.key.known || t.key.code != p.Payload[0] || (p.Time-t.key.in)%part != 0 || p.Time-t.key.in > 64*part {
		t.key = keyMap{known: true, code: p.Payload[0], in: p.Time, out: t.keyTime(p, from, to)}
	}
	// How long it has been pressed; what its clock cannot count goes on as another
	// part (§2.5.1.3).
	ticks := int64(p.Time-t.key.in) + int64(binary.BigEndian.Uint16(p.Payload[2:]))
	ticks = ticks * to / from
	stamp := t.key.out + uint32(ticks/part*part)
	n := copy(t.buf[headerSize:headerSize+maxPayload], p.Payload[:4])
	binary.BigEndian.PutUint16(t.buf[headerSize+2:], uint16(ticks%part))
	t.send(f, n, stamp, p.Marker)
}

// keyTime is where a key that begins with p begins on the other side.
func (t *transcoder) keyTime(p *Packet, from, to int64) uint32 {
	if t.dec == nil {
		return t.outTime + uint32(int64(int32(p.Time-t.next))*to/from)
	}
	gap := int32(p.Time - t.next)
	if p.Format.Clock != t.in.Clock || gap < 0 || gap > int32(2*t.in.Clock) {
		return t.outTime
	}
	return t.outTime + uint32(int64(gap)*int64(t.out.Clock)/int64(t.in.Clock))
}
