// Package sipmwi lights the lamp of phones whose extension has messages (RFC 3842): it
// tells every registered phone without being asked, and those that subscribe
// (RFC 6665) in their dialog. What it says is counted in the moment in which it is sent.
package sipmwi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipauth"
	"dialtone/pbx/sipedge"
)

const (
	event       = "message-summary"
	contentType = "application/simple-message-summary"

	answerWithin  = 10 * time.Second
	maxTelling    = 64    // extensions that are told at the same time
	maxOfOne      = 20    // subscriptions of one extension
	maxAll        = 20000 // of all
	minExpires    = time.Minute
	normalExpires = time.Hour
	expiryCheck   = 10 * time.Second
)

// Edge is what is needed of a *sipedge.Edge.
type Edge interface {
	Handle(sip.RequestMethod, sipedge.Handler)
	Request(context.Context, *sip.Request, sipedge.Flow) (sip.ClientTransaction, error)
	ContactURI(flow sipedge.Flow, user string) sip.Uri
}

// Counts is how many messages a mailbox has.
type Counts struct{ New, Old, NewUrgent, OldUrgent int }

// Options are what a Service works with; all are needed.
type Options struct {
	Edge      Edge
	Auth      *sipauth.Authenticator
	Registrar *registrar.Registrar
	Config    func() *config.Config
	Counts    func(mailbox string) (Counts, error)
	Log       *slog.Logger
}

// Service tells phones. It is safe for concurrent use.
type Service struct {
	Options
	wake   chan struct{} // capacity 1
	events <-chan registrar.Event
	stop   func() // the events

	mu      sync.Mutex
	stale   map[string]bool // extensions whose phones are to be told
	telling map[string]bool // that are being told
	subs    subscriptions
}

// New takes over SUBSCRIBE from the edge; call it before the edge runs. From now on it
// knows who registers: nobody is overlooked who is faster than Run.
func New(o Options) *Service {
	s := &Service{Options: o, wake: make(chan struct{}, 1), stale: map[string]bool{}, telling: map[string]bool{}, subs: newSubscriptions()}
	s.events, s.stop = o.Registrar.Subscribe()
	o.Edge.Handle(sip.SUBSCRIBE, s.serve)
	return s
}

// Changed says that the messages of a mailbox are others. It does not block.
func (s *Service) Changed(mailbox string) {
	s.mu.Lock()
	s.stale[mailbox] = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run tells phones until ctx ends. It is called once.
func (s *Service) Run(ctx context.Context) error {
	defer s.stop()
	var telling sync.WaitGroup
	defer telling.Wait()
	expiry := time.NewTicker(expiryCheck)
	defer expiry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-s.events:
			if e.Kind == registrar.Registered || e.Kind == registrar.Moved {
				s.Changed(e.Contact.Extension)
			}
		case <-expiry.C:
			for _, u := range s.expired(time.Now()) {
				telling.Go(func() { s.notify(ctx, u) })
			}
		case <-s.wake:
		}
		for _, extension := range s.next() {
			telling.Go(func() {
				s.tell(ctx, extension)
				s.mu.Lock()
				delete(s.telling, extension)
				again := len(s.stale) > 0
				s.mu.Unlock()
				if again {
					select {
					case s.wake <- struct{}{}:
					default:
					}
				}
			})
		}
	}
}

// next takes extensions that are to be told and are not being told.
func (s *Service) next() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.stale {
		if len(s.telling) >= maxTelling {
			break
		}
		if !s.telling[e] {
			s.telling[e] = true
			delete(s.stale, e)
			list = append(list, e)
		}
	}
	return list
}

// tell tells the phones of an extension.
func (s *Service) tell(ctx context.Context, extension string) {
	if !s.Config().HasMailbox(extension) {
		return
	}
	var all sync.WaitGroup
	defer all.Wait()
	list, subscribed := s.of(extension)
	for _, u := range list {
		all.Go(func() { s.notify(ctx, u) })
	}
	for _, c := range s.Registrar.Lookup(extension) {
		if !subscribed[c.Peer] {
			all.Go(func() { s.unasked(ctx, &c) })
		}
	}
}

// body is what a mailbox has.
func (s *Service) body(mailbox string) (string, error) {
	c, err := s.Counts(mailbox)
	waiting := "no"
	if c.New > 0 {
		waiting = "yes"
	}
	cfg := s.Config()
	account := mailbox
	if cfg.Features.Voicemail != "" {
		account = cfg.Features.Voicemail
	}
	return fmt.Sprintf("Messages-Waiting: %s\r\nMessage-Account: sip:%s@%s\r\nVoice-Message: %d/%d (%d/%d)\r\n",
		waiting, account, cfg.SIP.Domain, c.New, c.Old, c.NewUrgent, c.OldUrgent), err
}

// unasked tells a phone that did not subscribe.
func (s *Service) unasked(ctx context.Context, c *registrar.Contact) {
	var target sip.Uri
	if err := sip.ParseUri(c.URI, &target); err != nil {
		return
	}
	flow := sipedge.Flow(c.Peer)
	own := sip.Uri{Scheme: "sip", User: c.Extension, Host: s.Config().SIP.Domain}
	req := sip.NewRequest(sip.NOTIFY, target)
	for _, p := range c.Path {
		req.AppendHeader(sip.NewHeader("Route", p))
	}
	from := &sip.FromHeader{Address: own}
	from.Params.Add("tag", randomID())
	callID := sip.CallIDHeader(randomID())
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: own})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.NOTIFY})
	status, err := s.send(ctx, req, flow, c.Extension, "terminated;reason=noresource")
	if err != nil || status >= 300 {
		s.Log.Debug("a phone does not want to know of messages", "extension", c.Extension, "phone", c.Peer.String(), "status", status, "error", err)
	}
}

var errTimeout = errors.New("no answer")

// send completes a NOTIFY, sends it, and gives the status of the answer.
func (s *Service) send(ctx context.Context, req *sip.Request, flow sipedge.Flow, mailbox, state string) (status int, err error) {
	body, err := s.body(mailbox)
	if err != nil {
		s.Log.Error("messages could not be counted", "mailbox", mailbox, "error", err)
		return 0, err
	}
	req.AppendHeader(&sip.ContactHeader{Address: s.Edge.ContactURI(flow, mailbox)})
	req.AppendHeader(sip.NewHeader("Event", event))
	req.AppendHeader(sip.NewHeader("Subscription-State", state))
	req.AppendHeader(sip.NewHeader("Content-Type", contentType))
	req.SetBody([]byte(body))
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	tx, err := s.Edge.Request(ctx, req, flow)
	if err != nil {
		return 0, err
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if res == nil {
				return 0, errTimeout
			}
			if res.StatusCode >= 200 {
				return res.StatusCode, nil
			}
		case <-tx.Done():
			select {
			case res := <-tx.Responses():
				if res != nil && res.StatusCode >= 200 {
					return res.StatusCode, nil
				}
			default:
			}
			return 0, errors.Join(errTimeout, tx.Err())
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func randomID() string { return strings.ToLower(rand.Text()) }
