package dialplan

import (
	"context"
	"strings"
	"time"
)

// Settings are what extensions set for themselves.
type Settings interface {
	// Set changes a setting of an extension for good, and says what it is then.
	Set(extension, name, value string) (now string, err error)
	// Last is the number that an extension dialled last, or with caller that of who
	// called it last.
	Last(extension string, caller bool) (number string, err error)
	// RingBack waits, for an extension, until the one that it dialled last is free, whom
	// it names; with off it waits for nobody any more.
	RingBack(extension string, off bool) (whom string, err error)
	// HidesNumber reports whether an extension hides its number in all calls.
	HidesNumber(extension string) bool
}

// SettingNames are the names of all settings, in the order of the manual.
func SettingNames() []string {
	return []string{
		"dnd", "forward", "forward-busy", "forward-no-answer", "forward-not-registered", "follow-me", "call-waiting", "hide-number",
	}
}

// ForwardedError is that of a dial whose callee has its calls forwarded to its mailbox.
type ForwardedError struct {
	Mailbox string
	Why     *Ended // as if nobody had answered
}

// Error says so.
func (e *ForwardedError) Error() string { return "forwarded to the mailbox of " + e.Mailbox }

// Unwrap is what it is for those who know nothing of mailboxes.
func (e *ForwardedError) Unwrap() error { return e.Why }

// Note adds to what the trace says of the step that runs.
func (r *Run) Note(text string) { r.note(text) }

// hidden reports whether callees are not to see the caller's number.
func (r *Run) hidden() bool {
	switch {
	case r.Facts.Extension == "":
		return false // a provider has said what may be seen
	case r.hides != nil:
		return *r.hides
	}
	return r.Settings != nil && r.Settings.HidesNumber(r.Facts.Extension)
}

// What a request by telephone sounds like: a fifth upwards when it is done.
const (
	doneLow, doneHigh, failedHz = 523, 784, 262 // Hertz
	doneFor, failedFor          = 250 * time.Millisecond, 800 * time.Millisecond
)

// reply lets the caller hear whether what it asked for was done, and notes what.
func (r *Run) reply(ctx context.Context, done string, err error) error {
	if err != nil {
		r.note("not done: " + err.Error())
		return r.Session.Tone(ctx, failedHz, failedFor)
	}
	r.note(done + " is done")
	if err := r.Session.Tone(ctx, doneLow, doneFor); err != nil {
		return err
	}
	return r.Session.Tone(ctx, doneHigh, doneFor)
}

// asks gives the extension that calls, whose settings there are.
func (r *Run) asks() (string, error) {
	r.failed = nil
	switch {
	case r.Facts.Self() == "":
		return "", &Ended{Cause: CauseForbidden, Detail: "only an extension has settings"}
	case r.Settings == nil:
		return "", &Ended{Cause: CauseForbidden, Detail: "there are no settings here"}
	}
	return r.Facts.Self(), nil
}

// goOn goes on with another number, as if the extension had dialled it.
func (r *Run) goOn(ctx context.Context, number string) error {
	number = strings.TrimSuffix(strings.TrimSpace(number), "#")
	if r.Facts.Extension != "" && r.plan.Emergency(number) {
		r.To = r.plan.dialled(number)
		return r.take(ctx, r.emergencyCall().Route.steps)
	}
	return &jump{context: PhonesContext, to: r.plan.dialled(number)}
}
