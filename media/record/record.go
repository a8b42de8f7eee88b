// Package record writes what arrives at an endpoint, or both of its sides, into a file.
// The audio is put in order by jitter buffers, by a clock of ours, and written by a
// goroutine of its own: who carries packets never waits, and a disk that is slow or full
// harms no call.
package record

import (
	"cmp"
	"errors"
	"math"
	"time"

	"dialtone/media"
	"dialtone/media/jitter"
)

// Rate is that of what is written, in samples a second.
const Rate = 8000

const (
	tick  = 20 * time.Millisecond
	ticks = 50 // in a second
	// voice is how loud a frame is in which somebody speaks, in dB of full scale.
	voice = -45
)

// Why says why a recording ended by itself.
type Why string

// The reasons.
const (
	Stopped Why = "stopped" // by Stop
	Full    Why = "full"    // it has its greatest length
	Silent  Why = "silent"  // nobody spoke for Silence
	Failed  Why = "failed"  // the disk
)

// ErrSlow says that the disk did not keep up.
var ErrSlow = errors.New("the disk is too slow: a part of the recording is missing")

// Writer is where a recording goes: an audio.Writer.
type Writer interface {
	Write(pcm []int16) error
	// Flush returns when what was written so far is on the disk and plays.
	Flush() error
	// Length is how much was written.
	Length() time.Duration
}

// Options say what to record.
type Options struct {
	To      Writer        // mono, of Rate; it is flushed, not closed
	Rate    int           // Rate, which is also what 0 means, or Wideband
	Max     time.Duration // 0 has no end
	Silence time.Duration // ends it; 0 does not
}

// Result is what came of it.
type Result struct {
	Why     Why
	Length  time.Duration // of what was recorded
	Speech  time.Duration // from the beginning to when somebody spoke last; not of a Stereo
	Voiced  time.Duration // how much of it was speech; not of a Stereo
	Pauses  []Span        // what was left out because it was paused
	Missing []Span        // what is missing because the disk was slow
	Err     error         // what went wrong; what was written before is there
}

// Span is audio that is not there, a whole number of 20 ms: how much, and at which place
// of the recording.
type Span struct{ At, For time.Duration }

// extend notes that 20 ms are not there.
func extend(spans []Span, at time.Duration) []Span {
	if last := len(spans) - 1; last >= 0 && spans[last].At == at {
		spans[last].For += tick
		return spans
	}
	return append(spans, Span{at, tick})
}

// Recorder is a recording of one side under way. It is a media.Sink.
type Recorder struct {
	*tape
	silence time.Duration
	clock   Clock
	buffer  *jitter.Buffer
	pcm     []int16 // of one tick
}

// Start begins to record. Stop it.
func Start(o Options) *Recorder {
	o.Rate = cmp.Or(o.Rate, Rate)
	r := &Recorder{
		tape: newTape(o.To, o.Rate, 1, o.Max), silence: o.Silence,
		buffer: jitter.New(jitter.Options{Rate: o.Rate}), pcm: make([]int16, o.Rate/ticks),
	}
	r.clock.join(r)
	return r
}

// Packet implements media.Sink.
func (r *Recorder) Packet(p *media.Packet) { put(r.buffer, p) }

func put(b *jitter.Buffer, p *media.Packet) { b.Put(heard(p), p.At()) }

func heard(p *media.Packet) jitter.Packet {
	return jitter.Packet{
		Payload: p.Payload, Format: p.Format, SSRC: p.SSRC, Time: p.Time, Seq: p.Seq, Marker: p.Marker,
	}
}

// Stop ends the recording and gives what came of it, when that is on the disk. Packets
// may still arrive: they are dropped. Call it once.
func (r *Recorder) Stop() Result {
	r.finish(r.clock.leave(r))
	return r.end()
}

// finish takes what has arrived and not been heard.
func (r *Recorder) finish(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for left := r.buffer.Stats().Depth; left > 0 && !r.over; left -= tick {
		now = now.Add(tick)
		r.take(now)
	}
	r.over = true
	r.buffer.Close()
}

// tick implements paced.
func (r *Recorder) tick(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.take(now)
	}
}

// take takes 20 ms.
func (r *Recorder) take(now time.Time) {
	pcm := r.pcm
	r.buffer.Get(pcm, now)
	if out := r.room(len(pcm)); out != nil {
		copy(out, pcm)
		r.added()
	}
	if level(pcm) > voice {
		r.result.Speech = r.result.Length
		r.result.Voiced += tick
	}
	r.check()
	if r.silence > 0 && r.result.Length-r.result.Speech >= r.silence {
		r.ended(Silent)
	}
}

// level is how loud pcm is, in dB of full scale.
func level(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	if sum == 0 {
		return math.Inf(-1)
	}
	return 10 * math.Log10(sum/float64(len(pcm))/(1<<30))
}
