// Package storage says what Dialtone keeps, and defines the interface that every
// place to keep it implements.
package storage

import (
	"encoding/json"
	"errors"
	"time"
)

var (
	// ErrClosed is returned by a store that was closed.
	ErrClosed = errors.New("storage: closed")
	// ErrInUse is returned when another process holds the store open.
	ErrInUse = errors.New("another Dialtone uses this data folder")
	// ErrNewerFormat is returned for a store that a newer Dialtone has written.
	ErrNewerFormat = errors.New("written by a newer Dialtone")
)

// Store keeps everything that must survive a restart. All methods are safe for
// concurrent use.
type Store interface {
	// AddCDR keeps a record. It returns when the record is durable: many
	// callers share one disk write.
	AddCDR(CDR) error
	// CDRs calls yield for each record that f fits, newest first, until yield says
	// false.
	CDRs(f CDRFilter, yield func(CDR) bool) error
	// Prune deletes the records of calls that started before then, and says how
	// many.
	Prune(before time.Time) (int, error)
	// Contacts are all that were saved, expired ones too.
	Contacts() ([]Contact, error)
	// SaveContacts writes and deletes contacts in one transaction.
	SaveContacts(changed []Contact, removed []ContactKey) error
	// ListEntries are the entries of all lists, by list and number.
	ListEntries() ([]ListEntry, error)
	// SaveListEntries writes and deletes entries in one transaction. It returns
	// when they are durable.
	SaveListEntries(changed []ListEntry, removed []ListKey) error
	// Messages are those of a mailbox, by id; with "", those of all, by mailbox.
	Messages(mailbox string) ([]Message, error)
	// SaveMessages writes and deletes messages in one transaction. It returns when
	// they are durable.
	SaveMessages(changed []Message, removed []MessageKey) error
	// Mailboxes are what owners have set, by extension.
	Mailboxes() ([]Mailbox, error)
	// SaveMailbox writes one, durably.
	SaveMailbox(Mailbox) error
	// Recordings calls yield for each that f fits, newest first, until yield says false.
	Recordings(f RecordingFilter, yield func(Recording) bool) error
	// SaveRecording keeps what is known of a recording. It returns when that is durable.
	SaveRecording(Recording) error
	// DeleteRecordings forgets those with these ids, durably; one that is not there is no
	// error.
	DeleteRecordings(ids ...string) error
	// Texts calls yield for each message in writing that f fits, newest first, until yield
	// says false.
	Texts(f TextFilter, yield func(Text) bool) error
	// SaveTexts keeps messages in writing in one transaction. It returns when they are
	// durable.
	SaveTexts(...Text) error
	// ChangeText lets change change a message, and returns when that is durable. No other
	// change comes between; one that is not there is no error.
	ChangeText(id string, change func(*Text)) error
	// DeleteTexts forgets those with these ids, durably; one that is not there is no error.
	DeleteTexts(ids ...string) error
	// Devices are all that are known, by extension and name.
	Devices() ([]Device, error)
	// SaveDevices writes and deletes devices in one transaction.
	SaveDevices(changed, removed []Device) error
	// Subscriptions are all that were saved, by id, expired ones too.
	Subscriptions() ([]Subscription, error)
	// SaveSubscriptions writes those that changed and deletes those with the ids, in one
	// transaction. It returns when they are durable.
	SaveSubscriptions(changed []Subscription, removed []string) error
	// Settings are what extensions have set for themselves, by extension.
	Settings() ([]Settings, error)
	// SaveSettings writes those of one extension, and deletes them when nothing is set. It
	// returns when that is durable.
	SaveSettings(Settings) error
	Close() error
}

// CDR is the record of one call: its legs form a graph through Parent.
type CDR struct {
	ID       string    `json:"id"`
	From     string    `json:"from"`
	FromName string    `json:"from_name,omitempty"`
	To       string    `json:"to"`
	Start    time.Time `json:"start"`
	Answer   time.Time `json:"answer,omitzero"` // zero: never answered
	End      time.Time `json:"end"`
	Cause    string    `json:"cause"` // slug, see dialplan.Cause
	Blame    string    `json:"blame"`
	// Hidden says that callees were not to see From.
	Hidden   bool     `json:"hidden,omitempty"`
	HungUpBy string   `json:"hung_up_by,omitempty"` // leg id, or "" when the server did
	SIP      int      `json:"sip,omitempty"`
	Q850     int      `json:"q850,omitempty"`
	Detail   string   `json:"detail,omitempty"`
	Route    string   `json:"route,omitempty"` // the last that the call took
	Legs     []CDRLeg `json:"legs"`
	// ConfigVersion is that of the configuration in force when the call began.
	ConfigVersion string `json:"config_version,omitempty"`
	// After is the call that this one comes from: a party of it was transferred.
	After string `json:"after,omitempty"`
	// TransferredBy is who transferred it, the leg of After.
	TransferredBy string `json:"transferred_by,omitempty"`
	// Trace is how the dialplan decided, a dialplan.Trace of at most 64 KiB.
	Trace json.RawMessage `json:"trace,omitempty"`
	// Conferences are the rooms that the caller was in.
	Conferences []CDRConference `json:"conferences,omitempty"`
	// Recordings are the ids of those of the call.
	Recordings []string `json:"recordings,omitempty"`
}

// CDRConference is a time in a conference.
type CDRConference struct {
	Room   string    `json:"room"`
	Leader bool      `json:"leader,omitempty"`
	Join   time.Time `json:"join"`
	Leave  time.Time `json:"leave"`
}

// CDRLeg is one party of a call.
type CDRLeg struct {
	ID        string    `json:"id"`
	Parent    string    `json:"parent,omitempty"`   // the leg on whose behalf it was made
	Replaces  string    `json:"replaces,omitempty"` // the leg whose place it took
	MovedTo   string    `json:"moved_to,omitempty"` // the call in which it goes on
	Inbound   bool      `json:"inbound"`
	Party     string    `json:"party"`
	Trunk     string    `json:"trunk,omitempty"`   // the line to the outside that it came or went over
	PaidBy    string    `json:"paid_by,omitempty"` // the extension on whose permission it was called
	URI       string    `json:"uri,omitempty"`
	Remote    string    `json:"remote,omitempty"`
	SIPCallID string    `json:"sip_call_id,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Start     time.Time `json:"start"`
	Ring      time.Time `json:"ring,omitzero"`
	Answer    time.Time `json:"answer,omitzero"`
	End       time.Time `json:"end"`
	Cause     string    `json:"cause"`
	SIP       int       `json:"sip,omitempty"`
	Q850      int       `json:"q850,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Codec     string    `json:"codec,omitempty"`
	Encrypted bool      `json:"encrypted,omitempty"`
	RxPackets uint64    `json:"rx_packets,omitempty"`
	RxLost    uint64    `json:"rx_lost,omitempty"`
	TxPackets uint64    `json:"tx_packets,omitempty"`
	JitterMS  float64   `json:"jitter_ms,omitempty"`
	RTTMS     float64   `json:"rtt_ms,omitempty"`
	MOS       float64   `json:"mos,omitempty"`
}

// CDRFilter picks records; zero fields pick all.
type CDRFilter struct {
	Since, Until time.Time // by Start: Since <= Start < Until
	Party        string    // From or To equals it
	ID           string    // of the call
	Missed       bool      // only calls from outside that nobody took
	Limit        int
}

// ContactKey names one binding of an extension (RFC 3261 §10.3, RFC 5626 §6).
type ContactKey struct {
	Extension string `json:"extension"`
	// Binding is the instance and reg-id when the phone sent them, else the URI.
	Binding string `json:"binding"`
}

// Contact is one place where an extension can be reached.
type Contact struct {
	ContactKey
	URI       string    `json:"uri"`       // as registered
	Transport string    `json:"transport"` // "udp", "tcp", "tls"
	Flow      string    `json:"flow"`      // remote ip:port that the REGISTER came from
	Local     string    `json:"local"`     // our ip:port that received it
	Path      []string  `json:"path,omitempty"`
	Instance  string    `json:"instance,omitempty"`
	RegID     int       `json:"reg_id,omitempty"`
	Q         float64   `json:"q"`
	CallID    string    `json:"call_id"`
	CSeq      uint32    `json:"cseq"`
	UserAgent string    `json:"user_agent,omitempty"`
	NAT       bool      `json:"nat,omitempty"` // the URI's address is not where it came from
	Since     time.Time `json:"since"`
	Expires   time.Time `json:"expires"`
}

// ListKey names one entry of a list.
type ListKey struct {
	List   string `json:"list"`
	Number string `json:"number"` // or the beginning of numbers, or a word for callers without one
}

// ListEntry is a number on a list that is edited while Dialtone runs.
type ListEntry struct {
	ListKey
	Note  string    `json:"note,omitempty"`
	By    string    `json:"by,omitempty"` // the extension that put it there, "" is the operator
	Since time.Time `json:"since"`
}
