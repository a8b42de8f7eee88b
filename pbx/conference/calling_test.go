package conference

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
)

// exchange notes who is called.
type exchange struct {
	called []Calling
	rooms  []context.Context
	fails  error
}

func (x *exchange) call(ctx context.Context, c Calling) error {
	if x.fails != nil {
		return x.fails
	}
	x.called, x.rooms = append(x.called, c), append(x.rooms, ctx)
	return nil
}

// callingHouse is rooms that call by x; 3 is the key for that.
func callingHouse(t *testing.T, c Settings) (*house, *exchange) {
	t.Helper()
	c.Keys = usualKeys("0")
	c.Keys[KeyCall] = []string{"3"}
	h, x := newHouse(t, c), &exchange{}
	h.o.Call = x.call
	return h, x
}

// joins takes a seat as j says.
func (h *house) joins(j Joining) (*guest, error) {
	j.Conference, j.Room, j.ID = "team", "team", "id"+j.Party
	return h.sits(j)
}

func TestALeaderCallsSomebody(t *testing.T) {
	for _, test := range []struct {
		name, keys string
		after      time.Duration
		number     string
		hears      string
	}{
		{"and ends the number", "3102#", 0, "102", "menu/one-moment"},
		{"and waits", "3102", 6 * time.Second, "102", "menu/one-moment"},
		{"and gives up", "3102*", 0, "", ""},
		{"and enters nothing", "3#", 0, "", ""},
		{"and says nothing", "3", 11 * time.Second, "", ""},
		{"and keys do what they did", "3*1", 0, "", "muted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, x := callingHouse(t, Settings{Announce: AnnounceNone})
				boss, _ := h.joins(Joining{Party: "+49301", Name: "Boss", Extension: "100", Ours: true, Leader: true})
				ann := h.come("101", false)
				boss.take()
				ann.press("3")
				ann.hears(t, "")
				boss.press("3")
				if got := boss.take(); got != "gather/enter-number, gather/finish-hash" {
					t.Errorf("heard %q", got)
				}
				boss.press(test.keys[1:])
				time.Sleep(test.after)
				boss.mu.Lock()
				heard := boss.heard
				boss.mu.Unlock()
				last := ""
				if len(heard) > 0 && heard[len(heard)-1] != "gather/finish-hash" {
					last = heard[len(heard)-1]
				}
				if last != test.hears {
					t.Errorf("heard %q, want %q", last, test.hears)
				}
				switch {
				case test.number == "" && len(x.called) > 0:
					t.Errorf("called %+v", x.called)
				case test.number != "" && len(x.called) != 1:
					t.Fatalf("called %d", len(x.called))
				case test.number != "":
					if c := x.called[0]; c.Number != test.number || c.As != "100" || c.Party != "+49301" || c.Name != "Boss" || c.Room != "team" || c.Conference != "team" {
						t.Errorf("called %+v", c)
					}
					boss.take()
					x.called[0].Over(&dialplan.Ended{Cause: dialplan.CauseBusy})
					boss.hears(t, "call/busy")
				}
				ann.hears(t, "")
				ann.leave()
				boss.leave()
				h.Wait()
			})
		})
	}
}

func TestWhoIsCalledComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, x := callingHouse(t, Settings{Announce: AnnounceNone, MaxMembers: 4})
		if err := h.Call("team", Calling{Number: "102"}); !errors.Is(err, ErrUnknown) {
			t.Errorf("into no room: %v", err)
		}
		if _, err := h.joins(Joining{Party: "102", Called: true}); !errors.Is(err, ErrEnded) {
			t.Errorf("who is called opens a room: %v", err)
		}
		boss, _ := h.joins(Joining{Party: "100", Extension: "100", Ours: true, Leader: true})
		if err := h.Control("team", "", Lock); err != nil {
			t.Fatal(err)
		}
		over := 0
		for range 2 {
			if err := h.Call("team", Calling{Number: "102", Over: func(*dialplan.Ended) { over++ }}); err != nil {
				t.Fatal(err)
			}
		}
		ben, err := h.joins(Joining{Party: "102", Called: true, Ours: true})
		if err != nil {
			t.Fatalf("into a locked room: %v", err)
		}
		if err := h.Call("team", Calling{Number: "104"}); !errors.Is(err, ErrFull) {
			t.Errorf("four of four are there or called: %v", err)
		}
		x.called[0].Over(nil)
		x.called[1].Over(nil)
		if over != 2 {
			t.Errorf("%d of two were over", over)
		}
		x.fails = errors.New("no")
		for range 2 * maxCalling {
			if err := h.Call("team", Calling{Number: "104"}); !errors.Is(err, x.fails) {
				t.Fatal(err)
			}
		}
		ben.leave()
		boss.leave()
		h.Wait()
		if x.rooms[0].Err() == nil {
			t.Error("the room is over, and it still calls")
		}
	})
}

// Two strangers must not talk at our cost.
func TestWhoIsPaidForStaysWhileWeAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := callingHouse(t, Settings{Announce: AnnounceNone})
		stranger, _ := h.joins(Joining{Party: "+49301", Leader: true})
		if _, err := h.joins(Joining{Party: "+49302", Called: true, Paid: true}); !errors.Is(err, ErrStrangers) {
			t.Errorf("nobody of ours is there: %v", err)
		}
		ann, _ := h.joins(Joining{Party: "101", Ours: true})
		ben, _ := h.joins(Joining{Party: "102", Ours: true})
		paid, err := h.joins(Joining{Party: "+49302", Called: true, Paid: true})
		if err != nil {
			t.Fatal(err)
		}
		ann.leave()
		paid.hears(t, "")
		ben.leave()
		var e *dialplan.Ended
		if err := <-paid.over; !errors.As(err, &e) || e.Cause != dialplan.CauseNormal {
			t.Errorf("who is paid for left by %v", err)
		}
		paid.hears(t, "ended")
		stranger.leave()
		h.Wait()
	})
}

func TestWhoIsOursIsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := callingHouse(t, Settings{Announce: AnnounceNone})
		stranger, _ := h.joins(Joining{Party: "+49301", Leader: true})
		ann, _ := h.joins(Joining{Party: "101", Ours: true, Called: true})
		ann.hears(t, "")
		ann.seat.AtOurCost()
		if err := <-ann.over; err == nil {
			t.Error("nobody of ours is there, and she stays")
		}
		stranger.leave()
		h.Wait()
	})
}

func TestSpokenNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := callingHouse(t, Settings{Announce: AnnounceName, Music: NoMusic, MaxMembers: 3})
		for party, want := range map[string]bool{"7": false, "24": true, "": true} {
			if asks, err := h.AsksName(Joining{Conference: "team", Room: "team", Party: party}); asks != want || err != nil {
				t.Errorf("%q is asked: %v, %v", party, asks, err)
			}
		}
		if _, err := h.AsksName(Joining{Conference: "none", Room: "none"}); !errors.Is(err, ErrUnknown) {
			t.Errorf("no conference: %v", err)
		}
		ann := h.come("101", false)
		ben, _ := h.joins(Joining{Party: "24", SpokenName: make([]int16, 8000)})
		ann.hears(t, "a name, has-joined")
		ann.press("2")
		ann.hears(t, "there-are, number/2, participants, roll-call, number/1, number/0, number/1, pause/short, a name, pause/short")
		known, _ := h.joins(Joining{Party: "7", SpokenName: make([]int16, 8000)})
		ann.hears(t, "names/7, has-joined")
		if _, err := h.AsksName(Joining{Conference: "team", Room: "team", Party: "24"}); !errors.Is(err, ErrFull) {
			t.Errorf("a full room: %v", err)
		}
		ben.leave()
		ann.hears(t, "a name, has-left")
		known.leave()
		ann.leave()
		h.Wait()
	})
}
