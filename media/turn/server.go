package turn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/turn/v5"
)

// Settings are looked at whenever somebody asks for something.
type Settings struct {
	Secret string // that passwords are made of; without one nobody is let in
	Realm  string
	// Allocations is how many relayed addresses there may be, PerUser how many those of one
	// user: browsers want one for each address of theirs, and each way to the relay.
	Allocations, PerUser int
	// Rate is how many bytes a second go through one of them, each way.
	Rate int
	// Failures is how many wrong credentials of one source are answered in ten minutes.
	Failures int
}

// Far is what the relay reaches.
type Far interface {
	// Ours says whether an address is one of this program's, as browsers are told.
	Ours(peer netip.Addr) bool
	// Open begins a way to peer, an address and port of ours, for who is shown as relayed.
	// It is false when there is nothing at that port. Answers go to out.
	Open(relayed, peer netip.AddrPort, out func(b []byte) bool) (Way, bool)
}

// Way leads to one address of ours.
type Way interface {
	// Received takes a datagram. It is called by one goroutine at a time.
	Received(b []byte)
	Close()
}

// Options are what a Server works with; all are needed.
type Options struct {
	Settings func() Settings // those of now
	Far      Far
	Log      *slog.Logger
}

// Server is the relay.
type Server struct {
	Options
	failures failures
	tasks    sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.PacketConn]struct{} // what is served
	total  int                         // of all relayed addresses
	users  map[string]int              // of each user
}

// New makes a Server, which serves what it is given.
func New(o Options) *Server {
	return &Server{Options: o, open: map[net.PacketConn]struct{}{}, users: map[string]int{}}
}

// ErrClosed says that the server has been closed.
var ErrClosed = errors.New("the relay is closed")

// ServeConn serves a connection over TCP or TLS until it closes, or the server does. It
// closes conn.
func (s *Server) ServeConn(conn net.Conn) error { return s.serve(newStream(conn)) }

// ListenUDP serves UDP at an address until ctx ends, or the server is closed. It returns
// when the address is bound.
func (s *Server) ListenUDP(ctx context.Context, at string) error {
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", at)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.Join(ErrClosed, conn.Close())
	}
	d := newDatagrams(conn.(*net.UDPConn))
	stop := context.AfterFunc(ctx, func() { _ = d.Close() })
	s.tasks.Go(func() {
		defer stop()
		if err := s.serve(d); err != nil && !errors.Is(err, ErrClosed) {
			s.Log.Error("the relay has stopped at one address", "address", at, "error", err)
		}
	})
	return nil
}

// Close ends all that is served, and waits until that is done.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.tasks.Wait()
}

// line is what clients come by: one connection, or a port that many share.
type line interface {
	net.PacketConn
	// done is closed when nothing is read any more.
	done() <-chan struct{}
	// hold says whether a client has a relayed address: who has none is not trusted.
	hold(client netip.AddrPort, has bool)
	// refuse is for who sends too much that is wrong: no answer is sent to source.
	refuse(source net.Addr)
}

// serve has the library serve a line. Each has a server of the library's own: what belongs
// to a connection goes with it.
func (s *Server) serve(l line) error {
	defer func() { _ = l.Close() }()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.open[l] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, l)
	}()
	d := &door{server: s, line: l, realm: s.Settings().Realm, relays: map[netip.AddrPort]*relay{}}
	one, err := turn.NewServer(turn.ServerConfig{
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: l, RelayAddressGenerator: d, PermissionHandler: d.permit}},
		LoggerFactory:     silent{}, Realm: d.realm, AuthHandler: d.authenticate, QuotaHandler: d.room,
		EventHandler: turn.EventHandler{OnAuth: d.checked, OnChannelCreated: d.channel},
	})
	if err != nil {
		return fmt.Errorf("serve a client of the relay: %w", err)
	}
	<-l.done()
	_ = one.Close() // what it would say is that l is closed
	d.close()
	return nil
}

// take counts a relayed address of a user, unless there are too many.
func (s *Server) take(user string) bool {
	now := s.Settings()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.total >= now.Allocations || s.users[user] >= now.PerUser {
		return false
	}
	s.total++
	s.users[user]++
	return true
}

// full says whether take would fail.
func (s *Server) full(user string) bool {
	now := s.Settings()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.total >= now.Allocations || s.users[user] >= now.PerUser
}

func (s *Server) give(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.users[user]--; s.users[user] <= 0 {
		delete(s.users, user)
	}
}

// Allocations are how many relayed addresses there are now.
func (s *Server) Allocations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Credential is for a user, good until then.
func (s *Server) Credential(user string, until time.Time) (username, password string) {
	username = Username(user, until)
	return username, Password(s.Settings().Secret, username)
}
