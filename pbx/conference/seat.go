package conference

import (
	"context"
	"errors"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
)

// Seat is one who takes part in a room. The mutex of Rooms guards what changes.
type Seat struct {
	Joining
	room    *room
	joined  time.Time
	changed chan struct{} // capacity 1

	muted, deaf, held bool
	gain, volume      float64 // dB
	voice             Voice   // nil while he hears music instead of the others
	announced         bool    // the others are told that he has come when he is heard
	first             string  // a prompt to hear before what comes
	told              string  // a prompt to hear soon
	over              *ending

	// Only the goroutine of Sit uses these.
	typed    string // of a key sequence
	trailing string // keys that belong to what was entered before
	until    time.Time
	greeted  bool
	number   []byte // to call, as it is entered; nil when none is
}

// ending is why one has to go, and what he is told.
type ending struct {
	why *dialplan.Ended
	say string
}

// errLeft says that one has left by a key.
var errLeft = errors.New("left")

// goodbye bounds how long one is told why he has to go.
const goodbye = 10 * time.Second

// RoomName is the name of the room.
func (s *Seat) RoomName() string { return s.room.name }

// Ignore drops the next key if it is one of keys and comes before until: it belongs
// to a number that was entered.
func (s *Seat) Ignore(keys string, until time.Time) { s.trailing, s.until = keys, until }

// Hold says whether he has put the conference on hold, so that nobody hears the music
// of his phone.
func (s *Seat) Hold(on bool) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.held = on
	s.apply()
}

// Leave gives the seat back.
func (s *Seat) Leave() {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.room.remove(s)
}

// Sit takes part with the audio at e and its keys, which get all that arrives there,
// until ctx is done. It returns nil when he left by a key, else why he had to go.
func (s *Seat) Sit(ctx context.Context, e media.Endpoint, keys *media.Keys) error {
	defer s.Leave()
	return s.Stay(ctx, e, keys)
}

// Stay is Sit, but the seat is kept: another endpoint may go on in it.
func (s *Seat) Stay(ctx context.Context, e media.Endpoint, keys *media.Keys) error {
	for {
		waits, over := s.place()
		var err error
		switch {
		case over != nil:
			s.farewell(ctx, e, keys, over.say)
			return over.why
		case waits != "":
			err = s.wait(ctx, e, keys, waits)
		default:
			err = s.talk(ctx, e, keys)
		}
		if errors.Is(err, errLeft) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// place is what he waits for, "" for nothing, or why he has to go.
func (s *Seat) place() (waits string, over *ending) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	return s.aim()
}

// aim is place; mu is held.
func (s *Seat) aim() (waits string, over *ending) {
	switch {
	case s.over != nil:
		return "", s.over
	case s.room.waiting():
		return promptWaitLeader, nil
	case len(s.room.seats) == 1 && s.room.set.Music != NoMusic:
		return promptAlone, nil
	}
	return "", nil
}

// wait lets him hear music.
func (s *Seat) wait(ctx context.Context, e media.Endpoint, keys *media.Keys, waits string) error {
	e.SetSink(keys)
	p := &player{seat: s, ctx: ctx, failed: make(chan error, 1)}
	p.clip = func(ctx context.Context, c Clip) error { return media.PlayClip(ctx, e, c.Name(), c) }
	p.after = func(ctx context.Context) error {
		if s.room.set.Music == NoMusic {
			<-ctx.Done()
			return nil
		}
		return s.room.rooms.o.Music.Play(ctx, e, s.room.set.Music)
	}
	defer p.hush()
	names := []string{waits}
	if before := s.takeFirst(); before != "" {
		names = []string{before, waits}
	}
	p.play(names...)
	return s.stay(ctx, keys, p, waits)
}

func (s *Seat) takeFirst() string {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	first := s.first
	s.first = ""
	return first
}

// talk lets him hear the others, and them him.
func (s *Seat) talk(ctx context.Context, e media.Endpoint, keys *media.Keys) error {
	mix, muted, deaf := s.enter()
	v := mix.Add(e, keys, muted, deaf)
	defer func() {
		s.quit()
		mix.Remove(v)
		e.SetSink(keys)
	}()
	s.heard(v)
	p := &player{seat: s, ctx: ctx, failed: make(chan error, 1)}
	p.clip = func(ctx context.Context, c Clip) error { return mix.Play(ctx, c, v) }
	defer p.hush()
	if muted && !s.greeted && !s.Untold {
		p.play(promptMuted)
	}
	s.greeted = true
	return s.stay(ctx, keys, p, "")
}

// enter is where he is mixed, and how.
func (s *Seat) enter() (mix Mix, muted, deaf bool) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	return s.room.mixing(), s.muted || s.held, s.deaf
}

// heard notes that he is v from now on, and tells the others that he has come.
func (s *Seat) heard(v Voice) {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.voice = v
	s.apply()
	if s.room.tape != nil {
		s.room.tape.Joined(s.Party)
	}
	if s.announced {
		s.announced = false
		s.room.tell(s.room.coming(s, true))
	}
}

// quit notes that he is not heard any more.
func (s *Seat) quit() {
	s.room.rooms.mu.Lock()
	defer s.room.rooms.mu.Unlock()
	s.voice = nil
}

// apply brings his voice up to date; mu is held.
func (s *Seat) apply() {
	if s.voice == nil {
		return
	}
	s.voice.Mute(s.muted || s.held)
	s.voice.Deafen(s.deaf)
	s.voice.SetGain(s.gain)
	s.voice.SetVolume(s.volume)
}

func (s *Seat) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// stay takes keys until he is to do something else than to wait for waits.
func (s *Seat) stay(ctx context.Context, keys *media.Keys, p *player, waits string) error {
	patience := time.NewTimer(s.patience())
	defer patience.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-p.failed:
			return err
		case <-patience.C:
			if s.typed = ""; s.number != nil {
				s.dial(p)
			}
		case <-s.changed:
			if told := s.takeTold(); told != "" {
				p.play(told)
			}
			if now, over := s.place(); over != nil || now != waits {
				return nil
			}
		case <-keys.Pressed():
			for {
				k, ok := keys.Take(media.Keypad)
				if !ok {
					break
				}
				if s.press(k, p) {
					return errLeft
				}
			}
			patience.Reset(s.patience())
		}
	}
}

// press takes a key, and reports whether he leaves by it.
func (s *Seat) press(k media.Key, p *player) (leaves bool) {
	mine := strings.IndexByte(s.trailing, k.Digit) >= 0 && !k.At.After(s.until)
	s.trailing = ""
	if mine {
		return false
	}
	if s.number != nil {
		s.dialKey(k.Digit, p)
		return false
	}
	s.typed += string(k.Digit)
	does, more := s.room.keys.find(s.typed)
	if more {
		return false
	}
	s.typed = ""
	return does != "" && s.do(does, p)
}

// farewell tells him why he has to go.
func (s *Seat) farewell(ctx context.Context, e media.Endpoint, keys *media.Keys, name string) {
	e.SetSink(keys)
	if name == "" {
		return
	}
	ctx, stop := context.WithTimeout(ctx, goodbye)
	defer stop()
	for _, clip := range s.room.rooms.clips(s.Language, news{names: []string{name}}) {
		_ = media.PlayClip(ctx, e, clip.Name(), clip) // he goes in any case
		_ = clip.Close()
	}
}
