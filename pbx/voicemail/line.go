package voicemail

import (
	"context"
	"time"

	"dialtone/dialplan"
	"dialtone/media/record"
)

// Line is a caller that a service speaks with by keys and recordings. It is for the
// goroutine of the call.
type Line interface {
	// Facts is who calls.
	Facts() dialplan.Facts
	// Say answers and plays parts until they are over, or one of the keys in until is
	// pressed, which it gives. What cannot be played is left out.
	Say(ctx context.Context, language string, parts []Part, until string) (key string, err error)
	// Ask answers, plays parts and gathers keys; the first of them stops what is played.
	Ask(ctx context.Context, q Asking) (dialplan.Gathered, error)
	// Rate is how many samples a second what the caller says is worth, once it is answered:
	// record.Rate or record.Wideband.
	Rate() int
	// Record answers and records the caller. It gives what was recorded also with an
	// error, which says that the call is over.
	Record(ctx context.Context, r Recording) (Recorded, error)
	// Join lets the caller talk with another one until one of them hangs up, which it gives
	// as an error. Both were answered. The other one's goroutine must leave it alone
	// meanwhile.
	Join(ctx context.Context, other Line) error
	// Guesses counts wrong PINs.
	Guesses() dialplan.Guesses
}

// Part is one of the things that are played: the words of a sentence, which are
// prompts, or a file.
type Part struct {
	Words []string
	File  string // its path
	Name  string // of the file, for who only hears what is played
}

// Words is a part of prompts.
func Words(prompts ...string) Part { return Part{Words: prompts} }

// Asking is a question.
type Asking struct {
	Language string
	Parts    []Part
	Max      int    // keys; 1 is a choice
	Finish   string // keys that end the answer before
	Timeout  time.Duration
	Between  time.Duration
	Fresh    bool // forgets what was pressed before
}

// Recording is what is to be recorded.
type Recording struct {
	To      record.Writer // mono
	Rate    int           // of To; 0 is record.Rate
	Max     time.Duration
	Silence time.Duration // ends it
	Finish  string        // keys that end it
}

// Recorded is what came of it.
type Recorded struct {
	record.Result
	Key string // that ended it
}
