package api

import (
	"context"
	"errors"
	"os"
	"time"

	"dialtone/storage"
)

// Server is what the API needs of a running Dialtone. All methods are safe for
// concurrent use.
type Server interface {
	// Status is how the server is now; the API fills in Process.
	Status() Status
	// Check is what somebody needs to try the server out.
	Check() Check
	// Calls are those in progress, oldest first.
	Calls() []Call
	// Hangup ends a call. The error names the id and is ErrNotFound when no call
	// has it.
	Hangup(id string) error
	// Extensions are those that have set something for themselves, or all, by number.
	Extensions(all bool) []Extension
	// Extension is one; the error is ErrNotFound when it is not there.
	Extension(extension string) (Extension, error)
	// SetSetting sets something for an extension; the error is ErrNotFound when that, or
	// the extension, is not there.
	SetSetting(extension, setting, value string) (Extension, error)
	// Music lists the classes of music.
	Music() []Music
	// Conferences are the rooms in which somebody is, by name.
	// Parked are the calls that wait in slots, by slot.
	Parked() []Parked
	Conferences() []Conference
	// ControlConference does something to a room, or to a member of it by its number or
	// the id of its call; "" is all. The error is ErrNotFound when one is not there.
	ControlConference(room, member string, action ConferenceAction) error
	// Menus are what callers did in menus.
	Menus() Menus
	// ResetMenus begins to count that from nothing.
	ResetMenus()
	// Mailboxes are those of all extensions, by extension.
	Mailboxes() ([]Mailbox, error)
	// Messages are those of a mailbox; the error is ErrNotFound when there is none.
	Messages(mailbox string) ([]Message, error)
	// DeleteMessage deletes one; the error is ErrNotFound when it is not there.
	DeleteMessage(storage.MessageKey) error
	// OpenMessage opens the audio of one, a WAV file.
	OpenMessage(storage.MessageKey) (*os.File, error)
	// Recordings calls yield for each that the filter fits, newest first, until yield says
	// false.
	Recordings(f RecordingFilter, yield func(Recording) bool) error
	// Chats are who has written to whom, the last first; party "" is all.
	Chats(party string) ([]Chat, error)
	// ChatMessages calls yield for each message in writing that the filter fits, newest
	// first, until yield says false.
	ChatMessages(f ChatFilter, yield func(ChatMessage) bool) error
	// OpenRecording opens the file of one; the error is ErrNotFound when it is not there.
	OpenRecording(id string) (*os.File, error)
	// DeleteRecording deletes one; the error is ErrNotFound when it is not there.
	DeleteRecording(id string) error
	// VerifyRecordings reads all files again.
	VerifyRecordings(ctx context.Context) (Verification, error)
	// Record starts, stops, pauses or resumes the recording of a call. The error is that
	// of Hangup.
	Record(ctx context.Context, call, do string) error
	// Quality measures the audio of a call for d. The error is that of Hangup.
	Quality(ctx context.Context, id string, d time.Duration) ([]Quality, error)
	// Registrations are the contacts that can be called now, by extension.
	Registrations() []Registration
	// Subscriptions are those of phones that watch something; number "" is all, otherwise
	// those of and for one.
	Subscriptions(number string) []Subscription
	// Trunks are the lines to the outside, by name.
	Trunks() []Trunk
	// Features are the numbers that Dialtone answers itself.
	Features() []Feature
	// Reload reads the configuration again. On an error the old one stays.
	Reload() (ReloadResult, error)
	// Compare reads the configuration in a file, "" for the one it was started with,
	// and says what it would change. Nothing is put in force.
	Compare(file string) (Comparison, error)
	// SetLogLevel changes how much is logged until the next start; it refuses
	// words other than debug, info, warn and error.
	SetLogLevel(level string) error
	// SetTrace turns the log of SIP messages on or off.
	SetTrace(on bool)
	// Lists are those that are edited at run time.
	Lists() []List
	// ListEntries are the numbers on a list. The error is ErrNotFound when there is
	// no such list; that of AddToList and RemoveFromList too.
	ListEntries(list string) ([]ListEntry, error)
	// AddToList puts a number, or the beginning of numbers, on a list.
	AddToList(list, number, note string) (ListEntry, error)
	// RemoveFromList takes it off. The error is ErrNotFound when it is not there.
	RemoveFromList(list, number string) error
	// CDRs calls yield for each record that the filter fits, newest first, until
	// yield says false.
	CDRs(filter CDRFilter, yield func(CDR) bool) error
}

var (
	// ErrNotFound says that what was asked for is not there (any more).
	ErrNotFound = errors.New("not found")
	// ErrConfig is what a Client gets when the configuration was refused; the text
	// has a line and an excerpt for each reason.
	ErrConfig = errors.New("configuration refused")
)
