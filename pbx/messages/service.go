// Package messages keeps what extensions write to each other, and gives it to their phones:
// a message is on the disk before its sender hears that it was taken, each phone gets it
// once, and those of an extension that is away get it in order when they register. It knows
// no SIP.
//
// A message is due to a phone that has not had it and that either was known when it came,
// or gets it because no other phone has. A phone is known by the name that it gives itself
// (+sip.instance); one that gives none is new each time it comes back after it expired.
package messages

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/registrar"
	"dialtone/storage"
)

const (
	sendFor    = 10 * time.Second // one try with one phone
	patience   = 3 * time.Second  // of a sender, for the word of a phone
	retryEvery = 15 * time.Second // phones that did not answer
	pruneEvery = time.Hour
	leastLife  = 10 * time.Second // of a message, whatever its sender asks for
	maxSending = 64               // phones that are sent to at the same time
	maxTries   = 5                // of a phone that stumbles over it (5xx)
	maxDevices = 20               // of one extension
)

// Store is what is needed of storage.
type Store interface {
	Texts(f storage.TextFilter, yield func(storage.Text) bool) error
	SaveTexts(...storage.Text) error
	ChangeText(id string, change func(*storage.Text)) error
	DeleteTexts(ids ...string) error
	Devices() ([]storage.Device, error)
	SaveDevices(changed, removed []storage.Device) error
}

// Registrar is what is needed of a *registrar.Registrar.
type Registrar interface {
	Lookup(extension string) []registrar.Contact
	All() []registrar.Contact
	Subscribe() (events <-chan registrar.Event, stop func())
}

// Send sends a message to a phone and gives the status of its answer; the error says why
// there was none.
type Send func(ctx context.Context, to registrar.Contact, t *storage.Text) (status int, err error)

// Options are what a Service works with; all are needed.
type Options struct {
	Store     Store
	Registrar Registrar
	Config    func() *config.Config
	Plan      func() *dialplan.Plan
	Webhook   func(dialplan.Notice) error
	Log       *slog.Logger
}

// Service keeps and delivers messages. It is safe for concurrent use.
type Service struct {
	Options
	events <-chan registrar.Event
	stop   func() // the events
	watch  func(extensions ...string)
	work   sync.WaitGroup

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // is the life of Run, nil before it
	send    Send
	stopped bool
	last    int64    // of the last id, in microseconds
	all     []*entry // all that are kept, by id
	boxes   map[string]*box
	sending int
	later   map[string]bool // extensions that wait for a place among those sending
	devices map[string]map[string]*storage.Device
	unsaved map[*storage.Device]bool
	rates   map[string]*rate
	origins origins
}

// entry is what is known of a message without reading it. Service.mu guards it.
type entry struct {
	id, extension string
	at, expires   time.Time
	had           []string // the phones that have said their last word
	taken         bool     // by one of them
	tries         map[string]int
	first         *first // nil once nobody waits for it
}

// first is how the first tries of a message go, for its sender.
type first struct {
	phones  int             // that are tried
	left    map[string]bool // of which nothing was heard yet
	refused int             // that never will take it
	status  int             // with which
	settled chan struct{}
	over    bool
}

// box is what waits for an extension.
type box struct {
	entries []*entry         // by id; none that is over
	busy    map[string]*work // phones that are being sent to
}

// work is one phone that is being sent to.
type work struct{ again bool }

// Watch has f called for who has part in a message that was kept, or that a phone has
// answered. It is called before Run.
func (s *Service) Watch(f func(extensions ...string)) { s.watch = f }

func (s *Service) changed(extensions ...string) {
	if s.watch != nil {
		s.watch(extensions...)
	}
}

// Recipients are who gets what an extension writes to a number; refusal is why nobody may.
func (s *Service) Recipients(from, to string) (extensions []string, refusal string) {
	d := s.Plan().Message(from, to)
	return d.Deliver, d.Refuse
}

// Open reads what is kept. From now on the service knows who registers.
func Open(o Options) (*Service, error) {
	s := &Service{
		Options: o, boxes: map[string]*box{}, later: map[string]bool{},
		devices: map[string]map[string]*storage.Device{}, unsaved: map[*storage.Device]bool{}, rates: map[string]*rate{},
	}
	s.origins = newOrigins(time.Now())
	known, err := o.Store.Devices()
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	for _, d := range known {
		s.of(d.Extension)[d.Name] = &d
	}
	err = o.Store.Texts(storage.TextFilter{}, func(t storage.Text) bool {
		s.load(&t)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	slices.Reverse(s.all) // they were read newest first
	for _, b := range s.boxes {
		slices.Reverse(b.entries)
	}
	s.events, s.stop = o.Registrar.Subscribe()
	return s, nil
}

// load takes up a message that was kept.
func (s *Service) load(t *storage.Text) {
	e := &entry{id: t.ID, extension: t.Extension, at: t.At, expires: t.Expires, taken: t.Taken()}
	for _, r := range t.Receipts {
		e.had = append(e.had, r.Device)
	}
	if t.Refused != 0 {
		e.expires = e.at
	}
	s.all = append(s.all, e)
	s.last = max(s.last, microseconds(t.ID))
	s.origins.load(t)
	if t.Extension != "" && time.Now().Before(e.expires) {
		b := s.box(t.Extension)
		b.entries = append(b.entries, e)
	}
}

// box is that of an extension; mu is held.
func (s *Service) box(extension string) *box {
	b := s.boxes[extension]
	if b == nil {
		b = &box{busy: map[string]*work{}}
		s.boxes[extension] = b
	}
	return b
}

// Run delivers until ctx ends, and waits for what it began. It is called once.
func (s *Service) Run(ctx context.Context, send Send) error {
	defer s.stop()
	s.mu.Lock()
	s.ctx, s.send = ctx, send
	s.mu.Unlock()
	for _, c := range s.Registrar.All() {
		s.seen(&c)
	}
	s.prune(time.Now())
	s.retry()
	retry, prune := time.NewTicker(retryEvery), time.NewTicker(pruneEvery)
	defer retry.Stop()
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			s.mu.Lock()
			s.stopped = true
			s.mu.Unlock()
			s.work.Wait()
			s.saveDevices()
			return nil
		case e := <-s.events:
			switch e.Kind {
			case registrar.Registered, registrar.Moved, registrar.Answers:
				s.seen(&e.Contact)
				s.kick(e.Contact.Extension)
			}
		case <-retry.C:
			s.saveDevices()
			s.retry()
		case now := <-prune.C:
			s.prune(now)
		}
	}
}

// running reports whether something may be sent; mu is held.
func (s *Service) running() bool { return s.ctx != nil && !s.stopped && s.ctx.Err() == nil }

// retry looks for everybody for whom something waits.
func (s *Service) retry() {
	now, contacts := time.Now(), s.registered()
	var list []string
	s.mu.Lock()
	for extension, b := range s.boxes {
		b.entries = slices.DeleteFunc(b.entries, func(e *entry) bool { return !now.Before(e.expires) || e.taken && !s.owed(e, contacts[extension]) })
		if len(b.entries) > 0 {
			list = append(list, extension)
		} else if len(b.busy) == 0 {
			delete(s.boxes, extension)
		}
	}
	s.mu.Unlock()
	for _, extension := range list {
		s.kick(extension)
	}
}

// Texts calls yield for each message that f fits, newest first, until yield says false.
func (s *Service) Texts(f storage.TextFilter, yield func(storage.Text) bool) error {
	return s.Store.Texts(f, yield)
}

// The states of a message.
const (
	StateWaits     = "waits"     // no phone has it yet
	StateDelivered = "delivered" // a phone has it
	StateRefused   = "refused"   // all phones that there were refused it
	StateExpired   = "expired"   // no phone has had it in time
	StateTold      = "told"      // it was for a webhook only
)

// StateOf says what has become of a message by now.
func StateOf(t *storage.Text, now time.Time) string {
	switch {
	case t.Extension == "":
		return StateTold
	case t.Taken():
		return StateDelivered
	case t.Refused != 0:
		return StateRefused
	case !now.Before(t.Expires):
		return StateExpired
	}
	return StateWaits
}
