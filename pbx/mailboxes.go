package pbx

import (
	"errors"
	"fmt"
	"os"

	"dialtone/pbx/api"
	"dialtone/pbx/voicemail"
	"dialtone/storage"
)

// Mailboxes implements api.Server.
func (s *Server) Mailboxes() ([]api.Mailbox, error) {
	cfg := s.Config()
	all, err := s.voicemail.Messages("")
	if err != nil {
		return nil, err
	}
	var out []api.Mailbox
	at := map[string]int{}
	for _, e := range cfg.Mailboxes() {
		at[e] = len(out)
		out = append(out, api.Mailbox{Mailbox: e, Name: cfg.Extensions[e].Name, Email: cfg.Extensions[e].Voicemail.Email})
	}
	for i := range all {
		m := &all[i]
		if _, ok := at[m.Mailbox]; !ok { // of an extension that has none any more
			at[m.Mailbox] = len(out)
			out = append(out, api.Mailbox{Mailbox: m.Mailbox})
		}
		box := &out[at[m.Mailbox]]
		if m.New() {
			box.New++
		} else {
			box.Old++
		}
		if m.Urgent {
			box.Urgent++
		}
		if m.Mail == storage.MailWaits {
			box.Unsent++
		}
	}
	return out, nil
}

// Messages implements api.Server.
func (s *Server) Messages(mailbox string) ([]api.Message, error) {
	list, err := s.voicemail.Messages(mailbox)
	if err == nil && len(list) == 0 && !s.Config().HasMailbox(mailbox) {
		return nil, fmt.Errorf("mailbox %q: %w", mailbox, api.ErrNotFound)
	}
	return list, err
}

// DeleteMessage implements api.Server.
func (s *Server) DeleteMessage(k storage.MessageKey) error {
	return missing(k, s.voicemail.Delete(k))
}

// OpenMessage implements api.Server.
func (s *Server) OpenMessage(k storage.MessageKey) (*os.File, error) {
	m, err := s.voicemail.Message(k)
	if err != nil {
		return nil, missing(k, err)
	}
	return os.Open(s.voicemail.Path(&m))
}

func missing(k storage.MessageKey, err error) error {
	if errors.Is(err, voicemail.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("message %q of mailbox %q: %w", k.ID, k.Mailbox, api.ErrNotFound)
	}
	return err
}
