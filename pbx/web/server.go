package web

import (
	"context"
	"crypto/tls"
	"errors"
	"html/template"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"dialtone/pbx/files"
	"dialtone/pbx/personal"
)

// Server is the origin of the web phone.
type Server struct {
	Options
	page     *page
	trust    map[string]*template.Template // by language
	certs    *certificates
	sessions *sessions
	files    *files.Store
	people   *personal.Book
	events   *events
	logins   turns        // a turn for each password that is looked at
	waiting  atomic.Int32 // of those who log in
	searches turns        // a turn for each that goes through what is kept
	pictures turns        // a turn for each that is drawn anew
	refusals rarely       // of pages of other sites

	mu     sync.Mutex
	bound  map[string]net.Listener // by what web.listen says
	failed map[string]bool         // that the log was told of

	sockets *sockets
}

// New reads the page, the sessions and the certificate authority, which is made when it is
// not there.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, logins: make(turns, loginsAtOnce), searches: make(turns, searchesAtOnce), pictures: make(turns, drawnAtOnce), bound: map[string]net.Listener{}, failed: map[string]bool{}, sockets: newSockets()}
	var err error
	if s.page, err = readPage(o.Page); err != nil {
		return nil, err
	}
	if s.trust, err = readTrust(); err != nil {
		return nil, err
	}
	folder := filepath.Join(o.Data, "web")
	s.sessions = openSessions(filepath.Join(folder, "sessions.json"), o.Config, o.Log)
	if s.certs, err = openCertificates(folder, o.Config, o.Log); err != nil {
		return nil, err
	}
	if s.people, err = personal.Open(filepath.Join(folder, "people"), o.Log); err != nil {
		return nil, err
	}
	s.files, err = files.Open(files.Options{Folder: filepath.Join(o.Data, "files"), Config: o.Config, Log: o.Log, Changed: s.fileChanged})
	if err != nil {
		return nil, err
	}
	s.events = newEvents(s)
	return s, nil
}

const (
	bindAgain = 10 * time.Second
	farewell  = time.Second // for answers under way when the server stops
)

// Listen binds web.listen. What cannot be bound is told to the log and tried again by Run:
// telephones do not wait for the web phone.
func (s *Server) Listen(ctx context.Context) {
	for _, spec := range s.Config().Web.Listen {
		s.bind(ctx, spec)
	}
}

// bind binds one address unless it is bound; it returns the listener when it is new.
func (s *Server) bind(ctx context.Context, spec string) net.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bound[spec] != nil {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", spec)
	if err != nil {
		if !s.failed[spec] {
			s.Log.Error("the web phone cannot be reached; it is tried again", "address", spec, "error", err,
				"do", "set another address in web.listen, or [] to do without")
		}
		s.failed[spec] = true
		return nil
	}
	if s.failed[spec] {
		s.Log.Info("the web phone can be reached again", "address", spec)
	}
	s.bound[spec], s.failed[spec] = l, false
	return l
}

// Addresses are those that are bound.
func (s *Server) Addresses() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []netip.AddrPort
	for _, spec := range s.Config().Web.Listen {
		if l := s.bound[spec]; l != nil {
			if a, ok := l.Addr().(*net.TCPAddr); ok {
				list = append(list, netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port()))
			}
		}
	}
	return list
}

// Reload takes a new configuration; the certificate in use stays when the new one cannot
// be used.
func (s *Server) Reload() error {
	s.sessions.recheck()
	s.events.look()
	s.events.tellAll(peopleNews)
	return s.certs.load()
}

// Close gives up what Listen has bound, when Run is not going to be called.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.bound {
		_ = l.Close()
	}
}

// Run serves until ctx ends, and waits for those whom it serves.
func (s *Server) Run(ctx context.Context) error {
	if len(s.Config().Web.Listen) == 0 {
		<-ctx.Done()
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	servers := s.servers(ctx)
	var tasks sync.WaitGroup
	tasks.Go(func() { s.sessions.run(ctx) })
	tasks.Go(func() { s.events.run(ctx) })
	tasks.Go(func() { s.files.Run(ctx) })
	tasks.Go(func() { s.certs.run(ctx) })
	tasks.Go(func() { s.certs.acme.run(ctx) })
	in := s.entrance(servers[0].TLSConfig)
	serve := func(l net.Listener) { tasks.Go(func() { in.serve(ctx, l, s.Log) }) }
	s.mu.Lock()
	for _, l := range s.bound {
		serve(l)
	}
	s.mu.Unlock()
	tasks.Go(func() { s.report(servers[0].Serve(in.secure)) })
	tasks.Go(func() { s.report(servers[1].Serve(in.plain)) })
	tasks.Go(func() { s.bindLater(ctx, serve) })
	<-ctx.Done()
	s.Close()
	in.close()
	last, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	for _, one := range servers {
		if one.Shutdown(last) != nil {
			_ = one.Close()
		}
	}
	tasks.Wait()
	in.wait()
	s.sockets.close()
	return nil
}

func (s *Server) report(err error) {
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.Log.Error("the web phone has stopped", "error", err)
	}
}

// bindLater tries what could not be bound, until ctx ends.
func (s *Server) bindLater(ctx context.Context, serve func(net.Listener)) {
	again := time.NewTicker(bindAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		for _, spec := range s.Config().Web.Listen {
			if l := s.bind(ctx, spec); l != nil {
				serve(l)
			}
		}
	}
}

// entrance is where all come in.
func (s *Server) entrance(t *tls.Config) *entrance {
	in := newEntrance(s.Edge.Allowed)
	in.trusted = s.isProxy
	in.relaying = relaying{tls: t, log: s.Log}
	if s.Relay != nil {
		in.relaying.serve = s.Relay.ServeConn
	}
	return in
}

// servers are the one for https, and the one that sends others there.
func (s *Server) servers(ctx context.Context) [2]*http.Server {
	one := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler: h, ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
			TLSConfig:   s.tls(),
			HTTP2:       &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: pingEvery, PingTimeout: pongWithin, WriteByteTimeout: answerTime},
			BaseContext: func(net.Listener) context.Context { return ctx },
			ErrorLog:    log.New(quiet{s.Log}, "", 0),
		}
	}
	return [2]*http.Server{one(s.guard(s.routes())), one(http.HandlerFunc(toHTTPS))}
}

// quiet puts what net/http complains of, such as handshakes that fail, into the log for
// those who look closely.
type quiet struct{ log *slog.Logger }

func (q quiet) Write(b []byte) (int, error) {
	q.log.Debug("web", "complaint", string(b))
	return len(b), nil
}
