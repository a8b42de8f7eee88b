package storage

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MessageKey names one message of a mailbox.
type MessageKey struct {
	Mailbox string `json:"mailbox"`
	// ID begins with the time at which the message began, so that they sort by it.
	ID string `json:"id"`
}

// MessageState is what is done with the audio of a message.
type MessageState string

// The states of a message. While one is recorded, its file grows; who finds it in that
// state at the start was interrupted.
const (
	MessageRecording MessageState = "recording"
	MessageKept      MessageState = "kept"
	MessageDeleted   MessageState = "deleted" // its file is to be removed, then the record
)

// Message is a message of voicemail. Its audio is a file beside the store.
type Message struct {
	MessageKey
	State    MessageState  `json:"state"`
	From     string        `json:"from"`
	FromName string        `json:"from_name,omitempty"`
	To       string        `json:"to,omitempty"`    // the number that was called
	Trunk    string        `json:"trunk,omitempty"` // on which the caller came; "" is an extension
	CallID   string        `json:"call_id,omitempty"`
	At       time.Time     `json:"at"`
	Length   time.Duration `json:"length"`
	Urgent   bool          `json:"urgent,omitempty"`
	Private  bool          `json:"private,omitempty"`
	Heard    time.Time     `json:"heard,omitzero"` // zero: it is new
	File     string        `json:"file"`           // its name in the folder of messages
	Size     int64         `json:"size,omitempty"`
	SHA256   string        `json:"sha256,omitempty"` // of the file
	// Forwarded is the mailbox that it was forwarded from.
	Forwarded string `json:"forwarded,omitempty"`
	// Recovered says that the recording was cut off by the end of the process.
	Recovered  bool   `json:"recovered,omitempty"`
	Transcript string `json:"transcript,omitempty"`
	// Mail is how far it has come by mail.
	Mail MailState `json:"mail,omitempty"`
}

// MailState is how far a message has come by mail.
type MailState string

// The states of mail. "" is for a message that is not mailed.
const (
	MailWaits MailState = "waits"
	MailSent  MailState = "sent"
	MailLost  MailState = "lost" // it was refused for good
)

// New reports whether nobody has heard the message.
func (m *Message) New() bool { return m.Heard.IsZero() }

// Mailbox is what the owner of a mailbox has set by telephone.
type Mailbox struct {
	Extension string `json:"extension"`
	// PIN is what the PIN is derived to, "" for that of the configuration.
	PIN string `json:"pin,omitempty"`
}

const maxMessageText = 64 << 10

// Check says why nothing can be kept under k, or nil.
func (k MessageKey) Check() error {
	switch {
	case k.Mailbox == "" || k.ID == "":
		return errors.New("storage: message without mailbox or id")
	case len(k.Mailbox) > maxIDBytes || len(k.ID) > maxIDBytes:
		return fmt.Errorf("storage: mailbox and id of a message have at most %d bytes each", maxIDBytes)
	case strings.IndexByte(k.Mailbox, 0) >= 0:
		return errors.New("storage: zero byte in the name of a mailbox")
	}
	return nil
}

// Check says why m cannot be kept, or nil.
func (m *Message) Check() error {
	if err := m.MessageKey.Check(); err != nil {
		return err
	}
	switch {
	case m.State != MessageRecording && m.State != MessageKept && m.State != MessageDeleted:
		return fmt.Errorf("storage: message %q in the state %q", m.ID, m.State)
	case len(m.Transcript) > maxMessageText:
		return fmt.Errorf("storage: transcript of %d bytes, at most %d are kept", len(m.Transcript), maxMessageText)
	}
	return nil
}

// Check says why b cannot be kept, or nil.
func (b *Mailbox) Check() error {
	if b.Extension == "" || len(b.Extension) > maxIDBytes || len(b.PIN) > maxNoteBytes {
		return errors.New("storage: mailbox without an extension, or with too long a PIN")
	}
	return nil
}
