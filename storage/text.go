package storage

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Text is a message in writing, as SIP's MESSAGE carries it, to one extension.
type Text struct {
	// ID begins with the time at which the message was taken; the later, the higher.
	ID string `json:"id"`
	// Extension is whose phones get it; "" for one that only a webhook was told of.
	Extension string `json:"extension,omitempty"`
	From      string `json:"from"` // the extension that sent it
	FromName  string `json:"from_name,omitempty"`
	To        string `json:"to"` // the number that it was sent to
	// At is when it was taken; after Expires it is given to nobody.
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	Type    string    `json:"type"` // Content-Type
	Body    []byte    `json:"body,omitempty"`
	// Origin tells the same request from another one: Call-ID and CSeq.
	Origin string `json:"origin,omitempty"`
	// Refused is the status with which all phones refused it, so that nobody else gets it.
	Refused int `json:"refused,omitempty"`
	// Receipts are what phones have said to it.
	Receipts []Receipt `json:"receipts,omitempty"`
}

// Receipt is the last word of a phone on a message.
type Receipt struct {
	Device string    `json:"device"`
	Agent  string    `json:"agent,omitempty"` // its User-Agent
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 200 when it took the message, else why it never will
}

// Taken reports whether a phone has the message.
func (t *Text) Taken() bool {
	for i := range t.Receipts {
		if t.Receipts[i].Status < 300 {
			return true
		}
	}
	return false
}

// Partner is with whom party has talked in t, "" when it was not in it.
func (t *Text) Partner(party string) string {
	own := t.Extension
	if own == "" {
		own = t.To
	}
	switch party {
	case t.From:
		return own
	case own, t.To:
		return t.From
	}
	return ""
}

// TextFilter picks messages; zero fields pick all.
type TextFilter struct {
	Since, Until time.Time // by At: Since <= At < Until
	Party, With  string    // that it was between; With alone means nothing
	ID           string
	Limit        int
}

// Fits says whether t is one of the messages that f picks, its Limit aside.
func (f TextFilter) Fits(t *Text) bool {
	switch {
	case !f.Since.IsZero() && t.At.Before(f.Since):
		return false
	case !f.Until.IsZero() && !t.At.Before(f.Until):
		return false
	case f.ID != "" && t.ID != f.ID:
		return false
	case f.Party == "":
		return true
	}
	partner := t.Partner(f.Party)
	return partner != "" && (f.With == "" || partner == f.With || f.Party == t.From && f.With == t.To)
}

// Device is a phone that names itself (RFC 5626 §4.1), so that it is known when it comes
// back.
type Device struct {
	Extension string    `json:"extension"`
	Name      string    `json:"name"`
	Since     time.Time `json:"since"` // messages from then on are for it, too
	Seen      time.Time `json:"seen"`  // about when it registered last
}

const maxTextBytes = 64 << 10

var textID = regexp.MustCompile(`^[0-9a-f]{13}-[0-9a-z]{4,16}$`)

// Check says why t cannot be kept, or nil.
func (t *Text) Check() error {
	switch {
	case !textID.MatchString(t.ID):
		return fmt.Errorf("storage: %q is no id of a message in writing", t.ID)
	case t.From == "" || t.To == "":
		return errors.New("storage: message in writing without from or to")
	case len(t.Body) > maxTextBytes:
		return fmt.Errorf("storage: message in writing of %d bytes, at most %d are kept", len(t.Body), maxTextBytes)
	case len(t.Extension) > maxIDBytes || len(t.From) > maxIDBytes || len(t.To) > maxIDBytes || len(t.Type) > maxNoteBytes || len(t.Origin) > maxNoteBytes || len(t.FromName) > maxNoteBytes:
		return errors.New("storage: message in writing whose names, type or origin are too long")
	}
	return nil
}

// Check says why d cannot be kept, or nil.
func (d *Device) Check() error {
	if err := (ContactKey{Extension: d.Extension, Binding: d.Name}).Check(); err != nil {
		return fmt.Errorf("storage: device: %w", err)
	}
	return nil
}
