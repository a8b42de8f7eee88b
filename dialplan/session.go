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
	// Progress opens the audio of the caller before the answer, so that what is
	// played is heard without one. It does nothing when it is open already.
	Progress(ctx context.Context) error
	// Wait lets d pass.
	Wait(ctx context.Context, d time.Duration) error
	// Dial rings phones and joins the caller with the first that answers, and confirms it
	// when that is asked for. When one
	// did, it gives its extension, or the number outside, and the error is why the
	// conversation ended; when nobody did, "" and the error is why.
	Dial(ctx context.Context, r Ringing) (answeredBy string, err error)
	// Echo answers and sends back what the caller says, for d; 0 is until the end.
	Echo(ctx context.Context, d time.Duration) error
	// Tone answers and plays a tone of hz Hertz, for d; 0 is until the end.
	Tone(ctx context.Context, hz float64, d time.Duration) error
	// DelayedEcho is like Echo, but so much later.
	DelayedEcho(ctx context.Context, delay, d time.Duration) error
	// Signal answers, unless the audio is open already, and plays the tone of that name
	// (one of ToneNames), for d; 0 is until the end.
	Signal(ctx context.Context, name string, d time.Duration) error
	// SendKeys answers and presses keys at the caller's end; a w waits half a second, a
	// W a second.
	SendKeys(ctx context.Context, keys string) error
	// KeyEcho answers and sends back the keys that the caller presses, for d; 0 is until
	// the end.
	KeyEcho(ctx context.Context, d time.Duration) error
	// Music answers and plays music of a class, "" for the default one, for d; 0 is until
	// the end.
	Music(ctx context.Context, class string, d time.Duration) error
	// Conference answers and lets the caller talk with all in a room. refused says why
	// the caller did not get in, "" when it did; then nil is that it left by a key.
	Conference(ctx context.Context, j Joining) (refused string, err error)
	// Pickup lets the caller take the call that has rung for longest at one of these
	// extensions, none being all whose calls it may take. what says which call it was, and
	// err that this one is over; without it, err is why there is none.
	Pickup(ctx context.Context, of []string) (what string, err error)
	// Park answers and lets the caller wait in a slot until somebody takes the call; by
	// says who, and err why that conversation is over. Without it, err is why nobody came;
	// without a slot, why the caller was not parked.
	Park(ctx context.Context, w Waiting) (slot, by string, err error)
	// Unpark lets the caller talk with who is parked in a slot, as Pickup does.
	Unpark(ctx context.Context, slot string) (what string, err error)
	// Page calls phones that answer by themselves, and lets them hear the caller. heard is
	// how many have; without any, err is why.
	Page(ctx context.Context, p Paging) (heard int, err error)
	// Play answers and plays files until they are over or a key stops them, which it
	// gives. An *UnplayableError says what was left out.
	Play(ctx context.Context, p Playing) (key string, err error)
	// Gather answers, plays files and gathers the keys that the caller presses. An
	// *UnplayableError says what was left out; what was gathered counts.
	Gather(ctx context.Context, g Gathering) (Gathered, error)
	// Deposit answers and takes a message for a mailbox.
	Deposit(ctx context.Context, d Depositing) (Deposited, error)
	// Visit answers and lets the caller hear the messages of a mailbox.
	Visit(ctx context.Context, v Visiting) (Visited, error)
	// Record does something with the recording of the call; start answers. why says what
	// kept it from that, "" when nothing did.
	Record(ctx context.Context, rec Recording) (why string, err error)
}

// Ringing is whom to ring, and for how long.
type Ringing struct {
	Targets []Target
	Timeout time.Duration // of the whole
	// FromName is what the phones show; "" is the caller's own.
	FromName string
	// Headers are SIP headers for the calls, by name.
	Headers map[string]string
	// Music is the class that the caller hears meanwhile instead of a ringing tone; "" is
	// the tone.
	Music string
	// Keys are pressed at the one that answered, as by SendKeys.
	Keys string
	// Hidden has callees see no number and no name; emergency services see them.
	Hidden bool
	// Confirm is played to who answers, who must press 1 to be joined with the caller;
	// without files it is tones. Nil asks nobody.
	Confirm *Playing
	// Voicemail says that a caller can leave a message when the only target declines.
	Voicemail bool
}

// Target is one extension to ring, or a number outside to call.
type Target struct {
	Extension string
	Outside   *Outside      // not nil for a number outside; then Extension is ""
	After     time.Duration // from the start; a target rings earlier when no other does any more
	For       time.Duration // then it stops ringing; 0 is until the whole ends
}

// Name is the extension or the number.
func (t Target) Name() string {
	if t.Outside != nil {
		return t.Outside.Number
	}
	return t.Extension
}

func (t Target) emergency() bool { return t.Outside != nil && t.Outside.Emergency }

// Outside is a number outside, and how it is to be called.
type Outside struct {
	Number    string   // as it was dialled
	Via       []string // trunks, tried in order
	As        string   // the extension on whose permission it is called; "" is the caller's
	CallerID  string   // E.164, or AnonymousNumber to hide it; "" is what the extension and the trunk say
	Emergency bool     // no permission and no limit holds it back
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
