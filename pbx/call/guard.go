package call

import "dialtone/dialplan"

// Guard says who may call what outside, so that nobody pays for a stranger's
// calls.
type Guard interface {
	// Permit says whether the call may be made, and counts it until it is released.
	// The error is a *dialplan.Ended with CauseForbidden; the refusal is logged by the
	// guard. Nobody may call without an extension that pays, but an extension in an
	// emergency.
	Permit(call Toll) (Permit, error)
}

// Permit is the leave to make one call. It is safe for concurrent use.
type Permit interface {
	// Move asks, as Guard.Permit does, whether the call may go on to another number,
	// which then counts in place of the one before. After an error that one still counts.
	Move(to Toll) error
	// Release ends the call, once: further ones do nothing.
	Release()
}

// Toll is a call to the outside that asks for permission.
type Toll struct {
	CallID    string
	Caller    string // the extension that calls, "" for a caller from outside
	Extension string // who pays, "" is nobody
	From      string // the caller's number, for the log
	dialplan.Outside
}
