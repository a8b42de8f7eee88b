package music

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/internal/testwav"
	"dialtone/media"
	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// phone is an endpoint that keeps what it hears.
type phone struct {
	ptime time.Duration

	mu      sync.Mutex
	formats []codec.Format
	pcm     []int16
	dec     codec.Decoder
	scratch []int16
	packets int
	markers int
	deaf    bool // keeps nothing
}

func newPhone(formats ...codec.Format) *phone { return &phone{formats: formats} }

func (p *phone) Formats() []codec.Format    { p.mu.Lock(); defer p.mu.Unlock(); return p.formats }
func (p *phone) Direction() media.Direction { return media.SendRecv }
func (p *phone) SetSink(media.Sink)         {}
func (p *phone) Forward(*media.Packet)      {}
func (p *phone) Stats() media.Stats         { return media.Stats{} }
func (p *phone) Ptime() time.Duration       { return p.ptime }

func (p *phone) Write(f codec.Format, payload []byte, _ int, marker bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packets++
	if marker {
		p.markers++
	}
	if p.deaf {
		return
	}
	if p.dec == nil {
		p.dec, _ = codec.NewDecoder(f, 8000)
		p.scratch = make([]int16, 960)
	}
	p.pcm = append(p.pcm, p.scratch[:p.dec.Decode(p.scratch, payload)]...)
}

func (p *phone) heard() []int16 { p.mu.Lock(); defer p.mu.Unlock(); return p.pcm }
func (p *phone) count() int     { p.mu.Lock(); defer p.mu.Unlock(); return p.packets }

func (p *phone) accept(formats ...codec.Format) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.formats, p.dec = formats, nil
}

// listen plays a class to p until stop is called, which gives the error.
func listen(tb testing.TB, s *Service, p media.Endpoint, class string) (stop func() error) {
	tb.Helper()
	over := errors.New("over")
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Play(ctx, p, class) }()
	return func() error {
		cancel(over)
		if err := <-done; !errors.Is(err, over) {
			return err
		}
		return nil
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// tone writes a file with a tone.
func tone(tb testing.TB, folder, name string, hz float64, d time.Duration) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), testwav.Format{Rate: 16000}.Tone(hz, d), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// level is the amplitude of hz in pcm of 8000 Hz, in dB of a quarter of full scale.
func level(pcm []int16, hz float64) float64 {
	var re, im float64
	for i, s := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		turn := 2 * math.Pi * hz * float64(i) / 8000
		re += w * float64(s) * math.Cos(turn)
		im += w * float64(s) * math.Sin(turn)
	}
	return 20 * math.Log10(4*math.Hypot(re, im)/float64(max(1, len(pcm)))/8192+1e-9)
}

// sounds reports which of two tones is heard.
func sounds(pcm []int16, hz float64) bool { return level(pcm, hz) > -1 }

func TestAllWhoListenHearTheSameAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		tone(t, dir, "a.wav", 440, time.Minute)
		s := New(Options{Log: quiet()})
		defer s.Close()
		s.Configure(map[string]Class{"shop": {Folder: dir}})
		formats := []codec.Format{codec.PCMA, codec.PCMU, codec.G722, codec.Opus, codec.PCMA}
		var phones []*phone
		var stops []func() error
		for i, f := range formats {
			p := newPhone(f)
			if i == 4 {
				p.ptime = 60 * time.Millisecond
			}
			phones = append(phones, p)
			stops = append(stops, listen(t, s, p, "shop"))
		}
		time.Sleep(2*time.Second + time.Millisecond)
		st := s.Status()[1]
		if st.Class != "shop" || st.Listeners != 5 || st.Playing != "a.wav" || len(st.Encodings) != 5 {
			t.Errorf("status is %+v", st)
		}
		for i, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
			pcm := phones[i].heard()
			if len(pcm) < 15000 || len(pcm) > 16800 {
				t.Errorf("phone %d heard %d samples in 2 s", i, len(pcm))
				continue
			}
			if l := level(pcm[4000:12000], 440); math.Abs(l) > 0.5 {
				t.Errorf("phone %d hears 440 Hz %.2f dB off", i, l)
			}
			if phones[i].markers != 1 {
				t.Errorf("phone %d got %d markers", i, phones[i].markers)
			}
		}
	})
}

func TestWhoComesLaterJoinsWhereTheMusicIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		tone(t, dir, "a.wav", 440, 3*time.Second)
		tone(t, dir, "b.wav", 1000, time.Minute)
		s := New(Options{Log: quiet()})
		defer s.Close()
		s.Configure(map[string]Class{Default: {Folder: dir}})
		first, second := newPhone(codec.PCMA), newPhone(codec.PCMA)
		stop := listen(t, s, first, "")
		time.Sleep(4 * time.Second)
		stop2 := listen(t, s, second, "nonsense")
		time.Sleep(time.Second)
		if err := errors.Join(stop(), stop2()); err != nil {
			t.Error(err)
		}
		if !sounds(first.heard()[:8000], 440) || !sounds(second.heard()[:7000], 1000) {
			t.Error("the second does not hear what the first does")
		}
		n := first.count()
		time.Sleep(time.Second)
		if first.count() != n {
			t.Error("something is sent to who has left")
		}
		// Nobody listened for a second: the music stood still, and goes on.
		third := newPhone(codec.PCMA)
		stop = listen(t, s, third, Default)
		time.Sleep(time.Second)
		if err := stop(); err != nil || !sounds(third.heard()[:7000], 1000) {
			t.Errorf("it does not go on where it was: %v", err)
		}
	})
}

// jump is the greatest difference of two samples in sequence.
func jump(pcm []int16) (most int) {
	for i := 1; i < len(pcm); i++ {
		most = max(most, abs(int(pcm[i])-int(pcm[i-1])))
	}
	return most
}

func abs(v int) int { return max(v, -v) }

func TestNothingClicksWhereFilesMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		// Each ends in the middle of a period.
		tone(t, dir, "a.wav", 301, 1237*time.Millisecond)
		tone(t, dir, "b.wav", 443, 1111*time.Millisecond)
		s := New(Options{Log: quiet()})
		defer s.Close()
		s.Configure(map[string]Class{Default: {Folder: dir}})
		p := newPhone(codec.L16)
		stop := listen(t, s, p, "")
		time.Sleep(20 * time.Second)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		pcm := p.heard()
		if len(pcm) < 159000 {
			t.Fatalf("%d samples", len(pcm))
		}
		// 443 Hz at a quarter of full scale changes by 8192*2*pi*443/8000 at most.
		if most := jump(pcm[8:]); most > 2900 {
			t.Errorf("there is a step of %d", most)
		}
		for at := 0; at+800 < len(pcm); at += 800 {
			if l := max(level(pcm[at:at+800], 301), level(pcm[at:at+800], 443)); l < -9 {
				t.Errorf("a hole of %.0f dB after %d ms", l, at/8)
			}
		}
		if st := s.Status()[0]; st.Dry > 0 {
			t.Errorf("%d frames were missing", st.Dry)
		}
	})
}

func TestFilesThatAreAddedAndTakenAwayAreNoticed(t *testing.T) {
	for _, shuffled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			s := New(Options{Log: quiet()})
			defer s.Close()
			s.Configure(map[string]Class{Default: {Folder: dir, Shuffled: shuffled}})
			p := newPhone(codec.PCMA)
			stop := listen(t, s, p, "")
			time.Sleep(time.Second)
			if st := s.Status()[0]; st.Playing != builtIn || !strings.Contains(st.Problem, "there is no music in "+dir) {
				t.Errorf("of an empty folder the status is %+v", st)
			}
			tone(t, dir, "a.wav", 440, 2*time.Second)
			if err := os.WriteFile(filepath.Join(dir, "broken.mp3"), make([]byte, 100), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Second)
			if st := s.Status()[0]; st.Playing != "a.wav" || st.Problem != "" {
				t.Errorf("with a file the status is %+v", st)
			}
			tone(t, dir, "b.wav", 1000, 2*time.Second)
			time.Sleep(6 * time.Second)
			if err := os.Remove(filepath.Join(dir, "a.wav")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
			if st := s.Status()[0]; st.Playing != "b.wav" {
				t.Errorf("without the first file the status is %+v", st)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			pcm := p.heard()
			if n := len(pcm); !sounds(pcm[n-4000:], 1000) {
				t.Error("the second file is not heard")
			}
		})
	}
}

func TestAChangeOfTheConfigurationIsHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := t.TempDir(), t.TempDir()
		tone(t, one, "a.wav", 440, time.Minute)
		tone(t, two, "a.wav", 1000, time.Minute)
		s := New(Options{Log: quiet()})
		defer s.Close()
		s.Configure(map[string]Class{"x": {Folder: one}})
		p := newPhone(codec.L16)
		stop := listen(t, s, p, "x")
		time.Sleep(2 * time.Second)
		s.Configure(map[string]Class{"x": {Folder: two}})
		time.Sleep(2 * time.Second)
		if err := stop(); err != nil {
			t.Error(err)
		}
		pcm := p.heard()
		if !sounds(pcm[:8000], 440) || !sounds(pcm[len(pcm)-8000:], 1000) {
			t.Error("the change is not heard")
		}
		if most := jump(pcm[8:]); most > 6600 {
			t.Errorf("it clicks by %d", most)
		}
	})
}

func TestACodecThatChangesIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Log: quiet()})
		defer s.Close()
		p := newPhone(codec.PCMA)
		stop := listen(t, s, p, "")
		time.Sleep(time.Second)
		p.accept(codec.G722)
		time.Sleep(time.Second)
		p.accept()
		time.Sleep(time.Second)
		n := p.count()
		p.accept(codec.PCMU)
		time.Sleep(time.Second)
		if d := p.count() - n; d < 45 {
			t.Errorf("%d packets after it was switched on again", d)
		}
		p.accept(codec.GSM)
		time.Sleep(time.Second)
		var no *media.NoCommonCodecError
		if err := stop(); !errors.As(err, &no) {
			t.Errorf("it ended with %v", err)
		}
		if err := s.Play(context.Background(), p, ""); !errors.As(err, &no) {
			t.Errorf("it begins with %v", err)
		}
	})
}

func TestHoldAndResumeLeaveNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		tone(t, dir, "a.wav", 440, time.Minute)
		s := New(Options{Log: quiet()})
		defer s.Close()
		s.Configure(map[string]Class{Default: {Folder: dir}})
		p := newPhone(codec.Opus)
		for range 200 {
			stop := listen(t, s, p, "")
			time.Sleep(31 * time.Millisecond)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			n := p.count()
			time.Sleep(time.Millisecond)
			if p.count() != n {
				t.Fatal("something is sent after the end")
			}
		}
		time.Sleep(time.Second)
		st := s.streams[Default]
		if st.mu.Lock(); st.running || len(*st.listeners.Load()) > 0 {
			t.Error("it still runs")
		}
		st.mu.Unlock()
	})
}

// station is a radio station: it sends a file again and again, as fast as it is heard.
type station struct {
	file  []byte
	state atomic.Int32 // 0: sends; 1: refuses; 2: ends what it sends
	calls atomic.Int32
}

func (s *station) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.calls.Add(1)
	if s.state.Load() == 1 {
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	heard := time.NewTicker(1450 * time.Millisecond)
	defer heard.Stop()
	for n := 0; s.state.Load() == 0; n++ {
		if _, err := w.Write(s.file); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if n > 1 { // some at once, then as fast as it is heard
			<-heard.C
		}
	}
}

func TestALiveStreamIsHeardAndComesBack(t *testing.T) {
	for _, name := range []string{"cbr.mp3", "stereo.opus", "stereo.ogg"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile(filepath.Join("../audio/testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			radio := &station{file: file}
			server := httptest.NewServer(radio)
			defer server.Close()
			var log lines
			s := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			defer s.Close()
			s.Configure(map[string]Class{"radio": {URL: strings.Replace(server.URL, "//", "//user:secret@", 1) + "/live?key=secret"}})
			p := newPhone(codec.PCMA)
			stop := listen(t, s, p, "radio")
			until(t, func() bool { return s.Status()[1].Playing == server.URL+"/live" })
			until(t, func() bool { pcm := p.heard(); return len(pcm) > 8000 && level(pcm[len(pcm)-4000:], 440) > -3 })
			radio.state.Store(1)
			server.CloseClientConnections()
			until(t, func() bool { // it is silent for a moment too when the machine is late, and no problem then
				now := s.Status()[1]
				return now.Playing == builtIn && now.Problem != ""
			})
			radio.state.Store(0)
			until(t, func() bool { return s.Status()[1].Playing == server.URL+"/live" })
			if err := stop(); err != nil {
				t.Error(err)
			}
			if text := log.String(); strings.Contains(text, "secret") || strings.Count(text, "level=WARN") != 1 || strings.Count(text, "level=INFO") != 1 {
				t.Errorf("the log is\n%s", text)
			}
		})
	}
}

func TestNoStreamIsBuiltInMusic(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	_ = gone.Close()
	s := New(Options{Log: quiet()})
	defer s.Close()
	s.Configure(map[string]Class{Default: {URL: "http://" + address}})
	p := newPhone(codec.PCMA)
	stop := listen(t, s, p, "")
	until(t, func() bool { return p.count() > 10 && s.Status()[0].Playing != "" })
	if st := s.Status()[0]; st.Playing != builtIn || !strings.Contains(st.Problem, "refused") {
		t.Errorf("status is %+v", st)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// until waits for something.
func until(tb testing.TB, so func() bool) {
	tb.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	for !so() {
		select {
		case <-again.C:
		case <-timer.C:
			tb.Fatal("it does not come about")
		}
	}
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }

func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func TestCreditsAreShown(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, creditsTxt), []byte("Music: K. Nobody\r\nCC-BY \x1b[31m4.0\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Log: quiet()})
	defer s.Close()
	s.Configure(map[string]Class{"x": {Folder: dir}})
	if got := s.Status()[1]; got.Credits != "Music: K. Nobody\nCC-BY [31m4.0" || got.Source != dir {
		t.Errorf("status is %+v", got)
	}
}

// hearer is told what it hears.
type hearer struct {
	*phone
	heard chan string
}

func (h hearer) Hear(what string) (stop func()) { h.heard <- what; return func() { h.heard <- "" } }

func TestAHearerIsToldTheClass(t *testing.T) {
	s := New(Options{Log: quiet()})
	defer s.Close()
	s.Configure(map[string]Class{"shop": {}})
	for class, want := range map[string]string{"shop": "music shop", "": "music", "nonsense": "music"} {
		h := hearer{newPhone(codec.PCMA), make(chan string, 2)}
		stop := listen(t, s, h, class)
		if got := <-h.heard; got != want {
			t.Errorf("of %q it hears %q", class, got)
		}
		if err := stop(); err != nil || h.packets > 0 {
			t.Errorf("%v, %d packets", err, h.packets)
		}
	}
}

// crowd is a stream with n who listen, of whom every third speaks G.722 and Opus.
func crowd(tb testing.TB, n int) (*Service, *ticker) {
	tb.Helper()
	s := New(Options{Log: quiet()})
	st := newStream(s, Default, Class{})
	var list []*listener
	for i := range n {
		f := []codec.Format{codec.PCMA, codec.PCMU, codec.G722, codec.Opus}[i%4]
		p := newPhone(f)
		p.deaf = true
		list = append(list, &listener{e: p, failed: make(chan error, 1)})
	}
	st.listeners.Store(&list)
	return s, &ticker{stream: st}
}

func TestATickAllocatesNothing(t *testing.T) {
	s, tk := crowd(t, 100)
	defer s.Close()
	defer tk.close()
	pcm := make([]int16, frame)
	tk.tick(pcm)
	if n := testing.AllocsPerRun(100, func() { tk.tick(pcm) }); n > 0 {
		t.Errorf("%g allocations in a tick", n)
	}
}

// BenchmarkTick is what one tick costs without the decoding and the sockets.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1, 4, 10, 100, 1000} {
		b.Run(fmt.Sprint(n, " listeners"), func(b *testing.B) {
			s, tk := crowd(b, n)
			defer s.Close()
			defer tk.close()
			src := newBuiltIn()
			pcm := make([]int16, frame)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := src.read(pcm); err != nil {
					b.Fatal(err)
				}
				tk.tick(pcm)
			}
		})
	}
}

// BenchmarkFeed is what 20 ms of music cost until they are to be encoded.
func BenchmarkFeed(b *testing.B) {
	for _, name := range []string{"cbr.mp3", "stereo.ogg", "stereo.opus", "stereo.flac", "built-in"} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			s := New(Options{Log: quiet()})
			defer s.Close()
			c := Class{}
			if name != builtIn {
				in, err := os.Open(filepath.Join("../audio/testdata", name))
				if err != nil {
					b.Fatal(err)
				}
				out, err := os.Create(filepath.Join(dir, name))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(out, in); err != nil {
					b.Fatal(err)
				}
				_, _ = in.Close(), out.Close()
				c.Folder = dir
			}
			f := newFeed(s, "x", c)
			defer f.close()
			pcm := make([]int16, frame)
			b.ReportAllocs()
			for b.Loop() {
				f.fader.fill(pcm)
			}
		})
	}
}
