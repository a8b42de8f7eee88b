package music

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"dialtone/media"
)

// Default is the class of who names none. It exists always: without a definition it is
// the built-in music.
const Default = "default"

// Class is where music comes from: a folder, a live stream, or neither: the built-in
// music.
type Class struct {
	Folder   string
	Shuffled bool   // in another order each time, else by name
	URL      string // of a live stream: MP3, or Ogg with Opus, Vorbis or FLAC
}

// Options of a Service.
type Options struct {
	Log *slog.Logger
	// Client fetches live streams; nil is one with time limits that fit.
	Client *http.Client
}

// Service plays music of all classes.
type Service struct {
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	classes map[string]Class
	streams map[string]*stream // by class; those that were ever heard
	closed  bool
	ctx     context.Context //nolint:containedctx // the life of the streams
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New makes a service that knows the built-in music. It must be closed.
func New(o Options) *Service {
	s := &Service{log: o.Log, client: o.Client, streams: map[string]*stream{}}
	if s.client == nil {
		s.client = radioClient()
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Configure says which classes there are from now on. Those who listen to one that
// has changed hear the new music at once, after a short crossfade.
func (s *Service) Configure(classes map[string]Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.classes = maps.Clone(classes)
	for name, st := range s.streams {
		st.setClass(s.classes[name])
	}
}

// Play lets e hear music of a class until ctx is done, and returns the cause of that.
// A class that does not exist is Default. It fails with a *media.NoCommonCodecError
// when e accepts no codec that can be encoded here. Nothing is sent to e any more when
// it returns.
func (s *Service) Play(ctx context.Context, e media.Endpoint, class string) error {
	if _, err := media.Playable(e); err != nil {
		return err
	}
	st, name := s.stream(class)
	if h, ok := e.(media.Hearer); ok {
		heard := "music"
		if name != Default {
			heard += " " + name
		}
		defer h.Hear(heard)()
		<-ctx.Done()
		return context.Cause(ctx)
	}
	l := st.join(e)
	defer st.leave(l)
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-l.failed:
		return err
	case <-s.ctx.Done():
		<-ctx.Done() // whoever listens is about to leave
		return context.Cause(ctx)
	}
}

// stream gives the stream of a class, and which class that is.
func (s *Service) stream(class string) (*stream, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.classes[class]; !ok {
		class = Default
	}
	st := s.streams[class]
	if st == nil {
		st = newStream(s, class, s.classes[class])
		s.streams[class] = st
	}
	return st, class
}

// start runs f in a goroutine of the service; false when that is closed.
func (s *Service) start(f func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(func() { f(s.ctx) })
	return true
}

// Close ends all streams and waits for them.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.streams {
		st.feed.close()
	}
}

// Status is how a class fares.
type Status struct {
	Class     string
	Source    string // built-in, the folder or the URL
	Playing   string // the file that is heard now, or what is heard instead
	Listeners int
	Encodings []string // such as PCMA/8000, of those that are made now
	Problem   string   // why the source is not heard, "" when nothing is wrong
	Credits   string   // what CREDITS.txt of the folder says
	// What was done for it since the start.
	Decoded time.Duration // of audio
	Encodes uint64        // frames
	Dry     uint64        // frames of silence, because nothing was there in time
}

// Status lists all classes by name.
func (s *Service) Status() []Status {
	s.mu.Lock()
	names := slices.Collect(maps.Keys(s.classes))
	if !slices.Contains(names, Default) {
		names = append(names, Default)
	}
	classes, streams := maps.Clone(s.classes), maps.Clone(s.streams)
	s.mu.Unlock()
	slices.Sort(names)
	out := make([]Status, 0, len(names))
	for _, name := range names {
		c := classes[name]
		st := Status{Class: name, Source: c.source(), Credits: credits(c.Folder)}
		if running := streams[name]; running != nil {
			running.status(&st)
		}
		out = append(out, st)
	}
	return out
}

// builtIn is what the music that is made here is called.
const builtIn = "built-in"

func (c Class) source() string {
	switch {
	case c.Folder != "":
		return c.Folder
	case c.URL != "":
		return redacted(c.URL)
	}
	return builtIn
}
