// Package voicemail takes messages for extensions and gives them to their owners: by
// telephone, by mail, and as a lamp on their phones.
//
// A message is a record in the store and a WAV file beside it. The record comes first, in
// the state recording; then the file grows, playable at any moment; then it is synced and
// the record says kept. Only then the message counts, and only then the caller hears that
// it was sent. Who is killed in between finds the record at the next start and makes a
// message of what there is. A message that is deleted is marked first, then its file goes,
// then its record. What is counted is always counted in the store.
package voicemail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/disk"
	"dialtone/storage"
)

// Store is what is needed of a storage.Store.
type Store interface {
	Messages(mailbox string) ([]storage.Message, error)
	SaveMessages(changed []storage.Message, removed []storage.MessageKey) error
	Mailboxes() ([]storage.Mailbox, error)
	SaveMailbox(storage.Mailbox) error
}

// Mailer hands a mail to a server, once.
type Mailer interface {
	Send(ctx context.Context, l dialplan.Letter) error
}

// Transcriber writes down what is said in a WAV file.
type Transcriber interface {
	Transcribe(ctx context.Context, file io.Reader, language string) (string, error)
}

// Options are what a Service works with; all but Mailer, Transcriber and Free are required.
type Options struct {
	Store  Store
	Config func() *config.Config
	Data   string // the data folder
	Mailer Mailer // nil sends nothing
	// Transcriber is asked when voicemail.transcript names an engine; nil never is.
	Transcriber Transcriber
	Log         *slog.Logger
	// Free is how much of the disk with a folder is free; nil asks the system.
	Free func(folder string) (uint64, error)
}

// Service implements call.Voicemail. It is safe for concurrent use.
type Service struct {
	store  Store
	config func() *config.Config
	data   string
	folder string // of messages
	mailer Mailer
	writes Transcriber
	log    *slog.Logger
	disk   *disk.Watch
	sync   func(folder string) error // makes the names in it durable
	seed   maphash.Seed
	locks  [64]sync.Mutex // by mailbox, for what is read, changed and written
	wake   chan struct{}  // capacity 1: there is work for Run

	mu       sync.Mutex
	leaving  map[string][]*deposit       // that can be picked up, by mailbox
	fresh    map[storage.MessageKey]bool // that may want a transcript
	watchers []func(mailbox string)
}

// Open opens the folder, and puts right what an end without warning has left behind.
func Open(o Options) (*Service, error) {
	s := &Service{
		store: o.Store, config: o.Config, data: o.Data, folder: filepath.Join(o.Data, "voicemail", "messages"), mailer: o.Mailer, writes: o.Transcriber, log: o.Log, sync: syncFolder,
		seed: maphash.MakeSeed(), wake: make(chan struct{}, 1), fresh: map[storage.MessageKey]bool{}, leaving: map[string][]*deposit{},
	}
	minFree := func() uint64 { return o.Config().Recording.FreeBytes() }
	s.disk = disk.New(disk.Options{Folder: s.folder, MinFree: minFree, Stops: "no message is taken", Event: "voicemail", Log: o.Log, Free: o.Free})
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, fmt.Errorf("the folder of voicemail: %w", err)
	}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("voicemail: %w", err)
	}
	return s, nil
}

// Messages are those of a mailbox that can be heard, oldest first; with "", of all.
func (s *Service) Messages(mailbox string) ([]storage.Message, error) {
	all, err := s.store.Messages(mailbox)
	if err != nil {
		return nil, err
	}
	var out []storage.Message
	for _, m := range all {
		if m.State == storage.MessageKept {
			out = append(out, m)
		}
	}
	return out, nil
}

// Watch has f called, in short, after the messages of a mailbox have changed. Call it
// before there are calls.
func (s *Service) Watch(f func(mailbox string)) { s.watchers = append(s.watchers, f) }

func (s *Service) changed(mailbox string) {
	for _, f := range s.watchers {
		f(mailbox)
	}
}

// ErrNotFound says that there is no such message, or mailbox.
var ErrNotFound = errors.New("there is no such message")

// lock keeps others from changing the messages of a mailbox.
func (s *Service) lock(mailbox string) (unlock func()) {
	l := &s.locks[maphash.String(s.seed, mailbox)%uint64(len(s.locks))]
	l.Lock()
	return l.Unlock
}

// update changes a message that is kept. What change does not want is left as it is.
func (s *Service) update(k storage.MessageKey, change func(*storage.Message) bool) error {
	defer s.lock(k.Mailbox)()
	list, err := s.store.Messages(k.Mailbox)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.ID != k.ID || m.State == storage.MessageRecording {
			continue
		}
		if !change(&m) {
			return nil
		}
		return s.store.SaveMessages([]storage.Message{m}, nil)
	}
	return ErrNotFound
}

// Message is one that can be heard.
func (s *Service) Message(k storage.MessageKey) (storage.Message, error) {
	list, err := s.Messages(k.Mailbox)
	if err != nil {
		return storage.Message{}, err
	}
	for _, m := range list {
		if m.ID == k.ID {
			return m, nil
		}
	}
	return storage.Message{}, ErrNotFound
}

// Path is where the audio of a message is.
func (s *Service) Path(m *storage.Message) string {
	return filepath.Join(s.folder, filepath.Base(m.File))
}

// mark sets whether a message is deleted; its file stays until it is purged.
func (s *Service) mark(k storage.MessageKey, deleted bool) error {
	err := s.update(k, func(m *storage.Message) bool {
		m.State = storage.MessageKept
		if deleted {
			m.State = storage.MessageDeleted
		}
		return true
	})
	s.changed(k.Mailbox)
	return err
}

// purge removes messages that were marked as deleted.
func (s *Service) purge(keys ...storage.MessageKey) {
	for _, k := range keys {
		if err := s.remove(k); err != nil {
			s.log.Error("a deleted message is still there", "mailbox", k.Mailbox, "message", k.ID, "error", err)
		}
	}
}

func (s *Service) remove(k storage.MessageKey) error {
	defer s.lock(k.Mailbox)()
	list, err := s.store.Messages(k.Mailbox)
	if err != nil {
		return err
	}
	for i := range list {
		if m := &list[i]; m.ID == k.ID && m.State == storage.MessageDeleted {
			if err := os.Remove(s.Path(m)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return s.store.SaveMessages(nil, []storage.MessageKey{k})
		}
	}
	return nil
}

// Delete deletes a message for good.
func (s *Service) Delete(k storage.MessageKey) error {
	if _, err := s.Message(k); err != nil {
		return err
	}
	if err := s.mark(k, true); err != nil {
		return err
	}
	return s.remove(k)
}

// SetHeard says whether a message counts as heard.
func (s *Service) SetHeard(k storage.MessageKey, heard bool) error {
	if heard {
		return s.heard(k)
	}
	err := s.update(k, func(m *storage.Message) bool {
		if m.New() {
			return false
		}
		m.Heard = time.Time{}
		return true
	})
	s.changed(k.Mailbox)
	return err
}

// heard notes that the owner has heard a message.
func (s *Service) heard(k storage.MessageKey) error {
	err := s.update(k, func(m *storage.Message) bool {
		if !m.New() {
			return false
		}
		m.Heard = time.Now()
		return true
	})
	s.changed(k.Mailbox)
	return err
}

// Run sends mail and deletes what is too old, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	posting, old := newPosting(s), time.Time{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		if time.Since(old) >= time.Hour {
			old = time.Now()
			s.retire(old)
		}
		timer.Reset(cmp.Or(posting.round(ctx), time.Hour))
	}
}

// work says that there is something to do for Run.
func (s *Service) work() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// retire deletes messages that were heard long ago.
func (s *Service) retire(now time.Time) {
	keep := s.config().Voicemail.Keep.D()
	if keep <= 0 {
		return
	}
	list, err := s.Messages("")
	if err != nil {
		s.log.Error("old messages were not deleted", "error", err)
		return
	}
	gone := 0
	for i := range list {
		if m := &list[i]; !m.New() && now.Sub(m.Heard) > keep && m.Mail != storage.MailWaits {
			if err := s.Delete(m.MessageKey); err != nil {
				s.log.Error("an old message was not deleted", "mailbox", m.Mailbox, "message", m.ID, "error", err)
				continue
			}
			gone++
		}
	}
	if gone > 0 {
		s.log.Info("old messages deleted", "messages", gone, "heard_before", keep)
	}
}
