package sipevents

import (
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
	"dialtone/storage"
)

// subscription is a dialog in which a phone is told. Service.mu guards what changes.
type subscription struct {
	id, key        string // key is Call-ID, both tags and the id of the event
	event, eventID string
	resource       string
	list           bool     // resource is a list (RFC 4662)
	members        []string // of the list, as indexed
	multipart      bool     // the phone understands multipart/mixed
	subscriber     string
	callID         sip.CallIDHeader
	from           sip.FromHeader // ours
	to             sip.ToHeader
	seq            uint32
	told           State // what the phone has confirmed; nil is nothing

	target  sip.Uri
	routes  []string
	flow    sipedge.Flow
	heard   uint32 // CSeq of the last SUBSCRIBE
	expires time.Time
	over    string // why it ends; "" while it goes on

	timer     *time.Timer
	stale     bool      // there may be something to tell
	asked     bool      // it is told in any case, and everything
	set       []string  // what the phone has set, of which it is told in any case
	sending   bool      // a NOTIFY is on its way, or has to wait for the answer to SUBSCRIBE
	failed    int       // NOTIFYs in a row that nobody answered
	notBefore time.Time // of the next NOTIFY
}

func keyOf(callID, local, remote, eventID string) string {
	return callID + "\x00" + local + "\x00" + remote + "\x00" + eventID
}

func tag(p sip.HeaderParams) string {
	t, _ := p.Get("tag")
	return t
}

// stored is what is kept of u; Service.mu is held.
func (u *subscription) stored() storage.Subscription {
	return storage.Subscription{
		ID: u.id, Event: u.event, EventID: u.eventID, Resource: u.resource, Subscriber: u.subscriber,
		List: u.list, Multipart: u.multipart, CallID: u.callID.Value(), Local: u.from.Value(), Remote: u.to.Value(), Sent: u.seq, Heard: u.heard,
		Target: u.target.String(), Routes: u.routes, Flow: u.flow.String(), Expires: u.expires,
	}
}

// restored reads what stored has written.
func restored(r *storage.Subscription) (*subscription, error) {
	u := &subscription{
		id: r.ID, event: r.Event, eventID: r.EventID, resource: r.Resource, subscriber: r.Subscriber, list: r.List, multipart: r.Multipart,
		callID: sip.CallIDHeader(r.CallID), seq: r.Sent + afterRestart, heard: r.Heard, routes: r.Routes, expires: r.Expires,
		stale: true, asked: true,
	}
	var err error
	if u.from.DisplayName, err = sip.ParseAddressValue(r.Local, &u.from.Address, &u.from.Params); err != nil {
		return nil, fmt.Errorf("local %q: %w", r.Local, err)
	}
	if u.to.DisplayName, err = sip.ParseAddressValue(r.Remote, &u.to.Address, &u.to.Params); err != nil {
		return nil, fmt.Errorf("remote %q: %w", r.Remote, err)
	}
	if err := sip.ParseUri(r.Target, &u.target); err != nil {
		return nil, fmt.Errorf("target %q: %w", r.Target, err)
	}
	if u.flow, err = sipedge.ParseFlow(r.Flow); err != nil {
		return nil, err
	}
	u.key = keyOf(r.CallID, tag(u.from.Params), tag(u.to.Params), r.EventID)
	return u, nil
}
