package web

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"time"

	"dialtone/pbx/voicemail"
	"dialtone/storage"
)

// voiceMessage is an entry of GET /api/phone/voicemail.
type voiceMessage struct {
	ID         string    `json:"id"`
	From       string    `json:"from"`
	Name       string    `json:"name"`
	At         time.Time `json:"at"`
	Seconds    float64   `json:"seconds"`
	Heard      bool      `json:"heard"`
	Urgent     bool      `json:"urgent"`
	Private    bool      `json:"private"`
	Transcript string    `json:"transcript,omitempty"`
}

func (s *Server) messages(w http.ResponseWriter, _ *http.Request, me session) {
	all, err := s.Voicemail.Messages(me.Extension)
	if err != nil {
		s.broken(w, err)
		return
	}
	list := make([]voiceMessage, 0, len(all))
	for i := range slices.Backward(all) { // the newest first
		m := &all[i]
		list = append(list, voiceMessage{
			ID: m.ID, From: m.From, Name: m.FromName, At: m.At, Seconds: m.Length.Seconds(), Heard: !m.New(),
			Urgent: m.Urgent, Private: m.Private, Transcript: m.Transcript,
		})
	}
	s.answer(w, list)
}

// ownMessage is the key of the message that a request names, in the mailbox of who asks:
// nobody can name another's.
func ownMessage(r *http.Request, me session) storage.MessageKey {
	return storage.MessageKey{Mailbox: me.Extension, ID: r.PathValue("id")}
}

func (s *Server) messageAudio(w http.ResponseWriter, r *http.Request, me session) {
	m, err := s.Voicemail.Message(ownMessage(r, me))
	if err != nil {
		s.noMessage(w, err)
		return
	}
	f, err := os.Open(s.Voicemail.Path(&m))
	if err != nil {
		s.noMessage(w, err)
		return
	}
	defer func() { _ = f.Close() }()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(audioTime))
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("Content-Type", audioKind(m.File))
	http.ServeContent(w, r, "", m.At, f)
}

func audioKind(name string) string {
	if path.Ext(name) == ".wav" {
		return "audio/wav"
	}
	return "audio/ogg"
}

func (s *Server) deleteMessage(w http.ResponseWriter, r *http.Request, me session) {
	s.changedMessage(w, s.Voicemail.Delete(ownMessage(r, me)))
}

// messageHeard is PUT /api/phone/voicemail/{id}/heard with {"heard": true}.
func (s *Server) messageHeard(w http.ResponseWriter, r *http.Request, me session) {
	var in struct{ Heard *bool }
	if !ask(w, r, &in) {
		return
	}
	heard := in.Heard == nil || *in.Heard
	s.changedMessage(w, s.Voicemail.SetHeard(ownMessage(r, me), heard))
}

func (s *Server) changedMessage(w http.ResponseWriter, err error) {
	if err != nil {
		s.noMessage(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) noMessage(w http.ResponseWriter, err error) {
	if errors.Is(err, voicemail.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		fail(w, http.StatusNotFound, "unknown")
		return
	}
	s.broken(w, err)
}
