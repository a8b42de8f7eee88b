package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/storage"
)

const (
	callsUsual    = 50
	callsMost     = 200
	callsLookedAt = 20000 // records, for those of one extension

	searchesAtOnce = 2
	searchTime     = 10 * time.Second // that one waits for its turn
)

// callEntry is an entry of GET /api/phone/calls.
type callEntry struct {
	ID         string    `json:"id"`
	Direction  string    `json:"direction"` // "in" or "out"
	Number     string    `json:"number"`    // "" when the caller hid it
	Name       string    `json:"name"`
	At         time.Time `json:"at"`
	Seconds    int       `json:"seconds"` // of talk
	Answered   bool      `json:"answered"`
	Missed     bool      `json:"missed"`     // it rang here, and nobody took or declined it
	Conference bool      `json:"conference"` // calls were merged into one
	Cause      string    `json:"cause"`      // why it ended, see the list of causes
}

func (s *Server) calls(w http.ResponseWriter, r *http.Request, me session) {
	limit, ok := limitOf(r, callsUsual, callsMost)
	if !ok {
		fail(w, http.StatusBadRequest, "invalid")
		return
	}
	if !s.searches.take(r.Context(), searchTime) {
		fail(w, http.StatusServiceUnavailable, "busy")
		return
	}
	defer s.searches.give()
	cfg, list := s.Config(), []callEntry{}
	err := s.Records.CDRs(storage.CDRFilter{Limit: callsLookedAt}, func(c storage.CDR) bool {
		if entry, ok := entryOf(cfg, &c, me.Extension); ok {
			list = append(list, entry)
		}
		return len(list) < limit
	})
	if err != nil {
		s.broken(w, err)
		return
	}
	s.answer(w, list)
}

// limitOf reads ?limit=.
func limitOf(r *http.Request, usual, most int) (n int, ok bool) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return usual, true
	}
	n, err := strconv.Atoi(text)
	return min(n, most), err == nil && n > 0
}

// entryOf is a call as an extension sees it; ok is false when it has no part in it.
func entryOf(cfg *config.Config, c *storage.CDR, extension string) (e callEntry, ok bool) {
	e = callEntry{ID: c.ID, At: c.Start, Cause: c.Cause}
	if len(c.Conferences) > 0 && strings.HasPrefix(c.Conferences[0].Room, call.MergeRoom) {
		e.Direction, e.Conference = "out", true
		e.talked(c.Answer, c.End)
		return e, c.From == extension && len(c.Legs) > 0 && c.Legs[0].Trunk == ""
	}
	if len(c.Legs) > 0 && c.From == extension && c.Legs[0].Trunk == "" {
		e.Direction, e.Number, e.Name = "out", c.To, cfg.Extensions[c.To].Name
		e.talked(c.Answer, c.End)
		return e, c.To != ""
	}
	return inward(cfg, c, extension, e)
}

// inward is entryOf for one who was called.
func inward(cfg *config.Config, c *storage.CDR, extension string, e callEntry) (callEntry, bool) {
	e.Direction, e.Number, e.Name = "in", c.From, c.FromName
	// Outside, anybody can call himself 100.
	if e.Name == "" && len(c.Legs) > 0 && c.Legs[0].Trunk == "" {
		e.Name = cfg.Extensions[c.From].Name
	}
	if c.Hidden || c.From == dialplan.AnonymousNumber {
		e.Number, e.Name = "", ""
	}
	own := ownLeg(c, extension)
	if own == nil {
		return e, c.To == extension // refused before it rang
	}
	end := lastOf(c, own)
	e.Cause = end.Cause
	e.talked(own.Answer, end.End)
	e.Missed = !e.Answered && own.Cause != dialplan.CauseAnsweredElsewhere.String() && own.Cause != dialplan.CauseDeclined.String()
	return e, true
}

// ownLeg is the leg of an extension that was called: the one that it took, or the last.
func ownLeg(c *storage.CDR, extension string) *storage.CDRLeg {
	var own *storage.CDRLeg
	for i := range c.Legs {
		l := &c.Legs[i]
		if i == 0 || l.Party != extension || l.Trunk != "" || l.PaidBy != "" {
			continue
		}
		if own == nil || own.Answer.IsZero() {
			own = l
		}
	}
	return own
}

// lastOf is the leg with which a phone went on after it had lost one, or that one.
func lastOf(c *storage.CDR, own *storage.CDRLeg) *storage.CDRLeg {
	for i := range c.Legs {
		if l := &c.Legs[i]; l.Replaces != "" && l.Replaces == own.ID && l.Party == own.Party && l.Trunk == "" {
			own = l
		}
	}
	return own
}

func (e *callEntry) talked(answer, end time.Time) {
	if e.Answered = !answer.IsZero(); e.Answered {
		e.Seconds = int(end.Sub(answer).Round(time.Second) / time.Second)
	}
}
