// Package call is the heart: a Call is one goroutine that walks the dialplan and
// joins legs; the Switchboard knows the calls in progress. It knows no SIP: legs
// and dialers come from packages that do.
package call

import (
	"context"
	"slices"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

// Want is what one side of a leg is ready to do: the formats, best first, and
// the direction from that side's point of view. As Near, no formats means every
// one that the configuration allows.
//
// Made are formats beyond, best first, that would have to be decoded and encoded
// here. They are offered behind the others and used when there is none of those.
type Want struct {
	Formats   []codec.Format
	Made      []codec.Format
	Direction media.Direction
	// Best asks for the first of Formats that the far side has, although another of
	// them is agreed. Levels offers to say how loud packets are (RFC 6464).
	Best, Levels bool
	Video        Video
}

// Video is what one side of a leg is ready to do with video, which is passed on as it is.
type Video struct {
	// Formats, best first, have the parameters of who takes them; none is no video.
	Formats   []codec.Format
	Direction media.Direction
	// Idle means that there is no video with this side, and that it need not be asked for
	// it; but when the other side wants to begin, this one will be.
	Idle bool
}

// Live reports whether there is video in some direction.
func (v Video) Live() bool { return len(v.Formats) > 0 && !v.Idle && v.Direction != media.Inactive }

// Equal compares.
func (v Video) Equal(w Video) bool {
	return v.Direction == w.Direction && v.Idle == w.Idle && slices.Equal(v.Formats, w.Formats)
}

// Leg is one party of a call, from its first message to its last. All methods
// are safe for concurrent use; those that take no context do not block.
type Leg interface {
	// ID is short and unique among the legs of this process.
	ID() string
	// Info says who and where the party is, for records and lists.
	Info() LegInfo
	// Context is done when the leg is over; context.Cause gives a *dialplan.Ended.
	Context() context.Context
	// Media is the leg's audio; never nil.
	Media() media.Endpoint
	// Far is what the far side last said that it accepts and which way it wants
	// audio to flow, from its own point of view. Its offer says both; its answer
	// only says it for a way that our offer had open (RFC 3264 §6.1): a way that
	// we had closed keeps what it was, so that a party which we put on hold does
	// not look as if it held us.
	Far() Want
	// Near sets what this side is ready to do from now on, from our point of
	// view. Offers of the far side are answered from it at once; when it differs
	// from what is agreed, the leg renegotiates by itself, in the background, again
	// after glare.
	Near(Want)
	// Connected says with whom the party talks now; the leg tells it, when that is news.
	Connected(Identity)
	// Changed gets a token (capacity 1) when Far or what is agreed has changed.
	Changed() <-chan struct{}
	// Infos gives the INFO bodies that the far side sent; the oldest are dropped
	// when nobody reads.
	Infos() <-chan Info
	// SendInfo passes an INFO body on; a failure is logged, it ends nothing.
	SendInfo(Info)
	// Hangup ends the leg in whatever way its state asks for (refusal, CANCEL, BYE)
	// and returns at once. The first reason stays; later ones are ignored.
	Hangup(*dialplan.Ended)
}

// Inbound is the leg of a caller, who waits for an answer.
type Inbound interface {
	Leg
	// Ring tells the caller that the callee rings (180).
	Ring()
	// Progress opens the audio before the answer (183 with SDP), in the formats
	// that near and the caller share. It fails with CauseNoCommonCodec.
	Progress(near Want) error
	// Answer accepts the call and returns when the caller has acknowledged. An
	// error is a *dialplan.Ended and the leg is over, except for
	// CauseNoCommonCodec, after which the call can still be refused or answered
	// otherwise.
	Answer(ctx context.Context, near Want) error
}

// Identity is who somebody is, as others see it. Without a number it is not to be known.
type Identity struct{ Number, Name string }

// LegInfo describes a leg for people.
type LegInfo struct {
	Inbound   bool
	Party     string // extension or number
	Trunk     string // the line to the outside that it came or went over, "" for a phone of ours
	URI       string // the remote target
	Remote    string // "udp 192.0.2.7:5060"
	SIPCallID string
	UserAgent string
	Secure    bool // signalling over TLS
	// DTMF is how keys are told to it and by it: rfc4733, info, inband, or auto, which
	// "" is too.
	DTMF string
}

// Info is the body of an INFO request (RFC 6086) on its way through.
type Info struct {
	ContentType string
	Body        []byte
}

// Contact is one place where a target can be reached, as its Dialer knows it.
type Contact interface {
	String() string // URI and flow, for the log
}

// Trunked is a Contact that goes over one trunk after the other.
type Trunked interface {
	Contact
	// Trunk is the one that is tried now, or was tried last; "" is none yet. It is
	// safe for concurrent use.
	Trunk() string
}

// Invitation is what a callee is told.
type Invitation struct {
	CallID      string // Dialtone's id of the call
	From        string
	FromName    string
	To          string
	Near        Want
	ReferredBy  string            // the extension that transferred the caller; else ""
	Forwards    int               // how often the call was forwarded before it came here
	Diversions  []Diversion       // who forwarded it here, the first one first
	Headers     map[string]string // further SIP headers, by name; none is of the protocol
	MaxForwards int               // what is left of the caller's; 0 means the default of 70
	Secure      bool              // the caller's side is encrypted; for the record only
	Voicemail   bool              // who declines leaves the caller to a mailbox
}

// Outgoing is a call to a number outside that was permitted. As is the extension
// that pays: the caller, when the plan names none.
type Outgoing struct {
	dialplan.Outside
	Anonymous  bool        // the caller hides its number
	Forwards   int         // how often the call was forwarded before it came here
	Diversions []Diversion // who forwarded it here, the first one first
	Diverted   string      // the number that was called, E.164, when the caller is from outside
	// Redirected asks whether the call may go on to another number, to which a trunk
	// redirects it, or back to Number; that one counts then, in place of the one before.
	// emergency says whether it is one for emergencies. Nil allows none.
	Redirected func(number string) (emergency bool, err error)
}

// Progress is what happens at a callee before the answer.
type Progress struct {
	Status int            // 180, 181, 182, 183
	Early  media.Endpoint // not nil when the callee sends audio already
	Far    Want           // of Early
	// Over says, instead of all that, that Early of before has ended: another way to
	// the callee is tried.
	Over bool
}

// Dialer reaches targets.
type Dialer interface {
	// Contacts lists where an extension can be reached now, best first. The
	// error is a *dialplan.Ended: not found or not registered.
	Contacts(extension string) ([]Contact, error)
	// Outside is the way to a number outside: one contact, whose Dial tries the
	// trunks and their servers in turn. The error is a *dialplan.Ended.
	Outside(o Outgoing) (Contact, error)
	// Dial invites one contact and returns its leg when it has answered. It
	// reports progress, never concurrently, before it returns. When ctx ends, the
	// invitation is withdrawn with the *dialplan.Ended that is the context's cause
	// and Dial returns without waiting for the phone; a late answer is
	// acknowledged and hung up by the dialer. Any error is a *dialplan.Ended.
	Dial(ctx context.Context, to Contact, inv Invitation, progress func(Progress)) (Leg, error)
}
