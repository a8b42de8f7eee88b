package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dialtone/pbx/messages"
	"dialtone/storage"
)

const (
	chatsLookedAt = 5000 // messages, for the list of chats
	chatUsual     = 100
	chatMost      = 500
)

// chat is an entry of GET /api/phone/chats: with whom somebody writes.
type chat struct {
	With string    `json:"with"`
	Name string    `json:"name"`
	Last time.Time `json:"last"`
	Text string    `json:"text"` // of the last message
	File string    `json:"file"` // the name of the file that it brought
	Mine bool      `json:"mine"` // the last message is one's own
}

// chatMessage is an entry of GET /api/phone/chats/{with}, the newest first.
type chatMessage struct {
	ID    string    `json:"id"`
	Mine  bool      `json:"mine"`
	At    time.Time `json:"at"`
	Type  string    `json:"type"`  // Content-Type
	Text  string    `json:"text"`  // "" when it is no text
	State string    `json:"state"` // as messages.StateOf has it, or "read"
	// File is what the message brings.
	File *attachment `json:"file,omitempty"`
}

func (s *Server) chats(w http.ResponseWriter, r *http.Request, me session) {
	if !s.searches.take(r.Context(), searchTime) {
		fail(w, http.StatusServiceUnavailable, "busy")
		return
	}
	defer s.searches.give()
	cfg, found := s.Config(), map[string]chat{}
	err := s.Texts.Texts(storage.TextFilter{Party: me.Extension, Limit: chatsLookedAt}, func(t storage.Text) bool {
		with := t.Partner(me.Extension)
		if _, known := found[with]; !known && with != "" { // the newest comes first
			c := chat{With: with, Name: cfg.Extensions[with].Name, Last: t.At, Text: textOf(&t), Mine: t.From == me.Extension}
			if f := s.attached(c.Text, me); f != nil {
				c.File = f.Name
			}
			found[with] = c
		}
		return true
	})
	if err != nil {
		s.broken(w, err)
		return
	}
	list := make([]chat, 0, len(found))
	for _, c := range found {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b chat) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.With, b.With)) })
	s.answer(w, list)
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request, me session) {
	limit, ok := limitOf(r, chatUsual, chatMost)
	if !ok {
		fail(w, http.StatusBadRequest, "invalid")
		return
	}
	if !s.searches.take(r.Context(), searchTime) {
		fail(w, http.StatusServiceUnavailable, "busy")
		return
	}
	defer s.searches.give()
	before, ok := beforeOf(r)
	if !ok {
		fail(w, http.StatusBadRequest, "invalid")
		return
	}
	now, list, with := time.Now(), []chatMessage{}, r.PathValue("with")
	f := storage.TextFilter{Party: me.Extension, With: with, Until: before, Limit: limit}
	read := s.people.Of(with).Seen.Chats[me.Extension]
	err := s.Texts.Texts(f, func(t storage.Text) bool {
		m := chatMessage{ID: t.ID, Mine: t.From == me.Extension, At: t.At, Type: t.Type, Text: textOf(&t), State: messages.StateOf(&t, now)}
		if m.Mine && t.Extension == with && !t.At.After(read) {
			m.State = stateRead
		}
		m.File = s.attached(m.Text, me)
		list = append(list, m)
		return true
	})
	if err != nil {
		s.broken(w, err)
		return
	}
	s.answer(w, list)
}

// stateRead says that the other one has looked at the chat at a web phone since.
const stateRead = "read"

// beforeOf reads ?before=, a time: only what is older is wanted.
func beforeOf(r *http.Request) (before time.Time, ok bool) {
	text := r.URL.Query().Get("before")
	if text == "" {
		return before, true
	}
	before, err := time.Parse(time.RFC3339Nano, text)
	return before, err == nil
}

func textOf(t *storage.Text) string {
	if strings.HasPrefix(strings.ToLower(t.Type), "text/plain") && utf8.Valid(t.Body) {
		return string(t.Body)
	}
	return ""
}
