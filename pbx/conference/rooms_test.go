package conference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// phone is an endpoint that notes what it hears; its keys are pressed by press.
type phone struct {
	mu    sync.Mutex
	sink  media.Sink
	heard []string
}

func (*phone) Formats() []codec.Format               { return []codec.Format{codec.PCMA} }
func (*phone) Direction() media.Direction            { return media.SendRecv }
func (*phone) Forward(*media.Packet)                 {}
func (*phone) Write(codec.Format, []byte, int, bool) {}
func (*phone) Stats() media.Stats                    { return media.Stats{} }
func (p *phone) SetSink(s media.Sink)                { p.mu.Lock(); defer p.mu.Unlock(); p.sink = s }

func (p *phone) Hear(what string) (stop func()) { p.note(what); return func() { p.note("no " + what) } }

func (p *phone) note(what string) { p.mu.Lock(); defer p.mu.Unlock(); p.heard = append(p.heard, what) }

func (p *phone) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, h := range p.heard {
		if !strings.HasPrefix(h, "no ") {
			out = append(out, h)
		}
	}
	p.heard = nil
	return strings.Join(out, ", ")
}

// silentMix is a Mix without audio: its voices note what is done to them.
type silentMix struct {
	mu     sync.Mutex
	voices []*silentVoice
}

type silentVoice struct {
	mu    sync.Mutex
	phone media.Endpoint
	treated
}

// treated is what was done to a voice.
type treated struct {
	muted, deaf  bool
	gain, volume float64
}

func (m *silentMix) Add(e media.Endpoint, also media.Sink, muted, deaf bool) Voice {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.SetSink(also)
	v := &silentVoice{phone: e, treated: treated{muted: muted, deaf: deaf}}
	m.voices = append(m.voices, v)
	return v
}

func (m *silentMix) Remove(v Voice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.voices = slices.DeleteFunc(m.voices, func(o *silentVoice) bool { return o == v })
}

func (m *silentMix) Play(ctx context.Context, clip Clip, to ...Voice) error {
	m.mu.Lock()
	for _, v := range m.voices {
		if len(to) == 0 || to[0] == v {
			v.phone.(*phone).note(clip.Name())
		}
	}
	m.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-time.After(clip.Length()):
	}
	return nil
}
func (*silentMix) Tap(Tap) func()           { return func() {} }
func (m *silentMix) Close()                 {}
func (v *silentVoice) Sound() Sound         { return Sound{} }
func (v *silentVoice) Mute(on bool)         { v.mu.Lock(); defer v.mu.Unlock(); v.muted = on }
func (v *silentVoice) Deafen(on bool)       { v.mu.Lock(); defer v.mu.Unlock(); v.deaf = on }
func (v *silentVoice) SetGain(dB float64)   { v.mu.Lock(); defer v.mu.Unlock(); v.gain = dB }
func (v *silentVoice) SetVolume(dB float64) { v.mu.Lock(); defer v.mu.Unlock(); v.volume = dB }

type said string

func (said) Length() time.Duration     { return time.Second }
func (said) Read([]int16) (int, error) { return 0, io.EOF }
func (said) Close() error              { return nil }
func (s said) Name() string            { return strings.TrimPrefix(string(s), "conference/") }

type holdMusic struct{}

func (holdMusic) Play(ctx context.Context, e media.Endpoint, _ string) error {
	e.(*phone).note("music")
	<-ctx.Done()
	return context.Cause(ctx)
}

// usualKeys are those of a configuration that says nothing, but for the menu.
func usualKeys(menu string) map[string][]string {
	return map[string][]string{
		KeyMute: {"1", "*6"}, KeyRollCall: {"2"}, KeyDeaf: {"*5"}, KeyQuieter: {"7"}, KeyLouder: {"8"}, KeyTalkQuieter: {"*7"},
		KeyTalkLouder: {"*8"}, KeyMenu: {menu}, KeyLeave: {"#"}, KeyLock: {"4"}, KeyMuteAll: {"5"}, KeyKickLast: {"6"}, KeyEnd: {"9"},
	}
}

// house is rooms in which nothing is mixed.
type house struct {
	*Rooms
	t   *testing.T
	mix *silentMix
}

func newHouse(t *testing.T, c Settings) *house {
	t.Helper()
	if c.Keys == nil {
		c.Keys = usualKeys("0")
	}
	h := &house{t: t, mix: &silentMix{}}
	h.Rooms = New(Options{
		Settings: func(name string) (Settings, bool) { return c, name == "team" }, Music: holdMusic{}, Log: slog.New(slog.DiscardHandler),
		Mix: func() Mix { return h.mix },
		Open: func(_, name string) (Clip, error) {
			if strings.HasPrefix(name, named) && name != named+"7" {
				return nil, errors.New("there is no such file")
			}
			return said(name), nil
		},
	})
	return h
}

// guest is one who takes part.
type guest struct {
	*phone
	keys *media.Keys
	seat *Seat
	stop context.CancelFunc
	over chan error
}

func (h *house) come(party string, leader bool) *guest {
	h.t.Helper()
	g, err := h.sits(Joining{Conference: "team", Room: "team", ID: "id" + party, Party: party, Leader: leader})
	if err != nil {
		h.t.Fatalf("%s: %v", party, err)
	}
	return g
}

// sits lets one take part who joins as j says.
func (h *house) sits(j Joining) (*guest, error) {
	seat, err := h.Join(j)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &guest{phone: &phone{}, keys: media.NewKeys(), seat: seat, stop: stop, over: make(chan error, 1)}
	go func() { g.over <- g.seat.Sit(ctx, g.phone, g.keys) }()
	synctest.Wait()
	return g, nil
}

func (g *guest) press(keys string) {
	for _, k := range []byte(keys) {
		g.keys.Press(k, 0, media.ByInfo)
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

func (g *guest) voice(h *house) *silentVoice {
	h.mix.mu.Lock()
	defer h.mix.mu.Unlock()
	for _, v := range h.mix.voices {
		if v.phone == media.Endpoint(g.phone) {
			return v
		}
	}
	return nil
}

// hears waits until all was said that is to be said, and compares.
func (g *guest) hears(t *testing.T, want string) {
	t.Helper()
	time.Sleep(10 * time.Second)
	synctest.Wait()
	if got := g.take(); got != want {
		t.Errorf("%s heard %q, want %q", g.seat.Party, got, want)
	}
}

func (g *guest) leave() error { g.stop(); return <-g.over }

func TestWhoIsAloneHearsMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{})
		ann := h.come("101", false)
		ann.hears(t, "alone, music")
		ben := h.come("102", false)
		ann.hears(t, "tone joined")
		ben.hears(t, "tone joined")
		cem := h.come("103", false)
		ann.hears(t, "tone joined")
		ben.hears(t, "tone joined")
		cem.press("#")
		if err := <-cem.over; err != nil {
			t.Errorf("who left by # got %v", err)
		}
		ann.hears(t, "tone left")
		ben.leave()
		ann.hears(t, "alone, music")
		ann.leave()
		h.Wait()
		if rooms := h.List(); len(rooms) != 0 {
			t.Errorf("nobody is there, and the rooms are %+v", rooms)
		}
	})
}

func TestNamesAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{Announce: AnnounceName, Music: NoMusic})
		ann := h.come("101", false)
		ann.hears(t, "")
		for _, c := range []struct{ party, joined, left string }{
			{"24", "number/2, number/4, has-joined", "number/2, number/4, has-left"},
			{"7", "names/7, has-joined", "names/7, has-left"},
			{"../secret", "someone-joined", "someone-left"},
			{"", "someone-joined", "someone-left"},
		} {
			other := h.come(c.party, false)
			ben := h.come("33", false)
			ann.hears(t, c.joined+", number/3, number/3, has-joined")
			other.leave()
			ann.hears(t, c.left)
			ben.leave()
			ann.take()
		}
		ann.leave()
		h.Wait()
	})
}

func TestMembersWaitForALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{WaitForLeader: true, Announce: AnnounceNone})
		ann, ben := h.come("101", false), h.come("102", false)
		ann.hears(t, "wait-leader, music")
		ben.hears(t, "wait-leader, music")
		boss := h.come("103", true)
		ann.hears(t, "leader-arrived")
		boss.leave()
		ann.hears(t, "leader-left, wait-leader, music")
		if ann.voice(h) != nil || ben.voice(h) != nil {
			t.Error("who waits is heard")
		}
		ann.leave()
		ben.leave()
		h.Wait()
	})
}

func TestTheLastLeaderEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{EndWithLeader: true})
		ann, boss, second := h.come("101", false), h.come("102", true), h.come("103", true)
		boss.leave()
		time.Sleep(time.Minute)
		second.leave()
		var e *dialplan.Ended
		if err := <-ann.over; !errors.As(err, &e) || e.Cause != dialplan.CauseNormal {
			t.Errorf("it ended with %v", err)
		}
		if got := ann.take(); !strings.HasSuffix(got, "ended") {
			t.Errorf("a member heard %q", got)
		}
		h.Wait()
	})
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{Announce: AnnounceNone, MutedOnJoin: true, Keys: usualKeys("**")})
		boss := h.come("102", true)
		ann := h.come("101", false)
		ann.hears(t, "muted")
		v := ann.voice(h)
		for _, c := range []struct {
			keys, hears string
			want        treated
		}{
			{"1", "unmuted", treated{}},
			{"*6", "muted", treated{muted: true}},
			{"*9", "", treated{muted: true}}, // is nothing
			{"*", "", treated{muted: true}},  // and waits for more, for a while
			{"1", "unmuted", treated{}},
			{"*5", "deaf", treated{deaf: true}},
			{"*5", "hears", treated{}},
			{"8*8*8", "", treated{volume: 3, gain: 6}},
			{"77*7*7*7", "", treated{volume: -3, gain: -3}},
			{"8*8", "", treated{}},
			{"0", "", treated{}}, // the menu is elsewhere
			{"**", "menu", treated{}},
			{"4569", "", treated{}}, // are for leaders
			{"2", "there-are, number/2, participants, roll-call, number/1, number/0, number/2, pause/short, number/1, number/0, number/1, pause/short", treated{}},
		} {
			ann.press(c.keys)
			ann.hears(t, c.hears)
			v.mu.Lock()
			if v.treated != c.want {
				t.Errorf("after %s: %+v, want %+v", c.keys, v.treated, c.want)
			}
			v.mu.Unlock()
		}
		boss.press("5")
		if !v.muted || boss.voice(h).muted {
			t.Error("5 does not mute the others")
		}
		boss.press("5")
		if v.muted {
			t.Error("5 does not unmute them again")
		}
		boss.press("4")
		if _, err := h.Join(Joining{Conference: "team", Room: "team"}); !errors.Is(err, ErrLocked) {
			t.Errorf("a locked room: %v", err)
		}
		boss.press("4")
		boss.press("6")
		if err := <-ann.over; err == nil || !strings.HasSuffix(ann.take(), "kicked") {
			t.Errorf("6 does not remove the other: %v", err)
		}
		ben := h.come("103", false)
		boss.press("9")
		if err := <-ben.over; err == nil || !strings.HasSuffix(ben.take(), "ended") {
			t.Errorf("9 does not end it: %v", err)
		}
		<-boss.over
		h.Wait()
	})
}

// A key that belongs to the PIN before is no key of the room.
func TestTrailingKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{})
		s, err := h.Join(Joining{Conference: "team", Room: "team"})
		if err != nil {
			t.Fatal(err)
		}
		s.Ignore("#", time.Now().Add(time.Second))
		over, keys := make(chan error, 1), media.NewKeys()
		go func() { over <- s.Sit(context.Background(), &phone{}, keys) }()
		keys.Press('#', 0, media.ByInfo)
		time.Sleep(time.Minute)
		if synctest.Wait(); len(over) > 0 {
			t.Error("the # behind the PIN left the room")
		}
		keys.Press('#', 0, media.ByInfo)
		if err := <-over; err != nil {
			t.Error(err)
		}
		h.Wait()
	})
}

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{MaxMembers: 2, MaxDuration: 10 * time.Minute, Announce: AnnounceNone})
		ann, ben := h.come("101", false), h.come("102", false)
		if _, err := h.Join(Joining{Conference: "team", Room: "team"}); !errors.Is(err, ErrFull) {
			t.Errorf("one too many: %v", err)
		}
		boss := h.come("103", true) // leaders always get in
		ann.take()
		began := time.Now()
		time.Sleep(9*time.Minute - 30*time.Second)
		ann.hears(t, "")
		time.Sleep(30 * time.Second)
		ann.hears(t, "ends-soon")
		var e *dialplan.Ended
		if err := <-ann.over; !errors.As(err, &e) || e.Cause != dialplan.CauseMaxDuration {
			t.Errorf("it ended with %v", err)
		}
		if d := time.Since(began); d < 9*time.Minute || d > 11*time.Minute {
			t.Errorf("it ended after %v", d)
		}
		<-ben.over
		<-boss.over
		h.Wait()
		if _, err := h.Join(Joining{Conference: "nobody's", Room: "x"}); !errors.Is(err, ErrUnknown) {
			t.Errorf("a room that is not defined: %v", err)
		}
	})
}

func TestControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Settings{Announce: AnnounceNone})
		ann, ben, boss := h.come("101", false), h.come("101", false), h.come("103", true)
		ben.seat.ID = "second"
		ann.take()
		for _, c := range []struct {
			room, member string
			do           Do
			want         error
		}{
			{"other", "", Lock, ErrUnknown},
			{"team", "104", Mute, ErrMember},
			{"team", "101", Mute, ErrSeveral},
			{"team", "second", Mute, nil},
			{"team", "103", Deafen, nil},
			{"team", "", Lock, nil},
			{"team", "", Unlock, nil},
		} {
			if err := h.Control(c.room, c.member, c.do); !errors.Is(err, c.want) {
				t.Errorf("%s %s %s: %v, want %v", c.do, c.room, c.member, err, c.want)
			}
		}
		var unknown *UnknownError
		for _, c := range []struct{ member string }{{""}, {"103"}} {
			if err := h.Control("team", c.member, "sing"); !errors.As(err, &unknown) {
				t.Errorf("sing: %v", err)
			}
		}
		if !ben.voice(h).muted || ann.voice(h).muted || !boss.voice(h).deaf {
			t.Error("the wrong ones are muted")
		}
		if err := h.Play("team", "menu/welcome"); err != nil {
			t.Error(err)
		}
		if err := h.Play("team", "names/nobody"); err == nil {
			t.Error("a prompt that is not there was played")
		}
		ann.hears(t, "now-locked, now-unlocked, menu/welcome")
		if i, ok := h.Find("team"); !ok || len(i.Members) != 3 || !i.Members[2].Leader || i.Locked {
			t.Errorf("the room is %+v", i)
		}
		_ = h.Control("team", "second", Kick)
		if err := <-ben.over; err == nil {
			t.Error("who was removed left by himself")
		}
		_ = h.Control("team", "", End)
		<-ann.over
		<-boss.over
		h.Wait()
	})
}

// A hundred come and go in any order, with the real mixer; nobody is left behind.
func TestStorm(t *testing.T) {
	h := newHouse(t, Settings{Announce: AnnounceTone})
	h.o.Mix = newMixed
	h.o.Music = quietMusic{}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			room := fmt.Sprint("team", i%3)
			s, err := h.Join(Joining{Conference: "team", Room: room, ID: strconv.Itoa(i), Party: strconv.Itoa(100 + i), Leader: i%10 == 0})
			if errors.Is(err, ErrEnded) || errors.Is(err, ErrLocked) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(rand.IntN(400))*time.Millisecond)
			defer stop()
			keys := media.NewKeys()
			for range rand.IntN(4) {
				keys.Press("124567*#0"[rand.IntN(9)], 0, media.ByInfo)
			}
			_ = h.Control(room, strconv.Itoa(rand.IntN(100)), Kick)
			h.List()
			_ = s.Sit(ctx, &phone{}, keys)
		})
	}
	all.Wait()
	h.Wait()
	if rooms := h.List(); len(rooms) != 0 {
		t.Errorf("nobody is there, and the rooms are %+v", rooms)
	}
}

type quietMusic struct{}

func (quietMusic) Play(ctx context.Context, _ media.Endpoint, _ string) error {
	<-ctx.Done()
	return nil
}
