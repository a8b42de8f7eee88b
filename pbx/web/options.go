package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

// Edge takes the connections of /ws, and knows sip.allow and sip.deny.
type Edge interface {
	Allowed(source netip.Addr) bool
	ServeMessages(ctx context.Context, conn sipedge.MessageConn, local, remote netip.AddrPort, secure bool) error
}

// Auth counts wrong passwords.
type Auth interface {
	Wait(extension string, source netip.Addr) time.Duration
	Wrong(extension string, source netip.Addr)
	Right(extension string, source netip.Addr)
}

// Board is what extensions do.
type Board interface {
	Dialogs(of func(number string) bool) map[string][]call.Dialog
	Watch() (changed <-chan struct{}, stop func())
	Owns(of func(extension string) bool) map[string][]call.Own
	Merge(ctx context.Context, extension string, sipCallIDs []string) error
	Member(extension, sipCallID, member, do string) error
	RecordOwn(ctx context.Context, extension, sipCallID, do string) error
}

// Registrar is where extensions are.
type Registrar interface {
	All() []registrar.Contact
	Subscribe() (events <-chan registrar.Event, stop func())
}

// Settings are what extensions set for themselves, by name and in words, as the control
// program shows them.
type Settings interface {
	DND(extension string) bool
	Values(extension string) map[string]string
	// Set gives ErrValue for what cannot be set so.
	Set(extension, name, value string) error
}

// ErrValue is why a setting is not set: it cannot be that.
var ErrValue = errors.New("a setting cannot be so")

// Records are those of calls.
type Records interface {
	CDRs(f storage.CDRFilter, yield func(storage.CDR) bool) error
}

// Voicemail has the messages of mailboxes.
type Voicemail interface {
	Messages(mailbox string) ([]storage.Message, error)
	Message(k storage.MessageKey) (storage.Message, error)
	Path(m *storage.Message) string
	SetHeard(k storage.MessageKey, heard bool) error
	Delete(k storage.MessageKey) error
}

// Texts are what extensions write to each other.
type Texts interface {
	Texts(f storage.TextFilter, yield func(storage.Text) bool) error
	// Recipients are who gets what one extension writes to a number, and why nobody may.
	Recipients(from, to string) (extensions []string, refusal string)
}

// Options are what a Server works with; all are needed.
type Options struct {
	Config func() *config.Config // the current one
	Data   string                // folder for certificates and sessions
	Page   fs.FS                 // index.html, and below assets what never changes
	Log    *slog.Logger

	Edge      Edge
	Auth      Auth
	Board     Board
	Registrar Registrar
	Settings  Settings
	Records   Records
	Voicemail Voicemail
	Texts     Texts
	Relay     Relay // nil is none
}
