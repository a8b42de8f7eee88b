package record

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// samples are those of a frame.
const samples = Rate / ticks

// file is a disk.
type file struct {
	channels int // 0 is one
	pcm      []int16
	after    int // samples, when it is full
	slow     time.Duration
	broken   bool // cannot flush
	flushes  int
}

var errNoSpace = errors.New("no space left")

func (f *file) Write(pcm []int16) error {
	if f.slow > 0 {
		<-time.After(f.slow)
	}
	if f.after != 0 && len(f.pcm) >= f.after {
		return errNoSpace
	}
	f.pcm = append(f.pcm, pcm...)
	return nil
}

func (f *file) Flush() error {
	if f.broken {
		return errNoSpace
	}
	f.flushes++
	return nil
}

func (f *file) Length() time.Duration {
	return time.Duration(len(f.pcm)/max(1, f.channels)) * time.Second / Rate
}

// speak sends d of a tone, or of silence.
func speak(r *Recorder, seq *uint16, d time.Duration, loud float64) {
	for ; d > 0; d -= tick {
		payload := make([]byte, samples)
		for i := range payload {
			n := int(*seq)*samples + i
			payload[i] = codec.UlawFrom(int16(loud * math.Sin(2*math.Pi*440*float64(n)/Rate)))
		}
		format := codec.PCMU
		r.Packet(&media.Packet{Payload: payload, Format: &format, SSRC: 7, Seq: *seq, Time: uint32(*seq) * samples})
		*seq++
		time.Sleep(tick)
	}
}

func TestRecording(t *testing.T) {
	for _, test := range []struct {
		name          string
		disk          file
		say           func(r *Recorder, seq *uint16)
		why           Why
		length, spoke time.Duration
		fails         error
	}{
		{
			name: "a message is all there", why: Stopped, length: 3 * time.Second, spoke: 2 * time.Second,
			say: func(r *Recorder, seq *uint16) { speak(r, seq, 2*time.Second, 8000); speak(r, seq, time.Second, 0) },
		},
		{
			name: "silence ends it", why: Silent, length: 6 * time.Second, spoke: time.Second,
			say: func(r *Recorder, seq *uint16) { speak(r, seq, time.Second, 8000); speak(r, seq, 7*time.Second, 0) },
		},
		{
			name: "it has a greatest length", why: Full, length: 10 * time.Second, spoke: 10 * time.Second,
			say: func(r *Recorder, seq *uint16) { speak(r, seq, 12*time.Second, 8000) },
		},
		{
			name: "who sends nothing is silent", why: Silent, length: 5 * time.Second,
			say: func(*Recorder, *uint16) { time.Sleep(6 * time.Second) },
		},
		{
			name: "a full disk ends it, and what was written stays", disk: file{after: Rate}, why: Failed,
			length: time.Second, spoke: time.Second, fails: errNoSpace,
			say: func(r *Recorder, seq *uint16) { speak(r, seq, 4*time.Second, 8000) },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk, seq := test.disk, uint16(1)
				r := Start(Options{To: &disk, Max: 10 * time.Second, Silence: 5 * time.Second})
				test.say(r, &seq)
				select {
				case <-r.Done():
				default:
					if test.why != Stopped {
						t.Error("it goes on")
					}
				}
				got := r.Stop()
				near := func(a, b time.Duration) bool { return (a - b).Abs() <= 100*time.Millisecond }
				if got.Why != test.why || !near(got.Length, test.length) || !near(got.Speech, test.spoke) {
					t.Errorf("%+v", got)
				}
				if (got.Err == nil) != (test.fails == nil) {
					t.Errorf("error %v, want %v", got.Err, test.fails)
				}
				if !near(disk.Length(), test.length) || test.fails == nil && disk.flushes == 0 {
					t.Errorf("%v on the disk, flushed %d times", disk.Length(), disk.flushes)
				}
			})
		})
	}
}

// A disk that stands still costs audio, never the time of who reads packets.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, seq := file{slow: 3 * blockTime}, uint16(1)
		r := Start(Options{To: &disk})
		start := time.Now()
		speak(r, &seq, 20*time.Second, 8000)
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("packets took %v", took)
		}
		if got := r.Stop(); !errors.Is(got.Err, ErrSlow) || disk.Length() < 10*time.Second {
			t.Errorf("%+v, %v on the disk", got, disk.Length())
		}
	})
}
