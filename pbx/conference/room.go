package conference

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"dialtone/dialplan"
)

const (
	// maxNews is how much may wait to be said to all; more is not said.
	maxNews = 16
	// warning is how long before its end the members of a room are told.
	warning = time.Minute
)

// room is a conference. The mutex of Rooms guards what changes.
type room struct {
	rooms            *Rooms
	name, conference string
	set              Settings // as it was when the room was opened
	keys             table
	language         string // of what is said to all
	opened           time.Time
	news             chan news
	ctx              context.Context    //nolint:containedctx // is its life
	done             context.CancelFunc // ends run
	log              *slog.Logger

	seats    []*Seat // in the order in which they came
	calling  int     // who is being called
	locked   bool
	hushed   bool          // all but leaders were muted
	over     bool          // it ends: all are leaving
	mix      Mix           // nil until two can hear each other
	tape     Recording     // nil while nothing is recorded
	recorded chan struct{} // closed when nothing more is recorded; nil when nothing was
}

// news is what all in a room are told.
type news struct {
	sound sound    // a tone before
	names []string // prompts
	who   *Seat    // has come, or gone
	in    bool
}

// run says what all are to hear, and ends the room in time, until the last has left.
func (r *room) run(ctx context.Context) {
	var warn, end <-chan time.Time
	if limit := r.set.MaxDuration; limit > 0 {
		e := time.NewTimer(limit)
		defer e.Stop()
		end = e.C
		if limit > warning {
			w := time.NewTimer(limit - warning)
			defer w.Stop()
			warn = w.C
		}
	}
	for {
		select {
		case <-ctx.Done():
			r.stopRecording()
			if mix := r.audio(); mix != nil {
				mix.Close()
			}
			r.log.Info("conference over", "lasted", time.Since(r.opened).Round(time.Second))
			return
		case n := <-r.news:
			r.say(ctx, n)
		case <-warn:
			r.say(ctx, news{names: []string{promptEndsSoon}})
		case <-end:
			r.end(&dialplan.Ended{Cause: dialplan.CauseMaxDuration, Detail: "max_duration of conference " + r.conference + " is " + r.set.MaxDuration.String()})
		}
	}
}

func (r *room) audio() Mix {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	return r.mix
}

// say lets all hear n.
func (r *room) say(ctx context.Context, n news) {
	r.settle(ctx)
	mix := r.audio()
	if mix == nil {
		return // nobody hears anybody
	}
	for _, clip := range r.rooms.clips(r.language, n) {
		if ctx.Err() == nil {
			if err := mix.Play(ctx, clip); err != nil && ctx.Err() == nil {
				r.log.Warn("an announcement is not heard", "prompt", clip.Name(), "error", err)
			}
		}
		_ = clip.Close()
	}
}

// settling is how long, and how often, is looked whether all are there.
const settling, glance = 500 * time.Millisecond, 20 * time.Millisecond

// settle waits for those who are on their way from the music to the others, so that
// they do not miss what is said.
func (r *room) settle(ctx context.Context) {
	for waited := time.Duration(0); waited < settling && !r.settled(); waited += glance {
		select {
		case <-time.After(glance):
		case <-ctx.Done():
			return
		}
	}
}

func (r *room) settled() bool {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	for _, s := range r.seats {
		if waits, over := s.aim(); waits == "" && over == nil && s.voice == nil {
			return false
		}
	}
	return true
}

// tell has n said to all, or dropped when too much is said already.
func (r *room) tell(n news) {
	select {
	case r.news <- n:
	default:
	}
}

// mixing is the audio of the room; mu is held.
func (r *room) mixing() Mix {
	if r.mix == nil {
		r.mix = r.rooms.o.Mix()
		r.startRecording()
	}
	return r.mix
}

// seat adds one who comes; mu is held.
func (r *room) seat(j Joining) *Seat {
	s := &Seat{
		room: r, Joining: j, joined: time.Now(), changed: make(chan struct{}, 1),
		muted: j.Muted || r.set.MutedOnJoin && !j.Leader || r.hushed && !j.Leader,
	}
	s.announced = len(r.seats) > 0 && !r.waiting() && r.set.Announce != AnnounceNone
	first := j.Leader && r.set.WaitForLeader && r.waiting() && len(r.seats) > 0
	r.seats = append(r.seats, s)
	r.discreet()
	if first {
		r.tell(news{names: []string{promptLeaderArrived}})
	}
	r.log.Info("joined", "party", j.Party, "leader", j.Leader, "members", len(r.seats))
	r.wake()
	return s
}

// remove takes a seat away; mu is held.
func (r *room) remove(s *Seat) {
	i := slices.Index(r.seats, s)
	if i < 0 {
		return
	}
	waited := r.waiting()
	r.seats = slices.Delete(r.seats, i, i+1)
	r.discreet()
	r.log.Info("left", "party", s.Party, "members", len(r.seats))
	switch {
	case r.over:
	case s.Leader && r.set.EndWithLeader && r.leaders() == 0:
		r.finish(&dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "the leader has left conference " + r.name})
	case s.Leader && r.set.WaitForLeader && r.leaders() == 0:
		for _, other := range r.seats {
			other.first = promptLeaderLeft
		}
	case len(r.seats) > 1 && !waited && r.set.Announce != AnnounceNone:
		r.tell(r.coming(s, false))
	}
	r.unpaid()
	r.alone()
	r.wake()
	r.abandon()
}

// alone ends the room for the last one, where nobody is expected any more; mu is held.
func (r *room) alone() {
	if !r.set.EndAlone || len(r.seats) != 1 || r.seats[0].over != nil {
		return
	}
	r.over = true
	r.seats[0].over = &ending{why: &dialplan.Ended{Cause: dialplan.CauseNormal, Detail: "the others have left"}}
}

// abandon ends a room in which nobody is; mu is held.
func (r *room) abandon() {
	if len(r.seats) == 0 && r.rooms.rooms[r.name] == r {
		delete(r.rooms.rooms, r.name)
		r.done()
	}
}

// coming is what all hear of one who comes or goes.
func (r *room) coming(s *Seat, in bool) news {
	switch {
	case r.set.Announce == AnnounceName:
		return news{who: s, in: in}
	case in:
		return news{sound: soundJoined}
	}
	return news{sound: soundLeft}
}

// waiting reports whether all wait for a leader; mu is held.
func (r *room) waiting() bool { return r.set.WaitForLeader && r.leaders() == 0 }

// leaders is how many are here; mu is held.
func (r *room) leaders() (n int) {
	for _, s := range r.seats {
		if s.Leader {
			n++
		}
	}
	return n
}

// wake has all look whether they still do the right thing; mu is held.
func (r *room) wake() {
	for _, s := range r.seats {
		s.wake()
	}
}

// end ends the room for all.
func (r *room) end(why *dialplan.Ended) {
	r.rooms.mu.Lock()
	defer r.rooms.mu.Unlock()
	r.finish(why)
}

// finish is end; mu is held.
func (r *room) finish(why *dialplan.Ended) {
	r.over = true
	for _, s := range r.seats {
		if s.over == nil {
			s.over = &ending{why, promptEnded}
		}
	}
	r.wake()
}
