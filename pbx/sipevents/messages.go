package sipevents

import (
	"context"
	"fmt"
	"sync"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

const (
	messageSummary     = "message-summary"
	messageSummaryType = "application/simple-message-summary"
	maxTelling         = 64 // extensions whose phones are told unasked at the same time
)

// Counts is how many messages a mailbox has.
type Counts struct{ New, Old, NewUrgent, OldUrgent int }

// Messages is the package message-summary (RFC 3842). It tells every registered phone,
// those too that have not subscribed: many never do.
type Messages struct {
	*Service
	counts func(mailbox string) (Counts, error)
	wake   chan struct{} // capacity 1

	mu      sync.Mutex
	stale   map[string]bool // extensions whose phones are to be told
	telling map[string]bool // that are being told
}

// Messages adds the package.
func (s *Service) Messages(counts func(mailbox string) (Counts, error)) *Messages {
	m := &Messages{Service: s, counts: counts, wake: make(chan struct{}, 1), stale: map[string]bool{}, telling: map[string]bool{}}
	s.Add(Package{
		Event: messageSummary, ContentType: messageSummaryType,
		Find: func(subscriber, _ string) (string, int) { // each has its own mailbox only
			if !s.Config().HasMailbox(subscriber) {
				return "", sip.StatusNotFound
			}
			return subscriber, 0
		},
		State: func(mailbox string) (State, error) { return m.summary(mailbox) },
	})
	s.parts = append(s.parts, m.run)
	s.moved = append(s.moved, func(e registrar.Event) {
		if e.Kind == registrar.Registered || e.Kind == registrar.Moved {
			m.tellUnasked(e.Contact.Extension)
		}
	})
	return m
}

// Changed says that the messages of a mailbox are others. It does not block.
func (m *Messages) Changed(mailbox string) {
	m.Service.Changed(messageSummary, mailbox)
	m.tellUnasked(mailbox)
}

func (m *Messages) tellUnasked(extension string) {
	m.mu.Lock()
	m.stale[extension] = true
	m.mu.Unlock()
	m.again()
}

func (m *Messages) again() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// run tells phones that have not subscribed.
func (m *Messages) run(ctx context.Context) {
	var telling sync.WaitGroup
	defer telling.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		for _, extension := range m.next() {
			telling.Go(func() {
				m.unasked(ctx, extension)
				m.mu.Lock()
				delete(m.telling, extension)
				more := len(m.stale) > 0
				m.mu.Unlock()
				if more {
					m.again()
				}
			})
		}
	}
}

// next takes extensions that are to be told and are not being told.
func (m *Messages) next() (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for e := range m.stale {
		if len(m.telling) >= maxTelling {
			break
		}
		if !m.telling[e] {
			m.telling[e] = true
			delete(m.stale, e)
			list = append(list, e)
		}
	}
	return list
}

// unasked tells the phones of an extension that have not subscribed.
func (m *Messages) unasked(ctx context.Context, extension string) {
	if !m.Config().HasMailbox(extension) {
		return
	}
	subscribed := m.flows(messageSummary, extension)
	var all sync.WaitGroup
	defer all.Wait()
	for _, c := range m.Registrar.Lookup(extension) {
		if !subscribed[sipedge.Flow(c.Peer)] {
			all.Go(func() { m.one(ctx, &c) })
		}
	}
}

// flows are those of the phones that have subscribed to a resource.
func (s *Service) flows(event, resource string) map[sipedge.Flow]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[sipedge.Flow]bool{}
	for u := range s.topics[topic{event, resource}] {
		out[u.flow] = true
	}
	return out
}

// one tells a phone that did not subscribe.
func (m *Messages) one(ctx context.Context, c *registrar.Contact) {
	var target sip.Uri
	if err := sip.ParseUri(c.URI, &target); err != nil {
		return
	}
	now, err := m.summary(c.Extension)
	if err != nil {
		m.Log.Error("messages could not be counted", "mailbox", c.Extension, "error", err)
		return
	}
	own := sip.Uri{Scheme: "sip", User: c.Extension, Host: m.Config().SIP.Domain}
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
	status, err := m.send(ctx, req, sipedge.Flow(c.Peer), c.Extension, message{messageSummary, "terminated;reason=noresource", messageSummaryType, now.Body(nil, 0)})
	if err != nil || status >= 300 {
		m.Log.Debug("a phone does not want to know of messages", "extension", c.Extension, "phone", c.Peer.String(), "status", status, "error", err)
	}
}

// summary is what a mailbox has.
type summary struct {
	Counts
	account, domain string
}

func (m *Messages) summary(mailbox string) (summary, error) {
	c, err := m.counts(mailbox)
	cfg := m.Config()
	out := summary{c, mailbox, cfg.SIP.Domain}
	if cfg.Features.Voicemail != "" {
		out.account = cfg.Features.Voicemail
	}
	return out, err
}

// Same implements State.
func (s summary) Same(other State) bool { return s == other }

// Body implements State.
func (s summary) Body(State, uint32) []byte {
	waiting := "no"
	if s.New > 0 {
		waiting = "yes"
	}
	return fmt.Appendf(nil, "Messages-Waiting: %s\r\nMessage-Account: sip:%s@%s\r\nVoice-Message: %d/%d (%d/%d)\r\n",
		waiting, s.account, s.domain, s.New, s.Old, s.NewUrgent, s.OldUrgent)
}
