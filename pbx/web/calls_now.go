package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/call"
)

// ownCall is an entry of GET /api/phone/calls/now, which the event "now" tells, too.
type ownCall struct {
	Call      string    `json:"call"` // the Call-ID of SIP
	Since     time.Time `json:"since"`
	Lock      call.Lock `json:"lock"`
	Recording recorded  `json:"recording"`
	Alone     bool      `json:"alone"` // with the exchange, which may be silent
	Room      *ownRoom  `json:"room"`  // null: it is no conference
}

type recorded struct {
	State call.Taped `json:"state"`
	May   bool       `json:"may"` // it may be changed from here
}

// ownRoom is the conference in which a call is.
type ownRoom struct {
	Leads   bool         `json:"leads"` // others may be muted and removed from here
	Members []roomMember `json:"members"`
}

type roomMember struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Name   string `json:"name"`
	Me     bool   `json:"me"`
	Muted  bool   `json:"muted"`
}

func ownCalls(list []call.Own) []ownCall {
	out := make([]ownCall, len(list))
	for i := range list {
		o := &list[i]
		out[i] = ownCall{Call: o.SIPCallID, Since: o.Since.UTC().Truncate(time.Millisecond), Lock: o.Lock, Recording: recorded{o.Recording, o.MayRecord}, Alone: o.Alone}
		if o.Room == "" {
			continue
		}
		room := &ownRoom{Leads: o.Leads, Members: []roomMember{}}
		for _, m := range o.Members {
			room.Members = append(room.Members, roomMember{ID: m.ID, Number: m.Party, Name: m.Name, Me: m.ID == o.ID, Muted: m.Muted})
		}
		out[i].Room = room
	}
	return out
}

// callsNow is GET /api/phone/calls/now.
func (s *Server) callsNow(w http.ResponseWriter, _ *http.Request, me session) {
	owns := s.Board.Owns(func(extension string) bool { return extension == me.Extension })
	s.answer(w, ownCalls(owns[me.Extension]))
}

// owns are the calls of those whose pages listen; streams is not empty.
func (e *events) owns() map[string][]call.Own {
	e.mu.Lock()
	listening := map[string]bool{}
	for s := range e.streams {
		listening[s.me.Extension] = true
	}
	e.mu.Unlock()
	return e.server.Board.Owns(func(extension string) bool { return listening[extension] })
}

// now tells the calls of the page's extension when they are others than it was told.
func (t *teller) now(owns map[string][]call.Own) bool {
	b, err := json.Marshal(ownCalls(owns[t.me.Extension]))
	if err != nil || bytes.Equal(b, t.calls) {
		return true
	}
	t.calls = b
	return t.event("now", json.RawMessage(b))
}

// recordOwn is POST /api/phone/calls/record: {"call": "...", "do": "start"}.
func (s *Server) recordOwn(w http.ResponseWriter, r *http.Request, me session) {
	var in struct{ Call, Do string }
	if !ask(w, r, &in) {
		return
	}
	if !slices.Contains([]string{dialplan.RecordStart, dialplan.RecordStop, dialplan.RecordPause, dialplan.RecordResume}, in.Do) {
		fail(w, http.StatusBadRequest, "invalid")
		return
	}
	s.granted(w, me, "record", s.Board.RecordOwn(r.Context(), me.Extension, in.Call, in.Do))
}

// mergeOwn is POST /api/phone/calls/merge: {"calls": ["...", "..."]}.
func (s *Server) mergeOwn(w http.ResponseWriter, r *http.Request, me session) {
	var in struct{ Calls []string }
	if ask(w, r, &in) {
		s.granted(w, me, "merge", s.Board.Merge(r.Context(), me.Extension, in.Calls))
	}
}

// memberOfOwn is POST /api/phone/calls/member: {"call": "...", "member": "...", "do": "mute"}.
func (s *Server) memberOfOwn(w http.ResponseWriter, r *http.Request, me session) {
	var in struct{ Call, Member, Do string }
	if ask(w, r, &in) {
		s.granted(w, me, "member", s.Board.Member(me.Extension, in.Call, in.Member, in.Do))
	}
}

// granted answers what became of a wish about a call; code says why, when there is no other
// word for it.
func (s *Server) granted(w http.ResponseWriter, me session, code string, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, call.ErrNoCall):
		fail(w, http.StatusNotFound, "unknown")
	case errors.Is(err, call.ErrNotAllowed):
		fail(w, http.StatusForbidden, "forbidden")
	default:
		s.Log.Info("a wish of the web phone is not granted", "extension", me.Extension, "wish", code, "reason", err)
		fail(w, http.StatusConflict, code)
	}
}
