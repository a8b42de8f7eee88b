package record

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/codec"
	"dialtone/media/sealed"
)

const calls = 100

// null takes everything.
type null struct{ written int64 }

func (n *null) Write(pcm []int16) error { n.written += int64(len(pcm)); return nil }
func (n *null) Flush() error            { return nil }
func (n *null) Length() time.Duration   { return time.Duration(n.written/2) * time.Second / Rate }

// rig are calls that are recorded, by a clock that the test turns.
type rig struct {
	clock  Clock
	all    []*Stereo
	packet media.Packet
	now    time.Time
	took   time.Duration // by who ticks
}

func newRig(tb testing.TB, to func(i int) Writer) *rig {
	tb.Helper()
	r := &rig{now: time.Now(), packet: media.Packet{Payload: make([]byte, samples), Format: &codec.PCMU, SSRC: 1}}
	for i := range r.packet.Payload {
		r.packet.Payload[i] = codec.UlawFrom(int16(voiced(int64(i))))
	}
	r.clock.now, r.clock.run = r.now, &run{quit: make(chan struct{}), done: make(chan struct{})}
	close(r.clock.run.done)
	for i := range calls {
		r.all = append(r.all, StartStereo(StereoOptions{To: to(i), Clock: &r.clock}))
	}
	tb.Cleanup(func() {
		for _, s := range r.all {
			s.over = true // there is nothing to wait for: time did not really pass
			if res := s.Stop(); res.Err != nil {
				tb.Error(res.Err)
			}
		}
	})
	return r
}

// pass lets 20 ms pass in which each side of each call is sent a packet.
func (r *rig) pass() {
	begin := time.Now()
	r.packet.Seq++
	r.packet.Time += samples
	for _, s := range r.all {
		s.left.Put(heard(&r.packet), r.now)
		s.right.Put(heard(&r.packet), r.now)
	}
	r.now = r.now.Add(tick)
	r.clock.advance(r.clock.run, r.now)
	r.took += time.Since(begin)
	for _, s := range r.all { // the disk has less time here than in life
		s.settle()
	}
}

// settle waits until all that is full is on the disk.
func (t *tape) settle() {
	lent := t.made
	if t.block != nil {
		lent--
	}
	var back [blocks][]int16
	for i := range lent {
		back[i] = <-t.free
	}
	for i := range lent {
		t.free <- back[i]
	}
}

// BenchmarkTick is 20 ms of 100 recordings of calls in PCMU: what arrives, the tick, and
// the disk. core-% is what of a core they take, all goroutines and system calls.
func BenchmarkTick(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmark(b, func(int) Writer { return &null{} }) })
	b.Run("WAV", func(b *testing.B) {
		benchmark(b, func(i int) Writer { return must(audio.NewWAVWriter(create(b, i), Rate, 2)) })
	})
	b.Run("WAV, sealed", func(b *testing.B) {
		key := must(sealed.ParseKey(must(age.GenerateX25519Identity()).Recipient().String()))
		benchmark(b, func(i int) Writer {
			return must(audio.NewWAVWriter(must(sealed.NewWriter(create(b, i), []sealed.Key{key})), Rate, 2))
		})
	})
	b.Run("Opus", func(b *testing.B) {
		benchmark(b, func(i int) Writer {
			return must(audio.NewOpusWriter(create(b, i), audio.OpusOptions{Rate: Rate, Channels: 2}))
		})
	})
	b.Run("bare decoding", func(b *testing.B) {
		dec, err := codec.NewDecoder(codec.PCMU, Rate)
		if err != nil {
			b.Fatal(err)
		}
		defer dec.Close()
		payload, pcm := make([]byte, samples), make([]int16, samples)
		b.ReportAllocs()
		for b.Loop() {
			for range 2 * calls {
				dec.Decode(pcm, payload)
			}
		}
	})
}

// create makes a file for each recording.
func create(b *testing.B, i int) *os.File {
	b.Helper()
	f := must(os.Create(filepath.Join(b.TempDir(), strconv.Itoa(i))))
	b.Cleanup(func() { _ = f.Close() })
	return f
}

func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

func benchmark(b *testing.B, to func(int) Writer) {
	b.Helper()
	r := newRig(b, to)
	for range 2 * blocks { // memory is taken when it is needed first
		r.pass()
	}
	b.ReportAllocs()
	before := cpu(b)
	r.took = 0
	for b.Loop() {
		r.pass()
	}
	b.ReportMetric(100*float64(cpu(b)-before)/float64(tick)/float64(b.N), "core-%")
	b.ReportMetric(float64(r.took)/float64(b.N), "ns/tick")
}

// cpu is what this process has taken.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestATickAllocatesNothing needs packets and a disk that is fast enough.
func TestATickAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	r := newRig(t, func(int) Writer { return &null{} })
	for range 100 {
		r.pass()
	}
	if n := testing.AllocsPerRun(200, r.pass); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
