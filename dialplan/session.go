package dialplan

import (
	"context"
	"time"
)

// Session is what steps can do with the call they run in. A verb returns when it
// is over, with nil when the call goes on; its error is a *Ended, or the
// context's.
type Session interface {
	// Answer accepts the call. It does nothing when it is accepted already.
	Answer(ctx context.Context) error
	// Ring tells the caller that it rings. It does nothing after the answer.
	Ring(ctx context.Context) error
	// Wait lets d pass.
	Wait(ctx context.Context, d time.Duration) error
	// Dial rings phones and joins the caller with the first that answers. When one
	// did, it gives its extension and the error is why the conversation ended;
	// when nobody did, "" and the error is why.
	Dial(ctx context.Context, r Ringing) (answeredBy string, err error)
	// Echo answers and sends back what the caller says, for d; 0 is until the end.
	Echo(ctx context.Context, d time.Duration) error
	// Tone answers and plays a tone of hz Hertz, for d; 0 is until the end.
	Tone(ctx context.Context, hz float64, d time.Duration) error
	// Music answers and plays the built-in music, for d; 0 is until the end.
	Music(ctx context.Context, d time.Duration) error
}

// Ringing is whom to ring, and for how long.
type Ringing struct {
	Targets []Target
	Timeout time.Duration // of the whole
	// FromName is what the phones show; "" is the caller's own.
	FromName string
}

// Target is one extension to ring.
type Target struct {
	Extension string
	After     time.Duration // from the start; a target rings earlier when no other does any more
	For       time.Duration // then it stops ringing; 0 is until the whole ends
}

// Phones says how extensions are at this moment.
type Phones interface {
	Busy(extension string) bool
	Registered(extension string) bool
}

// NoPhones is a world in which no extension is registered or in a call.
type NoPhones struct{}

// Busy implements Phones.
func (NoPhones) Busy(string) bool { return false }

// Registered implements Phones.
func (NoPhones) Registered(string) bool { return false }
