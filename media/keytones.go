package media

import (
	"time"

	"dialtone/media/codec"
	sound "dialtone/media/tone"
)

// ear looks for keys in the audio that arrives: in the bytes of G.711 as they
// are, in other formats once they are decoded.
type ear struct {
	detector *sound.Detector
	format   *codec.Format // that dec is for
	dec      codec.Decoder // nil: it cannot be heard
	pcm      [maxFrame]int16

	started bool
	ssrc    uint32
	seq     uint16
	next    uint32        // timestamp that the next packet should have
	number  int           // of the key that sounds
	held    time.Duration // for how long it has
}

func newEar() *ear { return &ear{detector: sound.NewDetector(rate)} }

func (l *ear) sounding() bool { return l.detector.Sounding() != 0 }

func (l *ear) close() {
	if l.dec != nil {
		l.dec.Close()
	}
	l.dec, l.format = nil, nil
}

// packet listens to audio; late packets say nothing new.
func (l *ear) packet(p *Packet, pressed func(digit byte)) {
	if !p.Format.IsAudio() || !l.use(p.Format) {
		return
	}
	ahead := int16(p.Seq - l.seq)
	same := l.started && p.SSRC == l.ssrc
	if same && ahead <= 0 && ahead > -maxBehind {
		return
	}
	if same {
		l.pause(int32(p.Time-l.next), ahead > 1, pressed)
	}
	n := l.dec.Decode(l.pcm[:], p.Payload)
	before := l.detector.Sounding()
	l.detector.Write(l.pcm[:n], pressed)
	if l.held += time.Duration(n) * time.Second / rate; before == 0 {
		l.held = time.Duration(n) * time.Second / rate
	}
	l.started, l.ssrc, l.seq = true, p.SSRC, p.Seq
	l.next = p.Time + uint32(n*p.Format.Clock/rate)
}

// use gets the decoder ready.
func (l *ear) use(f *codec.Format) bool {
	if l.format == f {
		return l.dec != nil
	}
	if l.dec != nil {
		l.dec.Close()
	}
	l.format, l.dec, l.started = f, nil, false
	if dec, err := codec.NewDecoder(*f, rate); err == nil {
		l.dec = dec
	}
	return l.dec != nil
}

// pause lets silence pass where nothing came for so many ticks. A packet or two that
// were lost may have had a key in them that goes on: those are skipped.
func (l *ear) pause(ticks int32, lost bool, pressed func(byte)) {
	gap := time.Duration(ticks) * time.Second / time.Duration(max(1, l.format.Clock))
	if gap <= 0 || lost && gap <= 40*time.Millisecond {
		return
	}
	silence := l.pcm[:rate*60/1000]
	clear(silence)
	l.detector.Write(silence, pressed)
}
