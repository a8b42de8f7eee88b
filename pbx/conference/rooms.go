package conference

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dialtone/media"
)

// Why nobody gets into a room.
var (
	ErrUnknown = errors.New("there is no such conference")
	ErrFull    = errors.New("the conference is full")
	ErrLocked  = errors.New("the conference is locked")
	ErrEnded   = errors.New("the conference has just ended")
)

// Music is what is heard by who is alone, or waits for a leader.
type Music interface {
	// Play lets e hear music of a class until ctx is done.
	Play(ctx context.Context, e media.Endpoint, class string) error
}

// Options are the parts that Rooms work with; all but Record, Mix and Call are required.
type Options struct {
	// Settings are those of a conference by its name; false when there is none.
	Settings func(name string) (Settings, bool)
	// Open opens a prompt in a language.
	Open  func(language, name string) (Clip, error)
	Music Music
	// Record begins to record a room; nil records none.
	Record func(room, language string, parties []string) (Recording, error)
	// Mix makes the audio of a room; nil is a mixer.
	Mix func() Mix
	// Call begins to call somebody into a room, who takes a seat when he answers, and
	// gives up when ctx is done. It does not wait; Over of c is called unless there is an
	// error. Nil calls nobody.
	Call func(ctx context.Context, c Calling) error
	Log  *slog.Logger
}

// Recording is one of a room that is being made.
type Recording interface {
	Tap
	// Pause and Resume leave out what is heard in between; they report whether that is new.
	Pause() bool
	Resume() bool
	// Joined notes one more who is heard.
	Joined(party string)
	// Done is closed when it ends, also when nobody called Stop: the disk is full.
	Done() <-chan struct{}
	// Stop ends it, when nothing is given to it any more.
	Stop()
}

// Rooms are the conferences in progress. All methods are safe for concurrent use.
type Rooms struct {
	o     Options
	tasks sync.WaitGroup // a goroutine a room

	mu    sync.Mutex // guards the rooms and their seats too
	rooms map[string]*room
}

// New makes Rooms without any.
func New(o Options) *Rooms {
	if o.Mix == nil {
		o.Mix = newMixed
	}
	return &Rooms{o: o, rooms: map[string]*room{}}
}

// Wait returns when the last room is gone, which is when all seats have been left.
func (r *Rooms) Wait() { r.tasks.Wait() }

// Joining is who comes into a room, and how.
type Joining struct {
	Conference string // one of the configuration, which says how the room is
	Room       string // its name
	ID         string // of the call, unique
	Party      string // the number that is shown
	Name       string // that is shown
	Language   string // of what is said to who comes
	Leader     bool
	Muted      bool
	Private    bool   // is never recorded
	Extension  string // that has proved its identity; "" for others
	Ours       bool   // it is one of our extensions
	Called     bool   // by the room: it opens none, and gets into a locked one
	Untold     bool   // is not told that it is muted
	Paid       bool   // it is called at our cost: it stays while somebody of ours is there
	// SpokenName is his name in his own voice, 8000 samples a second; nil is none.
	SpokenName []int16
}

// Join takes a seat in a room, and opens the room for the first who comes. The errors
// are ErrUnknown, ErrFull, ErrLocked, ErrEnded and ErrStrangers. A seat must be left: by Sit, which
// does so in the end, or by Leave.
func (r *Rooms) Join(j Joining) (*Seat, error) {
	set, known := r.o.Settings(j.Conference)
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.rooms[j.Room]
	switch {
	case in == nil && j.Called:
		return nil, ErrEnded
	case in == nil && !known:
		return nil, ErrUnknown
	case in == nil:
		in = r.open(j, set)
	}
	if err := in.admits(j); err != nil {
		in.abandon()
		return nil, err
	}
	return in.seat(j), nil
}

// open opens a room; mu is held.
func (r *Rooms) open(j Joining, set Settings) *room {
	ctx, done := context.WithCancel(context.Background())
	in := &room{
		rooms: r, name: j.Room, conference: j.Conference, set: set, keys: tableOf(set.Keys), locked: set.Locked,
		language: set.Language, opened: time.Now(), news: make(chan news, maxNews), ctx: ctx, done: done,
		log: r.o.Log.With("conference", j.Room),
	}
	if in.language == "" {
		in.language = j.Language
	}
	r.rooms[j.Room] = in
	in.log.Info("conference opened", "by", j.Party)
	r.tasks.Go(func() { in.run(ctx) })
	return in
}

// Tap lets t hear what all hear in a room, as a recording does. The error is
// ErrUnknown.
func (r *Rooms) Tap(name string, t Tap) (remove func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.rooms[name]
	if in == nil {
		return nil, ErrUnknown
	}
	return in.mixing().Tap(t), nil
}
