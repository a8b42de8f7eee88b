// Package sipevents tells phones of what they have subscribed to (RFC 6665): what
// extensions do (dialog, RFC 4235, and presence, RFC 3856; of several together, RFC 4662),
// the messages they have (message-summary, RFC 3842), and what the keys of phones for do
// not disturb and forwarding are to show (as-feature-event). It takes what phones publish
// of whoever uses them (PUBLISH, RFC 3903).
//
// What a NOTIFY says is looked up in the moment in which it is sent, and compared with
// what the phone has confirmed: events only say that something may be different.
// Nothing can be missed or come in the wrong order, and a phone that could not be
// reached is told everything when it can.
//
// Subscriptions are in the store before they are confirmed. After a restart each phone
// is told how things are now, in the dialog that it knows.
package sipevents

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

const (
	answerWithin  = 10 * time.Second
	maxOfOne      = 1000  // subscriptions of one extension
	maxSame       = 20    // of one extension to the same
	maxAll        = 20000 // of all
	minExpires    = time.Minute
	normalExpires = time.Hour
	saveEvery     = time.Second

	// interval is the shortest time between two NOTIFYs of a subscription: the first
	// change is told at once, what follows it together.
	interval = 500 * time.Millisecond
	// A phone that does not answer is tried again after firstRetry, then after twice
	// that, and so on up to lastRetry.
	firstRetry, lastRetry = 5 * time.Second, 2 * time.Minute
	// perSecond is how many are told in a second after a restart.
	perSecond = 500
	// afterRestart is added to the CSeq that was written, since when there were more.
	afterRestart = 1 << 16
)

// Edge is what is needed of a *sipedge.Edge.
type Edge interface {
	Handle(sip.RequestMethod, sipedge.Handler)
	Request(context.Context, *sip.Request, sipedge.Flow) (sip.ClientTransaction, error)
	ContactURI(flow sipedge.Flow, user string) sip.Uri
}

// Store keeps subscriptions; see storage.Store.
type Store interface {
	Subscriptions() ([]storage.Subscription, error)
	SaveSubscriptions(changed []storage.Subscription, removed []string) error
}

// Options are what a Service works with; all are needed.
type Options struct {
	Edge      Edge
	Auth      *sipauth.Authenticator
	Registrar *registrar.Registrar
	Store     Store
	Config    func() *config.Config
	Log       *slog.Logger
}

// Package is one kind of events.
type Package struct {
	Event       string
	ContentType string
	// Find is what an extension watches that subscribes to a user; refused is the
	// status to refuse it with, 0 for none.
	Find func(subscriber, user string) (resource string, refused int)
	// State is how a resource is right now.
	State func(resource string) (State, error)
	// Members are the resources of a list, nil when there is none of that name or the
	// package has no lists.
	Members func(list string) []string
	// Read understands the body of a SUBSCRIBE: what kind of thing it sets, and how. Nil
	// ignores bodies.
	Read func(contentType string, body []byte) (kind string, set func(subscriber string), err error)
}

// State is how a resource is at one moment.
type State interface {
	Same(State) bool
	// Body says it to a phone that was told before, nothing when that is nil.
	Body(before State, version uint32) []byte
}

// Speaker is a State that is not always told in a body of its package's type.
type Speaker interface {
	State
	Say(before State, version uint32, multipart bool) Saying
}

// Settable is a State of which phones set things.
type Settable interface {
	State
	// Without is the same without what was set.
	Without(kind string) State
}

// Saying is what a NOTIFY says.
type Saying struct {
	ContentType string
	Body        []byte
	// Knows is what the phone knows then; when that is not all, it is told the rest.
	Knows State
}

// topic is a resource of a package.
type topic struct{ event, resource string }

// Service has the subscriptions. It is safe for concurrent use.
type Service struct {
	Options
	packages map[string]*Package
	parts    []func(context.Context) // that run as long as the service
	events   <-chan registrar.Event
	unlisten func()
	moved    []func(registrar.Event) // told of phones that come and go
	sending  sync.WaitGroup

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // that of Run; nil before
	subs    map[string]*subscription
	topics  map[topic]map[*subscription]struct{}
	owned   map[string]map[*subscription]struct{} // by subscriber
	load    int                                   // resources of all subscriptions
	removed []string                              // that are still in the store
}

// New takes over SUBSCRIBE from the edge; call it before the edge runs. Packages are
// added, then Restore is called, before that, too.
func New(o Options) *Service {
	s := &Service{
		Options: o, packages: map[string]*Package{}, subs: map[string]*subscription{},
		topics: map[topic]map[*subscription]struct{}{}, owned: map[string]map[*subscription]struct{}{},
	}
	s.events, s.unlisten = o.Registrar.Subscribe()
	o.Edge.Handle(sip.SUBSCRIBE, s.serve)
	return s
}

// Add adds a package.
func (s *Service) Add(p Package) { s.packages[p.Event] = &p }

// allowed names the packages.
func (s *Service) allowed() string {
	var names []string
	for name := range s.packages {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Restore takes up the subscriptions that the store has. Their phones are told when Run
// runs.
func (s *Service) Restore() error {
	all, err := s.Store.Subscriptions()
	if err != nil {
		return err
	}
	s.mu.Lock()
	now := time.Now()
	var kept []storage.Subscription
	for i := range all {
		u, err := restored(&all[i])
		if err != nil || !now.Before(u.expires) || s.packages[u.event] == nil {
			s.removed = append(s.removed, all[i].ID)
			continue
		}
		u.members = s.members(u)
		u.notBefore = now.Add(time.Duration(len(kept)) * time.Second / perSecond)
		s.keep(u)
		kept = append(kept, u.stored())
	}
	s.mu.Unlock()
	s.save(kept) // the next restart begins where this one does
	return nil
}

// Run tells phones until ctx ends. It is called once.
func (s *Service) Run(ctx context.Context) error {
	defer s.unlisten()
	s.mu.Lock()
	s.ctx = ctx
	for _, u := range s.subs {
		s.plan(u)
	}
	s.mu.Unlock()
	s.Recheck()
	var parts sync.WaitGroup
	for _, run := range s.parts {
		parts.Go(func() { run(ctx) })
	}
	saving := time.NewTicker(saveEvery)
	defer saving.Stop()
	for ctx.Err() == nil {
		select {
		case e := <-s.events:
			s.comes(e)
		case <-saving.C:
			s.save(nil)
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	for _, u := range s.subs {
		u.timer.Stop()
	}
	s.mu.Unlock()
	s.sending.Wait()
	parts.Wait()
	s.save(nil)
	return nil
}

// comes tells the parts of a phone that has registered, or has gone, and tries again to
// tell it what it could not be told.
func (s *Service) comes(e registrar.Event) {
	for _, tell := range s.moved {
		tell(e)
	}
	if e.Kind != registrar.Registered && e.Kind != registrar.Moved && e.Kind != registrar.Answers {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for u := range s.owned[e.Contact.Extension] {
		if u.failed > 0 {
			u.notBefore = time.Time{}
			s.plan(u)
		}
	}
}

// save writes what has changed, and deletes what is over.
func (s *Service) save(changed []storage.Subscription) {
	s.mu.Lock()
	removed := s.removed
	s.removed = nil
	s.mu.Unlock()
	if len(changed)+len(removed) == 0 {
		return
	}
	if err := s.Store.SaveSubscriptions(changed, removed); err != nil {
		s.Log.Error("subscriptions of phones are not kept: after a restart their lamps are late", "error", err)
		s.mu.Lock()
		s.removed = append(s.removed, removed...)
		s.mu.Unlock()
	}
}

// Changed says that a resource may be different. It does not block.
func (s *Service) Changed(event, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for u := range s.topics[topic{event, resource}] {
		u.stale = true
		s.plan(u)
	}
}

// Watched are the resources of a package that somebody watches.
func (s *Service) Watched(events ...string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]bool{}
	for t := range s.topics {
		if slices.Contains(events, t.event) {
			out[t.resource] = true
		}
	}
	return out
}

// Len is how many subscriptions there are.
func (s *Service) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subs)
}

// Recheck ends the subscriptions that the configuration does not allow any more, and has
// the others told what it has changed.
func (s *Service) Recheck() {
	cfg := s.Config()
	s.mu.Lock()
	all := make([]*subscription, 0, len(s.subs))
	for _, u := range s.subs {
		all = append(all, u)
	}
	s.mu.Unlock()
	for _, u := range all {
		_, known := cfg.Extensions[u.subscriber]
		resource, list, refused := s.find(u.event, u.subscriber, u.resource)
		members := s.members(u)
		s.mu.Lock()
		switch {
		case u.over != "":
		case refused == sip.StatusNotFound:
			u.over = noResource
		case !known || refused != 0 || resource != u.resource || list != u.list:
			u.over = rejected
		default:
			u.stale = true
			if s.subs[u.key] == u && !slices.Equal(members, u.members) {
				s.index(u, false)
				u.members = members
				s.index(u, true)
			}
		}
		s.plan(u)
		s.mu.Unlock()
	}
}
