package record

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// counter says the number of each frame, so that what is missing is known: the left
// side as it is, the right side less than 0.
type counter struct {
	t    *testing.T
	s    *Stereo
	next int16
}

// until talks for d, in which things happen at their times.
func (c *counter) until(d time.Duration, events ...event) {
	begin := time.Now()
	for sent := time.Duration(0); sent < d; sent += tick {
		for len(events) > 0 && events[0].at < sent {
			time.Sleep(time.Until(begin.Add(events[0].at)))
			events[0].do(c.s)
			events = events[1:]
		}
		time.Sleep(time.Until(begin.Add(sent)))
		for side, put := range []func(*media.Packet){c.s.Received, c.s.Sent} {
			value := c.next + 1
			if side == 1 {
				value = -value
			}
			payload := make([]byte, 2*samples)
			for i := range samples {
				payload[2*i], payload[2*i+1] = byte(uint16(value)>>8), byte(value)
			}
			put(&media.Packet{Payload: payload, Format: &codec.L16, Seq: uint16(c.next), Time: uint32(c.next) * samples})
		}
		c.next++
	}
	time.Sleep(time.Until(begin.Add(d)))
}

type event struct {
	at time.Duration
	do func(*Stereo)
}

// frames are the numbers that are in a file.
func (f *file) frames(t *testing.T) (out []int) {
	t.Helper()
	for frame := range slices.Chunk(f.pcm, 2*samples) {
		const fade = 2 * 4 * Rate / 1000 // by which it begins
		n := frame[fade]
		for i := fade; i < len(frame); i += 2 {
			if frame[i] != n || frame[i+1] != -n {
				t.Fatalf("frame %d is not whole: %d and %d, then %d and %d", len(out), n, -n, frame[i], frame[i+1])
			}
		}
		out = append(out, int(n)-1)
	}
	return out
}

func TestPausesAreExact(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	pause, resume := func(s *Stereo) { s.Pause() }, func(s *Stereo) { s.Resume() }
	for _, test := range []struct {
		name   string
		events []event
		pauses []Span
	}{
		{"none", nil, nil},
		{"one", []event{{ms(1013), pause}, {ms(1907), resume}}, []Span{{ms(1000), ms(1520)}}},
		{"at the beginning", []event{{ms(1), pause}, {ms(50), resume}}, []Span{{0, ms(660)}}},
		{"to the end", []event{{ms(2990), pause}}, []Span{{ms(2980), ms(1020)}}},
		{"to the end as it does not go on at once", []event{{ms(2990), pause}, {ms(3450), resume}}, []Span{{ms(2980), ms(1020)}}},
		{
			"two, one behind the other",
			[]event{{ms(1001), pause}, {ms(1101), resume}, {ms(1801), pause}, {ms(1901), resume}},
			[]Span{{ms(1000), ms(720)}, {ms(1080), ms(720)}},
		},
		{"two that meet", []event{{ms(1001), pause}, {ms(1101), resume}, {ms(1601), pause}, {ms(1701), resume}}, []Span{{ms(1000), ms(1320)}}},
		{"in the same frame", []event{{ms(1001), pause}, {ms(1002), resume}, {ms(1003), pause}, {ms(1004), resume}}, []Span{{ms(1000), ms(620)}}},
		{"twice is once", []event{{ms(1001), pause}, {ms(1041), pause}, {ms(1081), resume}, {ms(1090), resume}}, []Span{{ms(1000), ms(700)}}},
		{"on the edge of a frame", []event{{ms(1000), pause}, {ms(1500), resume}}, []Span{{ms(1000), ms(1100)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &file{channels: 2}
				c := counter{t: t, s: StartStereo(StereoOptions{To: disk})}
				c.until(4*time.Second, test.events...)
				r := c.s.Stop()
				if !slices.Equal(r.Pauses, test.pauses) || r.Err != nil || r.Why != Stopped || r.Length != disk.Length() {
					t.Errorf("%+v, want pauses %v", r, test.pauses)
				}
				var want []int
				for n := range 200 {
					want = append(want, n)
				}
				for _, p := range test.pauses {
					at := int(p.At / tick)
					want = slices.Delete(want, at, at+int(p.For/tick))
				}
				if got := disk.frames(t); !slices.Equal(got, want) {
					t.Errorf("there is %v\nwant %v", got, want)
				}
			})
		})
	}
}

func TestPauseAndResumeSayWhetherTheyDidSomething(t *testing.T) {
	s := StartStereo(StereoOptions{To: &file{channels: 2}})
	defer s.Stop()
	got := []bool{s.Paused(), s.Resume(), s.Pause(), s.Paused(), s.Pause(), s.Resume(), s.Paused()}
	if want := []bool{false, false, true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is said after the recording has ended is not in it.
func TestNothingButTheRecordingIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &file{channels: 2}
		c := counter{t: t, s: StartStereo(StereoOptions{To: disk})}
		c.until(time.Second)
		if r := c.s.Stop(); r.Length != time.Second {
			t.Errorf("%+v", r)
		}
		c.until(time.Second) // nobody listens any more
		if got := disk.frames(t); len(got) != 50 || got[0] != 0 || got[49] != 49 {
			t.Errorf("there is %v", got)
		}
	})
}

func TestALengthEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &file{channels: 2}
		c := counter{t: t, s: StartStereo(StereoOptions{To: disk, Max: time.Second})}
		c.until(2 * time.Second)
		<-c.s.Done()
		if r := c.s.Stop(); r.Why != Full || r.Length != time.Second || disk.Length() != time.Second {
			t.Errorf("%+v, %v", r, disk.Length())
		}
	})
}

// A disk that is full or slow is told of, and takes no time of who carries packets.
func TestBadDisks(t *testing.T) {
	for _, test := range []struct {
		name   string
		disk   file
		why    Why
		length time.Duration
		err    error
	}{
		{"full", file{after: 2 * Rate}, Failed, time.Second, errNoSpace},
		{"full from the beginning", file{after: -1}, Failed, 0, errNoSpace},
		{"cannot flush", file{broken: true}, Failed, flushEvery, errNoSpace},
		{"slow", file{slow: 3 * blockTime}, Stopped, 0, ErrSlow},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := test.disk
				disk.channels = 2
				var clock Clock
				other := &file{channels: 2}
				c := counter{t: t, s: StartStereo(StereoOptions{To: &disk, Clock: &clock})}
				healthy := counter{t: t, s: StartStereo(StereoOptions{To: other, Clock: &clock})}
				begin := time.Now()
				both := make(chan struct{})
				go func() { healthy.until(20 * time.Second); close(both) }()
				c.until(20 * time.Second)
				<-both
				if took := time.Since(begin); took != 20*time.Second {
					t.Errorf("packets took %v", took)
				}
				if h := healthy.s.Stop(); h.Err != nil || h.Length != 20*time.Second || len(other.frames(t)) != 1000 {
					t.Errorf("the other one suffered: %+v", h)
				}
				r := c.s.Stop()
				if r.Why != test.why || !errors.Is(r.Err, test.err) || test.why == Failed && r.Length != test.length {
					t.Errorf("%+v", r)
				}
				if test.why == Stopped {
					accounted(t, r, &disk)
				}
			})
		})
	}
}

// accounted checks that what is missing is told of to the frame.
func accounted(t *testing.T, r Result, disk *file) {
	t.Helper()
	missing := time.Duration(0)
	for _, s := range r.Missing {
		missing += s.For
	}
	if r.Length != disk.Length() || r.Length+missing != 20*time.Second || missing == 0 {
		t.Errorf("%v is there, %v is said to be there and %v to be missing", disk.Length(), r.Length, missing)
	}
	got, at := disk.frames(t), 0
	for i, n := range got {
		for _, s := range r.Missing {
			if s.At == time.Duration(i)*tick {
				at += int(s.For / tick)
			}
		}
		if n != at {
			t.Fatalf("frame %d is %d, want %d", i, n, at)
		}
		at++
	}
}

func TestRateFor(t *testing.T) {
	for _, test := range []struct {
		formats []codec.Format
		want    int
	}{
		{nil, Rate},
		{[]codec.Format{codec.PCMU, codec.Opus}, Rate},
		{[]codec.Format{codec.DTMF, codec.G722, codec.PCMU}, Wideband},
		{[]codec.Format{codec.Opus}, Wideband},
		{[]codec.Format{codec.GSM}, Rate},
	} {
		if got := RateFor(test.formats); got != test.want {
			t.Errorf("%v: %d, want %d", test.formats, got, test.want)
		}
	}
}

// Recordings that share a clock begin and end as they like.
func TestRecordingsShareAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var clock Clock
		var tasks sync.WaitGroup
		for i := range 20 {
			tasks.Go(func() {
				for n := range 5 {
					length := time.Duration(1+(i+n)%4) * 500 * time.Millisecond
					s := StartStereo(StereoOptions{To: &file{channels: 2}, Clock: &clock})
					time.Sleep(length)
					if r := s.Stop(); (r.Length-length).Abs() > tick || r.Err != nil {
						t.Errorf("%+v, want %v", r, length)
					}
				}
			})
		}
		tasks.Wait()
		if clock.run != nil || len(clock.members) > 0 {
			t.Error("the clock goes on")
		}
	})
}
