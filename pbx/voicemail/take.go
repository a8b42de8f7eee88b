package voicemail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dialtone/media/audio"
	"dialtone/storage"
)

// take is a message that is being recorded. Keep it, or drop it.
type take struct {
	s      *Service
	m      storage.Message
	file   *os.File
	rate   int
	writer *audio.WAVWriter
}

// newID names a message so that names sort by time; nobody from outside has a say in it.
func newID(at time.Time) string {
	return fmt.Sprintf("%011x-%s", at.UnixMilli(), strings.ToLower(rand.Text()[:8]))
}

var errBoxFull = errors.New("the mailbox is full")

// space says why a mailbox takes no message: errBoxFull, disk.ErrFull, or what is wrong
// with the store. Those that are being recorded count.
func (s *Service) space(mailbox string) error {
	if err := s.disk.Room(); err != nil {
		return err
	}
	list, err := s.store.Messages(mailbox)
	if err == nil && len(list) >= s.config().Voicemail.MaxMessages {
		err = errBoxFull
	}
	return err
}

// reserve makes the record of a message, when there is space for it.
func (s *Service) reserve(m storage.Message) error {
	defer s.lock(m.Mailbox)() // two callers do not both get the last place
	if err := s.space(m.Mailbox); err != nil {
		return err
	}
	return s.store.SaveMessages([]storage.Message{m}, nil)
}

// begin makes the record and the file of a message, whose audio has that rate. The errors
// are those of space, and what is wrong with the disk.
func (s *Service) begin(m storage.Message, rate int) (*take, error) {
	m.At = time.Now()
	m.ID = newID(m.At)
	m.State, m.File = storage.MessageRecording, m.ID+".wav"
	if err := s.reserve(m); err != nil {
		return nil, err
	}
	t := &take{s: s, m: m, rate: rate}
	file, err := os.OpenFile(s.Path(&m), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		t.file = file
		err = s.sync(s.folder)
	}
	if err == nil {
		t.writer, err = audio.NewWAVWriter(file, rate, 1)
	}
	if err != nil {
		t.drop()
		return nil, err
	}
	return t, nil
}

// keep makes it a message. When it returns without an error, it is there for good.
func (t *take) keep() error {
	err := errors.Join(t.writer.Close(), t.file.Close())
	t.file = nil
	if err != nil {
		return err
	}
	t.m.Length = t.writer.Length()
	return t.s.keep(&t.m)
}

// keep makes a message of a file that is complete and on the disk.
func (s *Service) keep(m *storage.Message) (err error) {
	if m.SHA256, m.Size, err = sum(s.Path(m)); err != nil {
		return err
	}
	if err := s.sync(s.folder); err != nil {
		return err
	}
	m.State = storage.MessageKept
	if s.config().Extensions[m.Mailbox].Voicemail.Email != "" && s.mailer != nil {
		m.Mail = storage.MailWaits
	}
	if err := s.store.SaveMessages([]storage.Message{*m}, nil); err != nil {
		return err
	}
	s.mu.Lock()
	if s.writes != nil && s.config().Voicemail.Transcript.Enabled() && len(s.fresh) < maxFresh {
		s.fresh[m.MessageKey] = true
	}
	s.mu.Unlock()
	s.changed(m.Mailbox)
	s.work()
	return nil
}

// maxFresh bounds the messages that wait for a transcript.
const maxFresh = 1000

// drop forgets it: the file first, since a record without one is forgotten at the next
// start, and a file without a record is not.
func (t *take) drop() {
	if t.file != nil {
		_ = t.file.Close()
	}
	if err := t.s.forget(&t.m); err != nil {
		t.s.log.Error("a message that was dropped is still there", "mailbox", t.m.Mailbox, "message", t.m.ID, "error", err)
	}
}

func (s *Service) forget(m *storage.Message) error {
	if err := os.Remove(s.Path(m)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.store.SaveMessages(nil, []storage.MessageKey{m.MessageKey})
}

func sum(path string) (hash string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

// syncFolder makes the names in a folder durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
