package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"time"

	"dialtone/pbx/files"
)

const (
	readPatience = 30 * time.Second // with a page that sends nothing
	slowest      = 10_000           // bytes per second; who is slower is given up
	scanPatience = 3 * time.Minute

	drawnAtOnce = 2 // small pictures
	drawTime    = 10 * time.Second
)

// filePolicy lets a file do nothing, should a browser show it as a page of ours.
const filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// attachment is a file as its sender and those who got it see it.
type attachment struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	State  string `json:"state"`  // "", "held", "infected"
	Width  int    `json:"width"`  // of the small picture; 0 is none
	Height int    `json:"height"` //
}

func attachmentOf(f files.File) *attachment {
	return &attachment{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, State: f.State, Width: f.Width, Height: f.Height}
}

// takeFile is POST /api/phone/files?to=101&name=photo.jpg with the file as its body.
func (s *Server) takeFile(w http.ResponseWriter, r *http.Request, me session) {
	to, refusal := s.Texts.Recipients(me.Extension, r.URL.Query().Get("to"))
	switch {
	case refusal != "":
		fail(w, http.StatusForbidden, "forbidden")
		return
	case len(to) == 0:
		fail(w, http.StatusNotFound, "nobody")
		return
	case r.ContentLength < 0:
		fail(w, http.StatusLengthRequired, "invalid")
		return
	}
	control := http.NewResponseController(w)
	most := time.Now().Add(readPatience + time.Duration(r.ContentLength/slowest)*time.Second)
	_ = control.SetWriteDeadline(most.Add(scanPatience))
	body := &slowBody{r: r.Body, control: control, most: most}
	f, err := s.files.Take(r.Context(), files.New{From: me.Extension, Readers: to, Name: r.URL.Query().Get("name"), Size: r.ContentLength}, body)
	if err != nil {
		s.noFile(w, err)
		return
	}
	s.answer(w, attachmentOf(f))
}

// slowBody is a body that may take its time as long as something comes.
type slowBody struct {
	r       io.Reader
	control *http.ResponseController
	most    time.Time
}

func (b *slowBody) Read(p []byte) (int, error) {
	until := time.Now().Add(readPatience)
	if until.After(b.most) {
		until = b.most
	}
	_ = b.control.SetReadDeadline(until)
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		// Passing while the file is looked at, it would end the request.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// setThumb is PUT /api/phone/files/{id}/thumb with a small picture, which the page has made.
func (s *Server) setThumb(w http.ResponseWriter, r *http.Request, me session) {
	picture, done, err := s.drawing(r)
	if err == nil {
		defer done()
		err = s.files.SetThumb(r.PathValue("id"), me.Extension, picture)
	}
	if err != nil {
		s.noFile(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// drawing reads a small picture, and waits for the turn to draw it anew: a few bytes can take
// much memory and time for that. done gives the turn back.
func (s *Server) drawing(r *http.Request) (picture io.Reader, done func(), err error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, files.MaxPicture+1))
	if err != nil {
		return nil, nil, files.ErrCutOff
	}
	if !s.pictures.take(r.Context(), drawTime) {
		return nil, nil, files.ErrBusy
	}
	return bytes.NewReader(b), s.pictures.give, nil
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request, me session) {
	if err := s.files.Delete(r.PathValue("id"), me.Extension); err != nil {
		s.noFile(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// file is GET /files/{id}: who follows the link in a message without being logged in sees
// the page first.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	me, ok := s.sessionOf(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	f, in, err := s.files.Open(r.PathValue("id"), me.Extension)
	if err != nil {
		s.noFile(w, err)
		return
	}
	defer func() { _ = in.Close() }()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(readPatience + time.Duration(f.Size/slowest)*time.Second))
	h := w.Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	sendFile(w, r, f.Type, f.ID, f.At, in)
}

func (s *Server) thumb(w http.ResponseWriter, r *http.Request, me session) {
	id := r.PathValue("id")
	jpg, err := s.files.Thumb(id, me.Extension)
	if err != nil {
		s.noFile(w, err)
		return
	}
	sendFile(w, r, "image/jpeg", id, time.Time{}, bytes.NewReader(jpg))
}

// sendFile sends what somebody else has made: it is shown or kept, and never runs here.
func sendFile(w http.ResponseWriter, r *http.Request, kind, tag string, at time.Time, content io.ReadSeeker) {
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", at, content)
}

// noFile answers why a file is not taken or given.
func (s *Server) noFile(w http.ResponseWriter, err error) {
	for _, one := range []struct {
		is     error
		status int
		code   string
	}{
		{files.ErrUnknown, http.StatusNotFound, "unknown"},
		{files.ErrOff, http.StatusForbidden, "files-off"},
		{files.ErrTooLarge, http.StatusRequestEntityTooLarge, "file-large"},
		{files.ErrEmpty, http.StatusBadRequest, "file-empty"},
		{files.ErrQuota, http.StatusInsufficientStorage, "file-quota"},
		{files.ErrFull, http.StatusInsufficientStorage, "disk-full"},
		{files.ErrBusy, http.StatusServiceUnavailable, "busy"},
		{files.ErrInfected, http.StatusUnprocessableEntity, "file-infected"},
		{files.ErrNoScan, http.StatusServiceUnavailable, "file-unscanned"},
		{files.ErrHeld, http.StatusConflict, "file-held"},
		{files.ErrPicture, http.StatusBadRequest, "picture"},
		{files.ErrCutOff, http.StatusBadRequest, "invalid"},
	} {
		if errors.Is(err, one.is) {
			fail(w, one.status, one.code)
			return
		}
	}
	s.broken(w, err)
}

var fileLink = regexp.MustCompile(`https?://[^\s/]+/files/([a-z2-7]{26})\b`)

// attached is the file that a message has the link of, nil when it has none, or one that me
// may not have.
func (s *Server) attached(text string, me session) *attachment {
	m := fileLink.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	f, err := s.files.Get(m[1], me.Extension)
	if err != nil {
		return nil
	}
	return attachmentOf(f)
}

// fileChanged tells those who have part in a file that it can be had now, or never.
func (s *Server) fileChanged(f files.File) { s.TextsChanged(append(f.Readers, f.From)...) }
