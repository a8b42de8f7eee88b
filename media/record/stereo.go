package record

import (
	"math"
	"slices"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/jitter"
)

// Wideband is the rate for calls in which a codec carries more than 8 kHz does.
const Wideband = 16000

// delay is by how much both sides are recorded later than they happen: packets that are
// later than that are missing. As it is the same for both, they stay in step.
const delay = 400 * time.Millisecond

// RateFor is the rate for who talks in the first of formats: Rate or Wideband.
func RateFor(formats []codec.Format) int {
	for _, f := range formats {
		if f.IsAudio() {
			if codec.Rate(f) > Rate {
				return Wideband
			}
			break
		}
	}
	return Rate
}

// StereoOptions say how to record a call.
type StereoOptions struct {
	To    Writer        // two channels of Rate; it is flushed, not closed
	Rate  int           // Rate, which is also what 0 means, or Wideband
	Max   time.Duration // of audio; 0 has no end
	Clock *Clock        // that others share; nil is one of its own
}

// Stereo records both sides of an endpoint: left what it says, right what it hears. It
// is a media.Monitor. Its methods are safe for concurrent use.
type Stereo struct {
	*tape
	clock       *Clock
	left, right *jitter.Buffer
	pcm         [2][]int16 // 20 ms of a side
	began       time.Time
	at          int64 // frame since the beginning that comes next, less than 0 before it
	cuts        []cut // of the last time, in order
}

// cut are frames that are left out: from the first to the one before the last.
type cut struct{ from, to int64 }

// known is for how many frames a cut is known after it is over, for what comes late.
const known = int64(10 * time.Second / tick)

// never is when a pause ends of which that is not known.
const never = math.MaxInt64

// StartStereo begins to record what it is shown. Stop it.
func StartStereo(o StereoOptions) *Stereo {
	if o.Rate == 0 {
		o.Rate = Rate
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	frame := o.Rate / ticks
	s := &Stereo{
		tape: newTape(o.To, o.Rate, 2, o.Max), clock: o.Clock,
		pcm: [2][]int16{make([]int16, frame), make([]int16, frame)},
		at:  -int64(delay / tick),
	}
	side := jitter.Options{Rate: o.Rate, Min: delay, Max: delay, Steady: true, Hushed: s.hushed}
	s.left, s.right = jitter.New(side), jitter.New(side)
	s.mu.Lock() // it must not tick before it knows when it began
	defer s.mu.Unlock()
	s.began = o.Clock.join(s)
	return s
}

// Received implements media.Monitor.
func (s *Stereo) Received(p *media.Packet) { put(s.left, p) }

// Sent implements media.Monitor.
func (s *Stereo) Sent(p *media.Packet) { put(s.right, p) }

// Pause leaves out what is said and heard from now on: what has its place in the pause,
// and what is on its way in it, as places are only as good as the sender's clock. It reports
// whether that is new.
func (s *Stereo) Pause() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paused() {
		return false
	}
	from, last := s.frameOf(time.Now()), len(s.cuts)-1
	if last >= 0 && s.cuts[last].to >= from { // they meet
		s.cuts[last].to = never
	} else {
		s.cuts = append(s.cuts, cut{from, never})
	}
	return true
}

// Resume goes on, a Lag later. It reports whether that is new.
func (s *Stereo) Resume() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.paused() {
		return false
	}
	s.cuts[len(s.cuts)-1].to = s.frameAfter(time.Now().Add(Lag))
	return true
}

// Paused reports whether it is.
func (s *Stereo) Paused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paused()
}

func (s *Stereo) paused() bool {
	last := len(s.cuts) - 1
	return last >= 0 && s.cuts[last].to == never
}

// frameOf is the frame that t is in.
func (s *Stereo) frameOf(t time.Time) int64 { return int64(t.Sub(s.began) / tick) }

// frameAfter is the first frame that is entirely after t.
func (s *Stereo) frameAfter(t time.Time) int64 { return int64((t.Sub(s.began) + tick - 1) / tick) }

// Stop ends the recording and gives what came of it, when that is on the disk: that may
// take as long as the disk does. Call it once.
func (s *Stereo) Stop() Result {
	end := time.Now()
	s.finish(s.clock.leave(s), end)
	return s.end()
}

// finish takes what has arrived until end and is still in the buffers.
func (s *Stereo) finish(now, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for last := s.frameAfter(end); s.at < last && !s.over; {
		now = now.Add(tick)
		s.take(now)
	}
	s.over = true
	s.left.Close()
	s.right.Close()
}

// tick implements paced.
func (s *Stereo) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.take(now)
	}
}

// take takes a frame of both sides.
func (s *Stereo) take(now time.Time) {
	left, right := s.pcm[0], s.pcm[1]
	s.left.Get(left, now)
	s.right.Get(right, now)
	frame := s.at
	s.at++
	for len(s.cuts) > 0 && s.cuts[0].to <= s.at-known {
		s.cuts = slices.Delete(s.cuts, 0, 1)
	}
	switch {
	case frame < 0: // before the beginning
		return
	case s.cutOut(frame, frame):
		s.leaveOut()
		return
	}
	if out := s.room(2 * len(left)); out != nil {
		for i := range left {
			out[2*i], out[2*i+1] = left[i], right[i]
		}
		s.added()
	}
	s.check()
}

// cutOut reports whether one of the frames from the first to the last is left out.
func (s *Stereo) cutOut(first, last int64) bool {
	return slices.ContainsFunc(s.cuts, func(c cut) bool { return c.from <= last && first < c.to })
}

// hushed reports whether there was a pause while a packet was on its way; mu is held.
func (s *Stereo) hushed(sent, arrived time.Time) bool {
	return s.cutOut(s.frameOf(sent), s.frameOf(arrived))
}
