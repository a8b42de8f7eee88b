// Package record writes what arrives at an endpoint into a file. The audio is put in
// order by a jitter buffer, by a clock of ours, and written by a goroutine of its own:
// who reads packets never waits, and a disk that is slow or full harms no call.
package record

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/media"
	"dialtone/media/jitter"
)

// Rate is that of what is written, in samples a second.
const Rate = 8000

const (
	tick    = 20 * time.Millisecond
	samples = Rate / 50
	// queued is how much audio waits for the disk: 10 s.
	queued = 500
	// flushEvery is how much is lost at most when the power fails.
	flushEvery = 5 * time.Second
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
	Max     time.Duration // 0 has no end
	Silence time.Duration // ends it; 0 does not
}

// Result is what came of it.
type Result struct {
	Why    Why
	Length time.Duration
	Speech time.Duration // from the beginning to when somebody spoke last
	Voiced time.Duration // how much of it was speech
	Err    error         // what went wrong; what was written before is there
}

type frame [samples]int16

// Recorder is a recording under way. It is a media.Sink.
type Recorder struct {
	o      Options
	buffer *jitter.Buffer
	frames chan frame
	stop   chan struct{}
	done   chan struct{} // closed when it ended by itself
	once   sync.Once
	failed atomic.Bool
	tasks  sync.WaitGroup

	result Result // belongs to the goroutines, then to Stop
	err    error  // of the writer's
}

// Start begins to record. Stop it.
func Start(o Options) *Recorder {
	r := &Recorder{
		o: o, buffer: jitter.New(jitter.Options{Rate: Rate}), frames: make(chan frame, queued),
		stop: make(chan struct{}), done: make(chan struct{}), result: Result{Why: Stopped},
	}
	r.tasks.Go(r.pace)
	r.tasks.Go(r.write)
	return r
}

// Packet implements media.Sink.
func (r *Recorder) Packet(p *media.Packet) {
	r.buffer.Put(jitter.Packet{
		Payload: p.Payload, Format: p.Format, SSRC: p.SSRC, Time: p.Time, Seq: p.Seq, Marker: p.Marker,
	}, time.Now())
}

// Done is closed when the recording has ended by itself.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Stop ends the recording and gives what came of it, when that is on the disk. Packets
// may still arrive: they are dropped. Call it once.
func (r *Recorder) Stop() Result {
	r.once.Do(func() { close(r.stop) })
	r.tasks.Wait()
	r.result.Err = errors.Join(r.result.Err, r.err)
	return r.result
}

// pace takes the audio by our clock.
func (r *Recorder) pace() {
	defer close(r.frames)
	defer r.buffer.Close()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	now := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-r.stop:
			for left := r.buffer.Stats().Depth; left > 0; left -= tick { // what has arrived and not been heard
				now = now.Add(tick)
				r.take(now)
			}
			return
		}
		for next := now.Add(tick); !next.After(time.Now()); next = now.Add(tick) {
			now = next
			if why := r.take(now); why != "" {
				r.result.Why = why
				close(r.done)
				return
			}
		}
	}
}

// take takes 20 ms, and says why they were the last.
func (r *Recorder) take(now time.Time) Why {
	var f frame
	r.buffer.Get(f[:], now)
	select {
	case r.frames <- f:
	default:
		if r.result.Err == nil {
			r.result.Err = ErrSlow
		}
	}
	r.result.Length += tick
	if level(f[:]) > voice {
		r.result.Speech = r.result.Length
		r.result.Voiced += tick
	}
	switch {
	case r.failed.Load():
		return Failed
	case r.o.Max > 0 && r.result.Length >= r.o.Max:
		return Full
	case r.o.Silence > 0 && r.result.Length-r.result.Speech >= r.o.Silence:
		return Silent
	}
	return ""
}

// write writes to the disk what was taken.
func (r *Recorder) write() {
	flushed := r.o.To.Length()
	for f := range r.frames {
		if r.err != nil {
			continue
		}
		r.err = r.o.To.Write(f[:])
		if r.err == nil && r.o.To.Length()-flushed >= flushEvery {
			flushed = r.o.To.Length()
			r.err = r.o.To.Flush()
		}
		if r.err != nil {
			r.failed.Store(true)
		}
	}
	if r.err == nil {
		r.err = r.o.To.Flush()
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
