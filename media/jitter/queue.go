package jitter

// queue is decoded audio that is still to be played, and behind it a little of what
// was played last, to compare with.
type queue struct {
	buf        []int16
	start, end int
	past       int // how much of what was played is kept
	silence    int // how much of the end is silence
}

// Lengths in ms.
const (
	maxPacket = 120 // the longest packet (RFC 3551 and Opus)
	pastKept  = 24
)

func newQueue(rate int) queue {
	ms := rate / 1000
	return queue{buf: make([]int16, (pastKept+3*maxPacket)*ms), past: pastKept * ms, start: pastKept * ms, end: pastKept * ms}
}

func (q *queue) length() int { return q.end - q.start }

// grow appends n samples that are to be filled by who calls.
func (q *queue) grow(n int) []int16 {
	if q.end+n > len(q.buf) {
		from := q.start - q.past
		q.end = copy(q.buf, q.buf[from:q.end])
		q.start = q.past
	}
	n = min(n, len(q.buf)-q.end)
	q.end += n
	q.silence = 0
	return q.buf[q.end-n : q.end]
}

// growSilence appends n samples of nothing.
func (q *queue) growSilence(n int) {
	before := q.silence
	pcm := q.grow(n)
	clear(pcm)
	q.silence = before + len(pcm)
}

// read takes len(pcm) samples out; silent says that they are nothing.
func (q *queue) read(pcm []int16) (silent bool) {
	silent = q.silence >= q.length()
	n := copy(pcm, q.buf[q.start:q.end])
	clear(pcm[n:])
	q.start += n
	q.silence = min(q.silence, q.length())
	return silent
}

// around gives the queue from n samples before what is played next.
func (q *queue) around(n int) []int16 { return q.buf[q.start-n : q.end] }

// tail gives the last n samples.
func (q *queue) tail(n int) []int16 { return q.buf[q.end-n : q.end] }

// cut takes n samples out of the front, after what is played next was made to fit.
func (q *queue) cut(n int) {
	// The past moves along, so that it still ends where what comes begins.
	copy(q.buf[q.start-q.past+n:q.start+n], q.buf[q.start-q.past:q.start])
	q.start += n
}

// insert makes room for n samples in front; they are filled by who calls.
func (q *queue) insert(n int) []int16 {
	silence := q.silence
	q.grow(n)
	q.silence = silence
	copy(q.buf[q.start+n:q.end], q.buf[q.start:q.end-n])
	return q.buf[q.start : q.start+n]
}
