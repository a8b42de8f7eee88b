package voicemail

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"dialtone/media/record"
	"dialtone/storage"
)

// recover finishes what was interrupted: recordings become messages, deleted ones go.
func (s *Service) recover() error {
	all, err := s.store.Messages("")
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(all))
	for i := range all {
		m := &all[i]
		known[m.File] = true
		switch m.State {
		case storage.MessageRecording:
			if err := s.rescue(m); err != nil {
				s.log.Error("a message that was interrupted cannot be recovered", "event", "voicemail", "mailbox", m.Mailbox, "file", s.Path(m), "error", err)
			}
		case storage.MessageDeleted:
			if err := s.forget(m); err != nil {
				s.log.Error("a deleted message is still there", "mailbox", m.Mailbox, "message", m.ID, "error", err)
			}
		case storage.MessageKept:
			if _, err := os.Stat(s.Path(m)); err != nil {
				s.log.Error("the audio of a message is gone", "event", "voicemail", "mailbox", m.Mailbox, "message", m.ID, "error", err)
			}
		}
	}
	return s.orphans(known)
}

// wavHeader is how long the head of a file is that we write.
const wavHeader = 44

// rescue makes a message of what was recorded when the process ended.
func (s *Service) rescue(m *storage.Message) error {
	file, err := os.OpenFile(s.Path(m), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return s.forget(m)
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	audio := int64(0)
	if err == nil {
		audio = max(0, info.Size()-wavHeader) &^ 1
		m.Length = time.Duration(audio/2) * time.Second / time.Duration(rateIn(file))
	}
	if err == nil && m.Length >= s.config().Voicemail.Minimum.D() {
		err = correct(file, audio)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if m.Length < s.config().Voicemail.Minimum.D() {
		return s.forget(m)
	}
	m.Recovered = true
	s.log.Warn("a message was interrupted by the end of the server; what was recorded is kept", "mailbox", m.Mailbox, "message", m.ID, "from", m.From, "length", m.Length)
	return s.keep(m)
}

// rateIn is the rate of a file that we write, in samples a second.
func rateIn(file io.ReaderAt) int {
	var rate [4]byte
	if _, err := file.ReadAt(rate[:], 24); err != nil || binary.LittleEndian.Uint32(rate[:]) != record.Wideband {
		return record.Rate
	}
	return record.Wideband
}

// rateOf is that of the file of that name.
func rateOf(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return rateIn(file), nil
}

// correct writes how long the audio of a WAV file is.
func correct(file *os.File, audio int64) error {
	var riff, data [4]byte
	binary.LittleEndian.PutUint32(riff[:], uint32(wavHeader-8+audio))
	binary.LittleEndian.PutUint32(data[:], uint32(audio))
	_, first := file.WriteAt(riff[:], 4)
	_, second := file.WriteAt(data[:], wavHeader-4)
	return errors.Join(first, second, file.Truncate(wavHeader+audio), file.Sync())
}

// orphans tells of files that belong to no message. They are left alone: who restores a
// store of yesterday does not want to lose the messages of today.
func (s *Service) orphans(known map[string]bool) error {
	files, err := os.ReadDir(s.folder)
	if err != nil {
		return err
	}
	var first string
	n := 0
	for _, f := range files {
		if !known[f.Name()] {
			n++
			first = f.Name()
		}
	}
	if n > 0 {
		s.log.Warn("files in the folder of messages belong to none", "event", "voicemail", "files", n, "folder", s.folder, "one", first)
	}
	return nil
}
