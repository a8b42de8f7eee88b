package call_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/pbx/recording"
	"dialtone/storage"
)

// tape notes what becomes of recordings, in order.
type tape struct {
	mu    sync.Mutex
	log   []string
	names map[media.Endpoint]string
}

func (p *tape) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

// said are the notes since it was asked last.
func (p *tape) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.log = nil }()
	return strings.Join(p.log, ", ")
}

// Begin implements call.Recordings.
func (p *tape) Begin(recording.Subject, media.Endpoint) (recording.CallTake, error) {
	return &spool{p, make(chan struct{})}, nil
}

// BeginRoom implements call.Recordings.
func (p *tape) BeginRoom(recording.Subject) (recording.RoomTake, error) { return nil, nil }

// spool is one recording.
type spool struct {
	*tape
	done chan struct{}
}

func (s *spool) ID() string                    { return "r1" }
func (s *spool) Pause() bool                   { s.note("pauses"); return true }
func (s *spool) Resume() bool                  { s.note("goes on"); return true }
func (s *spool) Done() <-chan struct{}         { return s.done }
func (s *spool) Joined(party string)           { s.note("with %s", party) }
func (s *spool) Stop()                         { s.note("ends") }
func (s *spool) Start(e media.Endpoint) error  { s.note("at %s", s.name(e)); return nil }
func (s *spool) Follow(e media.Endpoint) error { s.note("moves to %s", s.name(e)); return nil }

// heardAnything reports whether more than a moment was played to a leg.
func heardAnything(l *fakeLeg, before int) bool { return l.media.count() > before+20 }

// named gives a leg a name for the notes.
func (p *tape) named(name string, l *fakeLeg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[l.media] = name
}

func (p *tape) name(e media.Endpoint) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[e]
}

// recorded has 100 talk with 101, who is always recorded. 102, with a rule, and 103 may take
// their calls.
func recorded(t *testing.T, announce bool, rule string) (p *pair, on *tape) {
	t.Helper()
	bob := newLeg("101", codec.PCMU)
	plan, found := dialplan.Compile(dialplan.Spec{Extensions: []string{"100", "101", "102", "103"}, RingTimeout: 30 * time.Second})
	if len(found) > 0 {
		t.Fatal(found)
	}
	on = &tape{names: map[media.Endpoint]string{}}
	p = &pair{world: newWorldOf(t, plan, call.Options{
		Dialer: book{"101": {{"bob", answers(bob, time.Second)}}}, Log: slog.New(slog.DiscardHandler), Recordings: on,
	})}
	p.cfg.Extensions["101"] = config.Extension{Record: config.RecordAlways}
	p.cfg.Extensions["102"] = config.Extension{Record: rule, Pickup: []string{"100", "101"}}
	p.cfg.Extensions["103"] = config.Extension{Pickup: []string{"102"}}
	p.cfg.Recording.Announce = announce
	p.legs = [2]*fakeLeg{p.calls(t, "100", "101", codec.PCMU), bob}
	on.named("alice", p.legs[0])
	time.Sleep(10 * time.Second)
	want(t, "is recorded", on.said(), "at alice")
	return p, on
}

// takes lets carol take the place of a party.
func (p *pair) takes(t *testing.T, place int, on *tape, carol string) *fakeLeg {
	t.Helper()
	l := newLeg(carol, codec.PCMU)
	on.named("carol", l)
	_ = l.agree(call.Want{Formats: l.far.Formats})
	if e := p.TakeOver(l, dialplan.Facts{From: carol, Extension: carol}, call.Taking{Leg: p.legs[place].id, Of: p.legs[place].party}); e != nil {
		t.Fatal(e)
	}
	return l
}

// Who takes the place of a recorded caller is told before, and is in the recording from then
// on; who stayed is not told again.
func TestARecordingGoesOnWithANewCaller(t *testing.T) {
	for _, announce := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p, on := recorded(t, announce, "")
			bob := p.legs[1].media.count()
			carol := p.takes(t, 0, on, "102")
			time.Sleep(300 * time.Millisecond)
			want(t, "waits for the announcement", on.said() == "pauses", announce)
			time.Sleep(10 * time.Second)
			want(t, "told", heardAnything(carol, 0), announce)
			want(t, "told again", heardAnything(p.legs[1], bob), false)
			if announce {
				want(t, "then", on.said(), "with 102, moves to carol, goes on")
			}
			hear(t, carol, p.legs[1])
			carol.bye(dialplan.CauseNormal)
			list := p.all(t, 2)
			i := slices.IndexFunc(list, func(r storage.CDR) bool { return len(r.Recordings) > 0 })
			want(t, "one story", fmt.Sprint(list[i].Recordings, list[i].From, list[i].To), "[r1]102101")
			want(t, "in the end", strings.HasSuffix(on.said(), "ends"), true)
		})
	}
}

// Who takes the place of a recorded callee is told, too.
func TestARecordingGoesOnWithANewCallee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, on := recorded(t, true, "")
		carol := p.takes(t, 1, on, "102")
		time.Sleep(10 * time.Second)
		want(t, "told", heardAnything(carol, 0), true)
		want(t, "recorded", on.said(), "with 102")
		hear(t, p.legs[0], carol)
		carol.bye(dialplan.CauseNormal)
		p.all(t, 2)
	})
}

// A newcomer who is never recorded is not, and the next one is again.
func TestARecordingLeavesOutWhoIsNeverRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, on := recorded(t, true, config.RecordNever)
		carol := p.takes(t, 0, on, "102")
		time.Sleep(10 * time.Second)
		want(t, "told", heardAnything(carol, 0), false)
		want(t, "left out", on.said(), "pauses")
		hear(t, carol, p.legs[1])
		p.legs[0] = carol
		dora := p.takes(t, 0, on, "103")
		time.Sleep(10 * time.Second)
		want(t, "the next one", on.said(), "pauses, with 103, moves to carol, goes on")
		hear(t, dora, p.legs[1])
		dora.bye(dialplan.CauseNormal)
		p.all(t, 3)
	})
}
