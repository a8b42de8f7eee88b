package storage

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// RecordingState is what is done with the audio of a recording.
type RecordingState string

// The states of a recording. While it is made, its file grows; who finds it in that state
// at the start was interrupted.
const (
	RecordingMade    RecordingState = "recording"
	RecordingKept    RecordingState = "kept"
	RecordingDeleted RecordingState = "deleted" // its file is to be removed, then the record
)

// Recording is what is known of a recording. Its audio is a file beside the store.
type Recording struct {
	// ID begins with the time at which the recording began, so that they sort by it.
	ID    string         `json:"id"`
	State RecordingState `json:"state"`
	// Call is the id of the call, or the name of the room when it is of a conference.
	Call     string `json:"call,omitempty"`
	From     string `json:"from,omitempty"`
	FromName string `json:"from_name,omitempty"`
	To       string `json:"to,omitempty"`
	DID      string `json:"did,omitempty"` // the number of ours that was called from outside
	// Parties are all who are heard in it, in the order in which they came.
	Parties []string      `json:"parties,omitempty"`
	Start   time.Time     `json:"start"`
	Length  time.Duration `json:"length"` // without the pauses
	Pauses  []Pause       `json:"pauses,omitempty"`
	By      string        `json:"by"` // rule, key, step, ctl or conference
	// Consent is what was done before: announced, agreed, or silent.
	Consent string `json:"consent,omitempty"`
	File    string `json:"file"`   // relative to the folder of recordings
	Format  string `json:"format"` // wav or opus
	Sealed  bool   `json:"sealed,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	SHA256  string `json:"sha256,omitempty"` // of the file
	// Incomplete says why something is missing; "" is that it is all there.
	Incomplete string `json:"incomplete,omitempty"`
	// Keep is for how long it is kept: 0 is as the configuration says, negative for ever.
	Keep time.Duration `json:"keep,omitempty"`
}

// Pause is a part of a call that is not in its recording.
type Pause struct {
	At  time.Duration `json:"at"`            // in the file
	For time.Duration `json:"for,omitempty"` // of the call; 0 is to its end
}

// RecordingFilter picks recordings; zero fields pick all.
type RecordingFilter struct {
	Since, Until time.Time // by Start: Since <= Start < Until
	Party        string    // one of From, To, DID and Parties equals it
	Call         string
	ID           string
	Limit        int
}

// Fits says whether r is one of the recordings that f picks, its Limit aside.
func (f RecordingFilter) Fits(r *Recording) bool {
	switch {
	case !f.Since.IsZero() && r.Start.Before(f.Since):
		return false
	case !f.Until.IsZero() && !r.Start.Before(f.Until):
		return false
	case f.ID != "" && r.ID != f.ID, f.Call != "" && r.Call != f.Call:
		return false
	case f.Party != "" && r.From != f.Party && r.To != f.Party && r.DID != f.Party && !slices.Contains(r.Parties, f.Party):
		return false
	}
	return true
}

var recordingID = regexp.MustCompile(`^[0-9a-z]{8,16}-[0-9a-z]{4,16}$`)

// IsRecordingID reports whether id has the form of those of recordings.
func IsRecordingID(id string) bool { return recordingID.MatchString(id) }

// Check says why r cannot be kept, or nil.
func (r *Recording) Check() error {
	switch {
	case !IsRecordingID(r.ID):
		return fmt.Errorf("storage: %q is no id of a recording", r.ID)
	case r.State != RecordingMade && r.State != RecordingKept && r.State != RecordingDeleted:
		return fmt.Errorf("storage: recording %q in the state %q", r.ID, r.State)
	case r.File == "":
		return errors.New("storage: recording without a file")
	}
	return nil
}
