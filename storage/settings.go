package storage

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settings are what an extension has set for itself.
type Settings struct {
	Extension     string     `json:"extension"`
	DND           bool       `json:"dnd,omitempty"`
	Forward       Forward    `json:"forward,omitzero"` // every call
	Busy          Forward    `json:"busy,omitzero"`
	NoAnswer      Forward    `json:"no_answer,omitzero"`
	NotRegistered Forward    `json:"not_registered,omitzero"`
	FollowMe      bool       `json:"follow_me,omitempty"`
	Follow        []Follow   `json:"follow,omitempty"`     // kept while FollowMe is off
	NoWaiting     bool       `json:"no_waiting,omitempty"` // one call makes it busy
	HideNumber    bool       `json:"hide_number,omitempty"`
	RingBacks     []RingBack `json:"ring_backs,omitempty"`
	Changed       time.Time  `json:"changed,omitzero"`
}

// Forward is where calls go instead.
type Forward struct {
	On    bool          `json:"on,omitempty"`
	To    string        `json:"to,omitempty"`    // a number or ForwardVoicemail; kept while it is off
	After time.Duration `json:"after,omitempty"` // how long it rings before, when nobody answers
}

// ForwardVoicemail forwards to the mailbox of the extension.
const ForwardVoicemail = "voicemail"

// Follow is a number that rings besides an extension.
type Follow struct {
	To      string        `json:"to"`
	After   time.Duration `json:"after,omitempty"` // from the first ring of the extension
	Confirm bool          `json:"confirm,omitempty"`
}

// RingBack is an extension that is waited for until it is free.
type RingBack struct {
	To      string    `json:"to"`
	Idle    bool      `json:"idle,omitempty"` // it did not answer: it must use its phone first
	Expires time.Time `json:"expires"`
}

// maxSettingsItems is how long the lists of one extension may be.
const maxSettingsItems = 50

// Check says why s cannot be kept, or nil.
func (s *Settings) Check() error {
	long := len(s.Extension) > maxIDBytes
	for _, f := range []Forward{s.Forward, s.Busy, s.NoAnswer, s.NotRegistered} {
		long = long || len(f.To) > maxIDBytes
	}
	for _, f := range s.Follow {
		long = long || len(f.To) > maxIDBytes
	}
	for _, b := range s.RingBacks {
		long = long || len(b.To) > maxIDBytes
	}
	switch {
	case s.Extension == "":
		return errors.New("storage: settings without an extension")
	case long:
		return fmt.Errorf("storage: settings with a number of more than %d bytes", maxIDBytes)
	case len(s.Follow) > maxSettingsItems || len(s.RingBacks) > maxSettingsItems:
		return fmt.Errorf("storage: settings with lists of more than %d", maxSettingsItems)
	}
	return nil
}

// Clone shares nothing with s.
func (s Settings) Clone() Settings {
	s.Follow, s.RingBacks = slices.Clone(s.Follow), slices.Clone(s.RingBacks)
	return s
}

// Empty reports whether nothing is set, nor kept to be set again.
func (s Settings) Empty() bool {
	return !s.DND && s.Forward == Forward{} && s.Busy == Forward{} && s.NoAnswer == Forward{} && s.NotRegistered == Forward{} &&
		!s.FollowMe && len(s.Follow) == 0 && !s.NoWaiting && !s.HideNumber && len(s.RingBacks) == 0
}
