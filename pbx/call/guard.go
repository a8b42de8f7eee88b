package call

import "dialtone/dialplan"

// Guard says who may call what outside, so that nobody pays for a stranger's
// calls.
type Guard interface {
	// Permit says whether the call may be made, and counts it until release is
	// called. The error is a *dialplan.Ended with CauseForbidden; the refusal is
	// logged by the guard. extension is who pays: the caller, or the one that the
	// plan names; "" is nobody, who may call emergency numbers only when the
	// caller is an extension.
	Permit(call Toll) (release func(), err error)
}

// Toll is a call to the outside that asks for permission.
type Toll struct {
	CallID    string
	Caller    string // the extension that calls, "" for a caller from outside
	Extension string // who pays, "" is nobody
	From      string // the caller's number, for the log
	dialplan.Outside
}
