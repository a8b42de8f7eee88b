package web

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"dialtone/pbx/files"
	"dialtone/pbx/personal"
)

// ownAnswer is GET /api/phone/own: what somebody keeps, the same on all devices.
type ownAnswer struct {
	Contacts   []personal.Contact `json:"contacts"`
	Favourites []string           `json:"favourites"`
	Note       string             `json:"note"`
	Away       bool               `json:"away"`
	Picture    string             `json:"picture"`
	Seen       personal.Seen      `json:"seen"`
}

func (s *Server) own(w http.ResponseWriter, _ *http.Request, me session) {
	own := s.people.Of(me.Extension)
	s.answer(w, ownAnswer{
		Contacts: append([]personal.Contact{}, own.Contacts...), Favourites: append([]string{}, own.Favourites...),
		Note: own.Status.Note, Away: own.Status.Away, Picture: own.Picture, Seen: own.Seen,
	})
}

// setStatus is PUT /api/phone/own/status.
func (s *Server) setStatus(w http.ResponseWriter, r *http.Request, me session) {
	var in personal.Status
	if !ask(w, r, &in) {
		return
	}
	s.changed(w, me, true, s.people.Change(me.Extension, func(o *personal.Own) error {
		o.Status = in
		return nil
	}))
}

// setSeen is PUT /api/phone/own/seen: up to when calls were looked at, and chats. Nothing is
// unseen again.
func (s *Server) setSeen(w http.ResponseWriter, r *http.Request, me session) {
	var in personal.Seen
	if !ask(w, r, &in) {
		return
	}
	now := time.Now()
	later := func(had, at time.Time) time.Time {
		if at.After(now) {
			at = now
		}
		if at.Before(had) {
			return had
		}
		return at
	}
	var news []string // who has something that was read
	err := s.people.Change(me.Extension, func(o *personal.Own) error {
		o.Seen.Calls = later(o.Seen.Calls, in.Calls)
		for with, at := range in.Chats {
			if o.Seen.Chats == nil {
				o.Seen.Chats = map[string]time.Time{}
			}
			if len(with) > 64 {
				return personal.ErrInvalid
			}
			before := o.Seen.Chats[with]
			if o.Seen.Chats[with] = later(before, at); o.Seen.Chats[with].After(before) {
				news = append(news, with)
			}
		}
		return nil
	})
	s.changed(w, me, false, err)
	if err == nil {
		s.TextsChanged(news...)
	}
}

func (s *Server) favour(w http.ResponseWriter, r *http.Request, me session) {
	s.changed(w, me, false, s.people.Favour(me.Extension, r.PathValue("whom"), r.Method == http.MethodPut))
}

// addContacts is POST /api/phone/contacts with a list of them.
func (s *Server) addContacts(w http.ResponseWriter, r *http.Request, me session) {
	var in []personal.Contact
	if !ask(w, r, &in) {
		return
	}
	added, err := s.people.Add(me.Extension, in)
	if err != nil {
		s.changed(w, me, false, err)
		return
	}
	s.answer(w, added)
	s.events.tell(ownNews, me.Extension)
}

func (s *Server) putContact(w http.ResponseWriter, r *http.Request, me session) {
	var in personal.Contact
	if !ask(w, r, &in) {
		return
	}
	in.ID = r.PathValue("id")
	s.changed(w, me, false, s.people.Put(me.Extension, in))
}

func (s *Server) deleteContact(w http.ResponseWriter, r *http.Request, me session) {
	s.changed(w, me, false, s.people.Remove(me.Extension, r.PathValue("id")))
}

// setPicture is PUT /api/phone/picture with a JPEG or PNG, or DELETE.
func (s *Server) setPicture(w http.ResponseWriter, r *http.Request, me session) {
	var jpg []byte
	if r.Method == http.MethodPut {
		picture, done, err := s.drawing(r)
		if err == nil {
			jpg, _, err = files.Picture(picture)
			done()
		}
		if err != nil {
			s.noFile(w, err)
			return
		}
	}
	s.changed(w, me, true, s.people.SetPicture(me.Extension, jpg))
}

// picture is GET /api/phone/pictures/{extension}.
func (s *Server) picture(w http.ResponseWriter, r *http.Request, _ session) {
	extension := r.PathValue("extension")
	jpg, err := []byte(nil), fs.ErrNotExist
	if _, ours := s.Config().Extensions[extension]; ours {
		jpg, err = s.people.Picture(extension)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fail(w, http.StatusNotFound, "unknown")
	case err != nil:
		s.broken(w, err)
	default:
		sendFile(w, r, "image/jpeg", s.people.Of(extension).Picture, time.Time{}, bytes.NewReader(jpg))
	}
}

// changed answers a change, and tells all pages of its extension; those of others when they
// see it, too.
func (s *Server) changed(w http.ResponseWriter, me session, seen bool, err error) {
	switch {
	case errors.Is(err, personal.ErrUnknown):
		fail(w, http.StatusNotFound, "unknown")
	case errors.Is(err, personal.ErrInvalid):
		fail(w, http.StatusBadRequest, "invalid")
	case errors.Is(err, personal.ErrFull):
		fail(w, http.StatusInsufficientStorage, "contacts-full")
	case err != nil:
		s.broken(w, err)
	default:
		w.WriteHeader(http.StatusNoContent)
		s.events.tell(ownNews, me.Extension)
		if seen {
			s.events.tellAll(peopleNews)
			s.events.look()
		}
	}
}
