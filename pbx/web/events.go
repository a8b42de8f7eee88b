package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"dialtone/pbx/call"
	"dialtone/storage"
)

const (
	streamsEach  = 64                     // of one extension
	gatherFor    = 100 * time.Millisecond // changes that come together are one
	lookAnyway   = 30 * time.Second       // at what nobody tells of
	commentEvery = 25 * time.Second       // keeps a silent stream open
	eventTime    = 10 * time.Second
	streamQueue  = 32
)

// events tell pages what changes. What extensions do is a level: each stream sends what
// differs from what it has sent. A call that is over is an event, once.
type events struct {
	server *Server
	token  chan struct{} // capacity 1: look again
	// patience is how long one event may take to be sent to a page.
	patience time.Duration

	mu      sync.Mutex
	states  map[string]State
	calls   map[string][]call.Own
	streams map[*stream]struct{}
}

// stream is one page that listens.
type stream struct {
	me    session
	again chan struct{}            // capacity 1: states have changed
	mail  chan struct{}            // capacity 1: messages have changed
	news  [newsKinds]chan struct{} // capacity 1: something else has, see news
	calls chan callEntry
}

func newEvents(s *Server) *events {
	return &events{server: s, patience: eventTime, token: make(chan struct{}, 1), states: map[string]State{}, streams: map[*stream]struct{}{}}
}

// look has everything looked at again soon.
func (e *events) look() { give(e.token) }

func give(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// run looks at what extensions do, while pages listen, until ctx ends.
func (e *events) run(ctx context.Context) {
	changed, stop := e.server.Board.Watch()
	defer stop()
	contacts, stopContacts := e.server.Registrar.Subscribe()
	defer stopContacts()
	anyway := time.NewTicker(lookAnyway)
	defer anyway.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-contacts:
		case <-e.token:
		case <-anyway.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gatherFor):
		}
		e.refresh()
	}
}

// refresh takes the states and wakes the streams, if there are any.
func (e *events) refresh() {
	e.mu.Lock()
	idle := len(e.streams) == 0
	e.mu.Unlock()
	if idle {
		return
	}
	states, calls := e.server.states(), e.owns()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.states, e.calls = states, calls
	for s := range e.streams {
		give(s.again)
	}
}

func (e *events) current() (states map[string]State, calls map[string][]call.Own) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.states, e.calls // they are replaced, not changed
}

// enter adds a stream unless its extension has too many.
func (e *events) enter(me session) *stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for s := range e.streams {
		if s.me.Extension == me.Extension {
			n++
		}
	}
	if n >= streamsEach {
		return nil
	}
	s := &stream{me: me, again: make(chan struct{}, 1), mail: make(chan struct{}, 1), calls: make(chan callEntry, streamQueue)}
	for i := range s.news {
		s.news[i] = make(chan struct{}, 1)
	}
	e.streams[s] = struct{}{}
	return s
}

func (e *events) leave(s *stream) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.streams, s)
}

// MailboxChanged tells the pages of an extension that its messages have changed.
func (s *Server) MailboxChanged(mailbox string) {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	for one := range s.events.streams {
		if one.me.Extension == mailbox {
			give(one.mail)
		}
	}
}

// news is what pages ask for again when they are told that it has changed.
type news int

const (
	ownNews    news = iota // what somebody keeps
	peopleNews             // names, pictures and notes of others
	textNews               // chats
	newsKinds
)

// tell tells the pages of extensions that something has changed.
func (e *events) tell(n news, extensions ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for one := range e.streams {
		if slices.Contains(extensions, one.me.Extension) {
			give(one.news[n])
		}
	}
}

// tellAll tells all pages.
func (e *events) tellAll(n news) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for one := range e.streams {
		give(one.news[n])
	}
}

// TextsChanged tells the pages of extensions that something was written, or has arrived.
func (s *Server) TextsChanged(extensions ...string) { s.events.tell(textNews, extensions...) }

// Recorded tells the pages of those who had part in a call that it is over.
func (s *Server) Recorded(c *storage.CDR) {
	cfg := s.Config()
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	for one := range s.events.streams {
		if entry, ok := entryOf(cfg, c, one.me.Extension); ok {
			select {
			case one.calls <- entry:
			default: // a page that does not read asks for its calls when it is back
			}
		}
	}
}

// stream is GET /api/phone/events.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, me session) {
	one := s.events.enter(me)
	if one == nil {
		fail(w, http.StatusTooManyRequests, "busy")
		return
	}
	defer s.events.leave(one)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	out := &teller{server: s, me: me, w: w, control: control, told: map[string]State{}, calls: []byte("[]"), patience: s.events.patience}
	comment := time.NewTicker(commentEvery)
	defer comment.Stop()
	// The others know: what is looked at here is for this one.
	for ok := out.send(": hello\n\n") && out.levels(s.states()) && out.now(s.events.owns()) && out.voicemail(); ok; {
		select {
		case <-r.Context().Done():
			return
		case <-one.again:
			states, calls := s.events.current()
			ok = out.levels(states) && out.now(calls)
		case <-one.mail:
			ok = out.voicemail()
		case <-one.news[ownNews]:
			ok = out.event("own", struct{}{})
		case <-one.news[peopleNews]:
			ok = out.event("people", struct{}{})
		case <-one.news[textNews]:
			ok = out.event("texts", struct{}{})
		case entry := <-one.calls:
			ok = out.event("call", entry)
		case <-comment.C:
			ok = out.send(": still here\n\n")
		}
	}
}

// teller writes one stream.
type teller struct {
	server  *Server
	me      session
	w       http.ResponseWriter
	control *http.ResponseController
	told    map[string]State
	counted bool
	counts  voicemailCounts
	calls   []byte // as they were told
	// patience is how long one event may take to be sent.
	patience time.Duration
}

type voicemailCounts struct {
	New int `json:"new"`
	Old int `json:"old"`
}

type stateChange struct {
	Extension string `json:"extension"`
	State     State  `json:"state"`
}

// levels tells what differs from what was told; false ends the stream.
func (t *teller) levels(states map[string]State) bool {
	if !t.server.sessions.live(t.me.ID) {
		t.event("logout", struct{}{})
		return false
	}
	cfg := t.server.Config()
	changed := []stateChange{}
	for extension := range states {
		if now := seenBy(cfg, t.me.Extension, extension, states); t.told[extension] != now {
			t.told[extension] = now
			changed = append(changed, stateChange{extension, now})
		}
	}
	return len(changed) == 0 || t.event("directory", changed)
}

func (t *teller) voicemail() bool {
	all, err := t.server.Voicemail.Messages(t.me.Extension)
	if err != nil {
		t.server.Log.Error("the messages of a mailbox cannot be counted", "mailbox", t.me.Extension, "error", err)
		return true
	}
	var counts voicemailCounts
	for i := range all {
		if all[i].New() {
			counts.New++
		} else {
			counts.Old++
		}
	}
	if t.counted && counts == t.counts {
		return true
	}
	t.counted, t.counts = true, counts
	return t.event("voicemail", counts)
}

func (t *teller) event(name string, v any) bool {
	b, err := json.Marshal(v)
	if err != nil {
		t.server.Log.Error("an event cannot be told", "event", name, "error", err)
		return false
	}
	return t.send(fmt.Sprintf("event: %s\ndata: %s\n\n", name, b))
}

// send writes text, which must not take long. Between two writes there is no deadline: over
// HTTP/2 one that passes ends the stream, though nothing waits.
func (t *teller) send(text string) bool {
	_ = t.control.SetWriteDeadline(time.Now().Add(t.patience))
	_, err := t.w.Write([]byte(text))
	if err == nil {
		err = t.control.Flush()
	}
	_ = t.control.SetWriteDeadline(time.Time{})
	return err == nil
}
