package record

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// blockTime is how much audio goes to the disk at a time.
	blockTime = 100 * time.Millisecond
	// queued is how much audio waits for the disk at most.
	queued = 10 * time.Second
	blocks = int(queued / blockTime)
	// Lag is for how long a recording goes on pausing after it was told not to: what was said
	// in the pause may be on its way for so long, in a packet that is not full, and in the
	// jitter buffer of a conference, which may be 570 ms behind.
	Lag = 600 * time.Millisecond
	// flushEvery is how much is lost at most when the power fails.
	flushEvery = 5 * time.Second
)

// tape is what all recordings have: how they go, and what lies between who ticks and the
// disk. That is a queue, and a goroutine that writes what is in it. Memory is taken when
// the disk is slow, not before.
type tape struct {
	full chan []int16
	free chan []int16
	disk *disk
	max  time.Duration // 0 has no end
	done chan struct{} // closed when it ended by itself

	mu     sync.Mutex
	block  []int16 // that is being filled
	size   int     // of a block
	made   int     // blocks
	over   bool    // nothing is taken any more
	result Result
}

// disk is the end of the tape that a goroutine of its own has.
type disk struct {
	to     Writer
	before time.Duration // what was in it already
	failed atomic.Bool
	task   sync.WaitGroup
	err    error // to be read when the task is over
}

func newTape(to Writer, rate, channels int, most time.Duration) *tape {
	t := &tape{
		size: channels * int(blockTime*time.Duration(rate)/time.Second),
		full: make(chan []int16, blocks), free: make(chan []int16, blocks),
		disk: &disk{to: to, before: to.Length()},
		max:  most, done: make(chan struct{}), result: Result{Why: Stopped},
	}
	t.disk.task.Go(func() { t.disk.write(t.full, t.free) })
	return t
}

// Done is closed when the recording has ended by itself.
func (t *tape) Done() <-chan struct{} { return t.done }

// room gives room for n samples, 20 ms, which the caller fills; nil when the disk is too
// far behind. The lock is held.
func (t *tape) room(n int) []int16 {
	r := &t.result
	if t.block == nil && !t.turn() {
		r.Missing = extend(r.Missing, r.Length)
		if r.Err == nil {
			r.Err = ErrSlow
		}
		return nil
	}
	r.Length += tick
	at := len(t.block)
	t.block = t.block[:at+n]
	return t.block[at:]
}

// turn takes another block.
func (t *tape) turn() bool {
	select {
	case t.block = <-t.free:
		return true
	default:
	}
	if t.made == blocks {
		return false
	}
	t.made++
	t.block = make([]int16, 0, t.size)
	return true
}

// added says that the room that was given is filled.
func (t *tape) added() {
	if len(t.block) == t.size {
		t.full <- t.block // which has room for all that are made
		t.block = nil
	}
}

// leaveOut notes that 20 ms are paused. The lock is held.
func (t *tape) leaveOut() { t.result.Pauses = extend(t.result.Pauses, t.result.Length) }

// check ends the recording when there should be no more. The lock is held.
func (t *tape) check() {
	switch {
	case t.disk.failed.Load():
		t.ended(Failed)
	case t.max > 0 && t.result.Length >= t.max:
		t.ended(Full)
	}
}

// ended ends the recording by itself. The lock is held.
func (t *tape) ended(why Why) {
	if !t.over {
		t.result.Why, t.over = why, true
		close(t.done)
	}
}

// end gives what came of it, when everything is on the disk. It is over, and the lock is
// not held: who brings audio waits for no disk.
func (t *tape) end() Result {
	r := t.result
	if len(t.block) > 0 {
		t.full <- t.block
	}
	close(t.full)
	t.disk.task.Wait()
	if t.disk.err != nil {
		r.Why = Failed
		r.Length = min(r.Length, t.disk.to.Length()-t.disk.before)
		r.Speech = min(r.Speech, r.Length)
		r.Err = errors.Join(r.Err, t.disk.err)
	}
	return r
}

func (d *disk) write(full <-chan []int16, free chan<- []int16) {
	flushed := d.before
	for block := range full {
		if d.err == nil {
			d.err = d.to.Write(block)
		}
		if d.err == nil && d.to.Length()-flushed >= flushEvery {
			flushed = d.to.Length()
			d.err = d.to.Flush()
		}
		if d.err != nil {
			d.failed.Store(true)
		}
		free <- block[:0]
	}
	if d.err == nil {
		d.err = d.to.Flush()
	}
}
