package call

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/conference"
	"dialtone/storage"
)

// Records keeps the record of a call that ended. AddCDR returns when it is
// durable.
type Records interface {
	AddCDR(storage.CDR) error
}

// Switchboard knows the calls in progress and admits new ones. One mutex guards
// what it counts; it is never held while calling out.
type Switchboard struct {
	dialer     Dialer
	plan       func() *dialplan.Plan
	config     func() *config.Config
	records    Records
	guard      Guard
	lists      dialplan.Lists
	own        Settings
	web        dialplan.Web
	speech     Speech
	hearing    Hearing
	music      Music
	rooms      *conference.Rooms
	voicemail  Voicemail
	recordings Recordings
	outbox     dialplan.Outbox
	guesses    *guesses
	menus      *menuCounts
	log        *slog.Logger
	shuffle    func(n int, swap func(i, j int))
	now        func() time.Time
	stalled    func() time.Duration

	running sync.WaitGroup
	checks  checks
	mu      sync.Mutex
	calls   map[string]*Call
	parked  map[string]parkedIn // by slot
	busy    map[string]int      // calls by extension, as caller and as callee
	total   uint64
	// refusals are records of refused calls that are being written.
	refusals int
	closing  bool
	idle     chan struct{} // closed when closing and no call is left

	watchers watchers
}

// Options are the parts that a Switchboard works with; all but Guard, Lists, Web,
// Speech, Hearing, Music, Voicemail, Recordings, Outbox, Shuffle, Now and Stalled are required.
type Options struct {
	Dialer  Dialer
	Plan    func() *dialplan.Plan
	Config  func() *config.Config
	Records Records
	// Guard permits calls to the outside; nil permits none but in an emergency.
	Guard Guard
	Log   *slog.Logger
	// Lists are those that callers are compared with; nil is none.
	Lists dialplan.Lists
	// Settings are those of extensions; nil is none.
	Settings Settings
	// Web answers requests of the step http; nil answers none.
	Web dialplan.Web
	// Speech speaks the texts of the step say; nil speaks none.
	Speech Speech
	// Hearing understands what callers say in menus; nil does not.
	Hearing Hearing
	// Music is for who waits; nil is the built-in music.
	Music Music
	// Mix makes the audio of a conference; nil is a mixer.
	Mix func() conference.Mix
	// Voicemail takes and gives messages; nil does not.
	Voicemail Voicemail
	// Recordings makes recordings; nil makes none.
	Recordings Recordings
	// Outbox takes webhooks and mail; nil sends none.
	Outbox dialplan.Outbox
	// Shuffle orders what rings in random order; nil is at random.
	Shuffle func(n int, swap func(i, j int))
	// Now is the clock of the dialplan; nil is that of the machine.
	Now func() time.Time
	// Stalled is for how long we did not run in time since the start, while there were calls;
	// nil is never.
	Stalled func() time.Duration
}

// NewSwitchboard returns a Switchboard without calls.
func NewSwitchboard(o Options) *Switchboard {
	if o.Music == nil {
		o.Music = builtIn{}
	}
	if o.Stalled == nil {
		o.Stalled = func() time.Duration { return 0 }
	}
	s := &Switchboard{
		dialer: o.Dialer, plan: o.Plan, config: o.Config, records: o.Records, log: o.Log,
		guard: o.Guard, lists: o.Lists, own: o.Settings, web: o.Web, speech: o.Speech, hearing: o.Hearing, music: o.Music, voicemail: o.Voicemail, recordings: o.Recordings, outbox: o.Outbox, shuffle: o.Shuffle, now: o.Now, stalled: o.Stalled,
		calls: map[string]*Call{}, busy: map[string]int{}, idle: make(chan struct{}), guesses: newGuesses(), menus: newMenuCounts(),
	}
	s.rooms = conference.New(conference.Options{Settings: s.conference, Open: s.clip, Record: s.record, Music: o.Music, Mix: o.Mix, Call: s.invite, Log: o.Log})
	return s
}

// Accept starts a call for a caller, or says why it does not; then the leg is
// still the caller's to refuse.
func (s *Switchboard) Accept(leg Inbound, facts dialplan.Facts) *dialplan.Ended {
	if facts.Extension != "" && (facts.To == CheckLine || facts.Extension == CheckCaller) {
		return s.checked(leg, facts)
	}
	if facts.CallID == "" {
		facts.CallID = newCallID()
	}
	c := newCall(s, leg, facts, nil)
	return s.admit(c)
}

func newCallID() string { return strings.ToLower(rand.Text()[:12]) }

// maxRefused bounds the records of refused calls that wait for the disk.
const maxRefused = 256

// refused keeps the record of a call that was not admitted; s.mu is held.
func (s *Switchboard) refused(c *Call, e *dialplan.Ended) *dialplan.Ended {
	if s.refusals >= maxRefused {
		c.log.Warn("call refused, no record is kept: too many wait for the disk", "from", c.facts.From, "to", c.facts.To, "cause", e.Cause.String())
		return e
	}
	s.refusals++
	s.running.Go(func() {
		c.record(e)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refusals--
	})
	return e
}

// admit counts c and starts it, both before Close can look for calls.
func (s *Switchboard) admit(c *Call) *dialplan.Ended {
	cfg := s.config()
	emergency := c.facts.Extension != "" && s.plan().Emergency(c.facts.To)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return &dialplan.Ended{Cause: dialplan.CauseShutdown}
	}
	if emergency { // no limit keeps it out
		if c.counts != "" {
			s.busy[c.counts]++
		}
		return s.start(c)
	}
	if len(s.calls) >= cfg.Calls.Max {
		return s.refused(c, &dialplan.Ended{Cause: dialplan.CauseCallLimit, Detail: fmt.Sprintf("%d calls are up, calls.max allows no more", len(s.calls))})
	}
	if e := s.take(c.counts, cfg, false); e != nil {
		return s.refused(c, &dialplan.Ended{Cause: dialplan.CauseCallLimit, Status: 486, Detail: e.Detail})
	}
	return s.start(c)
}

// start lets an admitted call run; s.mu is held.
func (s *Switchboard) start(c *Call) *dialplan.Ended {
	s.calls[c.id] = c
	defer s.touched()
	s.total++
	s.running.Go(c.run)
	return nil
}

// take counts one more call of extension; s.mu is held. The empty extension has
// no limit.
func (s *Switchboard) take(extension string, cfg *config.Config, one bool) *dialplan.Ended {
	if extension == "" {
		return nil
	}
	limit := cfg.Extensions[extension].CallLimit()
	if one && s.busy[extension] > 0 {
		return &dialplan.Ended{Cause: dialplan.CauseBusy, Status: 486, Detail: "extension " + extension + " is in a call, and its call waiting is off"}
	}
	if s.busy[extension] >= limit {
		return &dialplan.Ended{Cause: dialplan.CauseBusy, Status: 486, Detail: fmt.Sprintf("extension %s has %d calls, max_calls allows no more", extension, limit)}
	}
	s.busy[extension]++
	return nil
}

// reserve counts a call to extension until release is called.
func (s *Switchboard) reserve(extension string) (release func(), err error) {
	one := s.settings(extension).NoWaiting
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.take(extension, s.config(), one); e != nil {
		return nil, e
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free(extension)
	}, nil
}

func (s *Switchboard) free(extension string) {
	if extension == "" {
		return
	}
	if s.busy[extension]--; s.busy[extension] <= 0 {
		delete(s.busy, extension)
	}
}

// Busy implements dialplan.Phones.
func (s *Switchboard) Busy(extension string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy[extension] > 0
}

// Registered implements dialplan.Phones: an extension that does not want to be
// disturbed counts as one.
func (s *Switchboard) Registered(extension string) bool {
	_, err := s.dialer.Contacts(extension)
	var e *dialplan.Ended
	return err == nil || errors.As(err, &e) && e.Cause == dialplan.CauseDoNotDisturb
}

func (s *Switchboard) forget(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
	defer s.touched()
	s.free(c.counts)
	if s.closing && len(s.calls) == 0 {
		close(s.idle)
	}
}

// Calls lists the calls in progress, oldest first.
func (s *Switchboard) Calls() []Snapshot {
	s.mu.Lock()
	calls := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	list := make([]Snapshot, 0, len(calls))
	for _, c := range calls {
		list = append(list, c.snapshot())
	}
	slices.SortFunc(list, func(a, b Snapshot) int { return a.Start.Compare(b.Start) })
	return list
}

// Len is how many calls are in progress.
func (s *Switchboard) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// Checks is how many calls to CheckLine there are.
func (s *Switchboard) Checks() int {
	s.checks.mu.Lock()
	defer s.checks.mu.Unlock()
	return s.checks.total
}

// Total is how many calls there have been since the start.
func (s *Switchboard) Total() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Hangup ends the call with that id and reports whether there was one.
func (s *Switchboard) Hangup(id string, why *dialplan.Ended) bool {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c != nil {
		c.end(why)
	}
	return c != nil
}

// Drain refuses new calls and waits until those in progress have ended by
// themselves or ctx is done.
func (s *Switchboard) Drain(ctx context.Context) error {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		if len(s.calls) == 0 {
			close(s.idle)
		}
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends every call and waits until all are recorded.
func (s *Switchboard) Close() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Drain(ended)
	s.mu.Lock()
	for _, c := range s.calls {
		c.end(&dialplan.Ended{Cause: dialplan.CauseShutdown})
	}
	s.mu.Unlock()
	s.checks.close()
	s.running.Wait()
	s.rooms.Wait()
}

// Snapshot is a call as lists show it.
type Snapshot struct {
	ID       string
	From, To string
	FromName string
	State    State
	Route    string
	Start    time.Time
	Answer   time.Time // zero before
	Legs     []LegSnapshot
}
