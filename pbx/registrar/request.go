package registrar

import (
	"errors"
	"fmt"
	"time"
)

// Request is what a REGISTER asks for, after its sender has proved to be
// Extension. Without Contacts and Wildcard it only asks for the list.
type Request struct {
	Extension string
	CallID    string
	CSeq      uint32
	Contacts  []Binding
	Wildcard  bool // "Contact: *" with "Expires: 0": remove all
	Path      []string
	UserAgent string
	Flow      Flow
}

// Binding is one Contact of a REGISTER.
type Binding struct {
	URI      string
	Instance string  // +sip.instance without its quotes (RFC 5626 §4.1)
	RegID    int     // reg-id; 0: none
	Q        float64 // 0 to 1
	// Expires is what was asked for: 0 removes, negative means that nothing was
	// asked.
	Expires time.Duration
	NAT     bool // the address in URI is not where the request came from
}

var (
	// ErrOutOfOrder refuses a request that is not newer than the last one of the
	// same Call-ID (RFC 3261 §10.3 item 7).
	ErrOutOfOrder = errors.New("REGISTER is older than one already processed")
	// ErrTooManyContacts refuses one contact more than registrar.max_contacts.
	ErrTooManyContacts = errors.New("too many contacts for this extension")
	// ErrBadContact refuses a contact that cannot be kept.
	ErrBadContact = errors.New("bad contact")
)

// TooBriefError refuses an expiry below the least that is granted: 423
// (RFC 3261 §21.4.17).
type TooBriefError struct {
	Min time.Duration // for Min-Expires
}

func (e *TooBriefError) Error() string {
	return fmt.Sprintf("expiry is below the least granted, %v", e.Min)
}
