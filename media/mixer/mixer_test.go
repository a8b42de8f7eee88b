package mixer

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// room is a conference in fake time, of phones that all speak at once.
type room struct {
	t      *testing.T
	mixer  *Mixer
	phones []*phone
	quiet  map[*phone]bool // do not send at all
}

// conference runs f in fake time.
func conference(t *testing.T, o Options, f func(r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{t: t, mixer: New(o), quiet: map[*phone]bool{}}
		defer r.mixer.Close()
		time.Sleep(7 * time.Millisecond) // the phones are not in step with the ticks
		f(r)
	})
}

// join lets a phone with a tone of hz take part.
func (r *room) join(f codec.Format, hz, amplitude float64, o MemberOptions) (*phone, *Member) {
	p := newPhone(r.t, f, hz, amplitude, 50)
	r.phones = append(r.phones, p)
	return p, r.mixer.Add(p, o)
}

// listener is who says nothing.
func (r *room) listener(f codec.Format) (*phone, *Member) {
	p, m := r.join(f, 0, 0, MemberOptions{})
	r.quiet[p] = true
	return p, m
}

// pass lets all speak for so long.
func (r *room) pass(d time.Duration) {
	for range int(d / Tick) {
		for _, p := range r.phones {
			if !r.quiet[p] {
				p.say(false)
			}
		}
		time.Sleep(Tick)
	}
	synctest.Wait()
}

// hears checks what p heard in the last 200 ms, by frequency.
func (r *room) hears(p *phone, want map[float64]float64) {
	r.t.Helper()
	nothing := 40.0
	if p.formats[0].Same(codec.Opus) {
		nothing = 150 // its own noise
	}
	for hz, wanted := range want {
		a := p.amplitude(hz, 10)
		if wanted == 0 && a > nothing || wanted > 0 && math.Abs(20*math.Log10(a/wanted)) > 1 {
			r.t.Errorf("%s of %g Hz hears %g Hz with %.0f, want %.0f", p.formats[0].Name, p.hz, hz, a, wanted)
		}
	}
}

func TestEachHearsAllButHimself(t *testing.T) {
	for _, c := range []struct {
		name    string
		formats [3]codec.Format
		rate    int
	}{
		{"narrow", [3]codec.Format{codec.PCMU, codec.PCMA, codec.PCMU}, 8000},
		{"wide", [3]codec.Format{codec.PCMU, codec.G722, codec.PCMA}, 16000},
		{"full", [3]codec.Format{codec.PCMU, codec.Opus, codec.G722}, 48000},
	} {
		t.Run(c.name, func(t *testing.T) {
			conference(t, Options{}, func(r *room) {
				a, _ := r.join(c.formats[0], 500, 3000, MemberOptions{})
				b, _ := r.join(c.formats[1], 700, 3000, MemberOptions{})
				d, _ := r.join(c.formats[2], 1100, 3000, MemberOptions{})
				l, _ := r.listener(c.formats[0])
				r.pass(2 * time.Second)
				r.hears(a, map[float64]float64{500: 0, 700: 3000, 1100: 3000})
				r.hears(b, map[float64]float64{500: 3000, 700: 0, 1100: 3000})
				r.hears(d, map[float64]float64{500: 3000, 700: 3000, 1100: 0})
				r.hears(l, map[float64]float64{500: 3000, 700: 3000, 1100: 3000})
				if got := r.mixer.Stats().Rate; got != c.rate {
					t.Errorf("mixed at %d Hz, want %d", got, c.rate)
				}
			})
		})
	}
}

func TestWhatMembersMayBeTold(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		a, ma := r.join(codec.PCMU, 500, 3000, MemberOptions{})
		b, mb := r.join(codec.PCMU, 700, 3000, MemberOptions{Muted: true})
		l, ml := r.listener(codec.PCMA)
		r.pass(time.Second)
		r.hears(a, map[float64]float64{500: 0, 700: 0})
		r.hears(l, map[float64]float64{500: 3000, 700: 0})
		mb.Mute(false)
		ma.SetGain(-6.02)
		r.pass(time.Second)
		r.hears(b, map[float64]float64{500: 1500, 700: 0})
		r.hears(l, map[float64]float64{500: 1500, 700: 3000})
		ml.SetVolume(-6.02)
		r.pass(time.Second)
		r.hears(l, map[float64]float64{500: 750, 700: 1500})
		ml.SetVolume(0)
		ml.Deafen(true)
		r.pass(time.Second)
		r.hears(l, map[float64]float64{500: 0, 700: 0})
		r.hears(b, map[float64]float64{500: 1500})
		ml.Deafen(false)
		r.pass(time.Second)
		r.hears(l, map[float64]float64{500: 1500, 700: 3000})
		if s := mb.Stats(); math.Abs(s.Level+23.8) > 0.5 || math.Abs(s.Heard+29.8) > 0.5 || !s.Speaking {
			t.Errorf("%+v", s)
		}
		for _, p := range r.phones {
			if n, want := p.packets, p.ticks/160; n != want || p.markers != 1 {
				t.Errorf("%d packets with %d ticks of the clock, %d markers", n, p.ticks, p.markers)
			}
		}
	})
}

// TestNothingClicks lets somebody hear a tone of 400 Hz while all is done to others
// that can be done, and looks for what is neither it nor their tone of 600 Hz.
func TestNothingClicks(t *testing.T) {
	o := Options{}
	for _, c := range []struct {
		name string
		do   func(r *room, other *phone, m, listener *Member)
	}{
		{"mute", func(_ *room, _ *phone, m, _ *Member) { m.Mute(true) }},
		{"gain", func(_ *room, _ *phone, m, _ *Member) { m.SetGain(-20) }},
		{"volume", func(_ *room, _ *phone, _, l *Member) { l.SetVolume(-20) }},
		{"deaf", func(_ *room, _ *phone, _, l *Member) { l.Deafen(true) }},
		{"leave", func(r *room, p *phone, m, _ *Member) { r.quiet[p] = true; go r.mixer.Remove(m) }},
		{"silence", func(r *room, p *phone, _, _ *Member) { r.quiet[p] = true }},
		{"join", func(r *room, _ *phone, _, _ *Member) { r.join(codec.PCMU, 600, 3000, MemberOptions{}) }},
		{"listeners", func(r *room, _ *phone, _, _ *Member) {
			for range 5 {
				r.listener(codec.PCMA)
			}
		}},
		{"swap", func(r *room, p *phone, m, _ *Member) {
			next := newPhone(r.t, codec.PCMU, 600, 3000, 50)
			next.sent, next.ssrc = 777, 99
			r.quiet[p] = true
			r.phones = append(r.phones, next)
			m.Swap(next)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conference(t, o, func(r *room) {
				r.join(codec.L16, 400, 3000, MemberOptions{})
				other, m := r.join(codec.L16, 600, 3000, MemberOptions{})
				l, lm := r.listener(codec.L16)
				r.pass(2 * time.Second)
				l.listen(true)
				r.pass(200 * time.Millisecond)
				c.do(r, other, m, lm)
				r.pass(2 * time.Second)
				if step, at := click(l.heard, 8000, 400, 600); step > 1000 {
					t.Errorf("a step of %.0f after %d ms", step, at/8)
				}
				r.mixer.Close()
			})
		})
	}
}

func TestListenersCostNoEncoding(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		r.join(codec.PCMU, 500, 3000, MemberOptions{})
		for i := range 60 {
			f := codec.PCMU
			if i%2 == 0 {
				f = codec.PCMA
			}
			p, _ := r.listener(f)
			if i%3 == 0 {
				p.ptime = 40 * time.Millisecond
			}
		}
		r.pass(time.Second)
		before := r.mixer.Stats()
		r.pass(2 * time.Second)
		after := r.mixer.Stats()
		ticks, encodes := after.Ticks-before.Ticks, after.Encodes-before.Encodes
		// Two codecs every 20 ms, two every 40 ms, and what the speaker hears.
		if want := 4 * ticks; encodes < want-4 || encodes > want+4 {
			t.Errorf("%d frames were encoded in %d ticks, want %d", encodes, ticks, want)
		}
		if after.Missed > 0 {
			t.Errorf("%d ticks were missed", after.Missed)
		}
	})
}

func TestPacketTimes(t *testing.T) {
	for _, f := range []codec.Format{codec.PCMU, codec.G722, codec.Opus} {
		for _, ms := range []int{10, 20, 40, 60} {
			conference(t, Options{}, func(r *room) {
				l, _ := r.listener(f)
				l.ptime = time.Duration(ms) * time.Millisecond
				s, _ := r.join(f, 500, 3000, MemberOptions{})
				s.ptime = time.Duration(ms) * time.Millisecond
				r.pass(1200 * time.Millisecond)
				for _, p := range []*phone{l, s} {
					if ticks, want := p.ticks/p.packets, ms*f.Clock/1000; ticks != want {
						t.Errorf("%s: %d ticks a packet, want %d", f.Name, ticks, want)
					}
					if n := p.packets * ms; n < 1100 || n > 1260 {
						t.Errorf("%s: %d packets of %d ms in 1200 ms", f.Name, p.packets, ms)
					}
				}
				if a := l.amplitude(500, 20); a < 2500 || a > 3500 {
					t.Errorf("%s, %d ms: heard with %.0f", f.Name, ms, a)
				}
			})
		}
	}
}

func TestOnlyTheLoudestAreHeard(t *testing.T) {
	conference(t, Options{Speakers: 3}, func(r *room) {
		var members []*Member
		for i := range 6 {
			_, m := r.join(codec.PCMU, 500+200*float64(i), 500*float64(i+1), MemberOptions{})
			members = append(members, m)
		}
		l, _ := r.listener(codec.PCMU)
		r.pass(2 * time.Second)
		r.hears(l, map[float64]float64{500: 0, 700: 0, 900: 0, 1100: 2000, 1300: 2500, 1500: 3000})
		got := r.mixer.Speakers()
		if len(got) != 3 || got[0] != members[5] || got[1] != members[4] || got[2] != members[3] {
			t.Errorf("the order of speakers is wrong: %v", got)
		}
		r.quiet[r.phones[5]] = true
		r.pass(2 * time.Second)
		r.hears(l, map[float64]float64{700: 0, 900: 1500, 1100: 2000, 1300: 2500, 1500: 0})
	})
}

func TestLoudIsLimitedAndNotClipped(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		l, _ := r.listener(codec.L16)
		r.join(codec.L16, 400, 15000, MemberOptions{})
		r.pass(time.Second)
		l.listen(true)
		r.pass(200 * time.Millisecond)
		r.join(codec.L16, 600, 15000, MemberOptions{})
		r.join(codec.L16, 600, 15000, MemberOptions{})
		r.join(codec.L16, 600, 15000, MemberOptions{})
		r.pass(time.Second)
		peak := int16(0)
		for _, s := range l.heard {
			peak = max(peak, s, -s)
		}
		if peak > ceiling || peak < knee*9/10 {
			t.Errorf("the peak is %d", peak)
		}
		if step, at := click(l.heard, 8000, 400, 600); step > 5000 { // of 60000 that were said
			t.Errorf("a step of %.0f after %d ms", step, at/8)
		}
	})
}

func TestGateLevelsAndAGC(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		l, _ := r.listener(codec.PCMU)
		r.join(codec.PCMU, 500, 300, MemberOptions{Gate: -40}) // -43 dBov
		r.join(codec.PCMU, 700, 800, MemberOptions{AGC: true}) // -35 dBov
		liar, _ := r.join(codec.PCMU, 900, 3000, MemberOptions{})
		liar.in.Level = media.LevelAt(-90, false)
		r.pass(10 * time.Second)
		r.hears(l, map[float64]float64{500: 0, 900: 0})
		if a := l.amplitude(700, 10); a < 2500 || a > 4000 {
			t.Errorf("who is soft is heard with %.0f", a)
		}
	})
}

// frames counts what a tap gets.
type frames struct {
	n, rate int
	level   float64
}

func (f *frames) Frame(pcm []int16, rate int) {
	f.n, f.rate, f.level = f.n+1, rate, levelOf(pcm)
}

func TestTapsGetEveryTick(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		_, a := r.join(codec.G722, 500, 3000, MemberOptions{})
		_, b := r.listener(codec.PCMU)
		all, one, other := &frames{}, &frames{}, &frames{}
		remove := r.mixer.Tap(all)
		a.Tap(one)
		b.Tap(other)
		before := r.mixer.Stats().Ticks
		r.pass(time.Second)
		n := int(r.mixer.Stats().Ticks - before)
		for _, c := range []struct {
			tap   *frames
			rate  int
			level float64
		}{{all, 16000, -23.8}, {one, 16000, -23.8}, {other, 8000, silence}} {
			if c.tap.n != n || c.tap.rate != c.rate || math.Abs(c.tap.level-c.level) > 0.5 {
				t.Errorf("%+v in %d ticks, want %d Hz and %g dBov", c.tap, n, c.rate, c.level)
			}
		}
		remove()
		a.Tap(nil)
		r.pass(100 * time.Millisecond)
		if all.n != n || one.n != n {
			t.Errorf("taps that were removed get frames")
		}
	})
}

// slow is a tap that takes its time, once.
type slow struct{ time.Duration }

func (s *slow) Frame([]int16, int) {
	<-time.After(s.Duration)
	s.Duration = 0
}

func TestMissedDeadlinesAreCounted(t *testing.T) {
	for _, c := range []struct {
		takes                  time.Duration
		missed, skipped, ticks uint64 // in a second
	}{
		{0, 0, 0, 50},
		{15 * time.Millisecond, 0, 0, 50},
		{50 * time.Millisecond, 2, 0, 50}, // made up for
		{500 * time.Millisecond, 25, 24, 26},
	} {
		conference(t, Options{}, func(r *room) {
			r.listener(codec.PCMU)
			r.pass(200 * time.Millisecond)
			before := r.mixer.Stats()
			r.mixer.Tap(&slow{c.takes})
			r.pass(time.Second)
			s := r.mixer.Stats()
			missed, skipped, ticks := s.Missed-before.Missed, s.Skipped-before.Skipped, s.Ticks-before.Ticks
			if missed != c.missed || skipped != c.skipped || ticks != c.ticks {
				t.Errorf("a tick of %v: %d missed, %d skipped, %d made, want %d, %d, %d", c.takes, missed, skipped, ticks, c.missed, c.skipped, c.ticks)
			}
		})
	}
}

func TestMembersComeAndGoAtTheSameTime(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		l, _ := r.listener(codec.PCMU)
		done := make(chan struct{})
		phones := make([]*phone, 20)
		for i := range phones {
			phones[i] = newPhone(t, codec.PCMU, 500, 100, 10)
		}
		for _, p := range phones {
			go func() {
				defer func() { done <- struct{}{} }()
				for range 10 {
					m := r.mixer.Add(p, MemberOptions{})
					for range 5 {
						p.say(false)
						m.Mute(true)
						r.mixer.Speakers()
						m.Stats()
						time.Sleep(9 * time.Millisecond)
					}
					r.mixer.Remove(m)
				}
			}()
		}
		for range phones {
			<-done
		}
		if s := r.mixer.Stats(); s.Members != 1 || l.packets < 20 {
			t.Errorf("%+v, %d packets", s, l.packets)
		}
	})
}

func TestCloseLetsEverybodyGo(t *testing.T) {
	conference(t, Options{}, func(r *room) {
		p, m := r.join(codec.Opus, 500, 3000, MemberOptions{})
		r.pass(200 * time.Millisecond)
		r.mixer.Close()
		r.mixer.Close()
		r.mixer.Remove(m)
		late, _ := r.join(codec.PCMU, 700, 3000, MemberOptions{})
		if late.sink != nil {
			t.Errorf("a conference that has ended takes somebody in")
		}
		n := p.packets
		r.pass(200 * time.Millisecond)
		if p.packets != n || p.sink != nil {
			t.Errorf("the endpoint is still used")
		}
	})
}
