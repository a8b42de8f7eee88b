package storage

import (
	"errors"
	"fmt"
	"time"
)

// Subscription is the dialog in which a phone is told of something (RFC 6665). It is
// kept so that the phone hears of what changed while Dialtone was not there.
type Subscription struct {
	// ID names the dialog: no two have the same.
	ID         string `json:"id"`
	Event      string `json:"event"`               // "dialog"
	EventID    string `json:"event_id,omitempty"`  // the parameter id of Event
	Resource   string `json:"resource"`            // what is watched
	Subscriber string `json:"subscriber"`          // the extension that watches
	List       bool   `json:"list,omitempty"`      // Resource is a list of them (RFC 4662)
	Multipart  bool   `json:"multipart,omitempty"` // the phone understands multipart/mixed
	// CallID, Local and Remote are the dialog; Local and Remote are values of From and
	// To as we send them, with tags.
	CallID string `json:"call_id"`
	Local  string `json:"local"`
	Remote string `json:"remote"`
	// Sent is the CSeq of the last NOTIFY when this was written, Heard that of the last
	// SUBSCRIBE.
	Sent    uint32    `json:"sent"`
	Heard   uint32    `json:"heard"`
	Target  string    `json:"target"`           // URI that NOTIFYs go to
	Routes  []string  `json:"routes,omitempty"` // in sending order
	Flow    string    `json:"flow"`             // transport, our ip:port, remote ip:port
	Expires time.Time `json:"expires"`
}

// maxSubscriptionBytes is what the texts of a subscription may have in all.
const maxSubscriptionBytes = 16 << 10

// Check says why u cannot be kept, or nil.
func (u *Subscription) Check() error {
	if u.ID == "" {
		return errors.New("storage: subscription without an id")
	}
	n := len(u.Event) + len(u.EventID) + len(u.Resource) + len(u.Subscriber) + len(u.CallID) + len(u.Local) + len(u.Remote) + len(u.Target) + len(u.Flow)
	for _, r := range u.Routes {
		n += len(r)
	}
	if len(u.ID) > maxIDBytes || n > maxSubscriptionBytes {
		return fmt.Errorf("storage: subscription of %d bytes with an id of %d, at most %d and %d are kept", n, len(u.ID), maxSubscriptionBytes, maxIDBytes)
	}
	return nil
}
