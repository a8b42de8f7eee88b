package sipedge

import "errors"

var (
	// ErrFlowGone means that the connection of a flow has closed, or that its local
	// address is no longer ours. The far side has to come back by itself.
	ErrFlowGone = errors.New("the connection to the far side is gone")
	// ErrCancelled is the cause with which a handler's context ends on CANCEL.
	ErrCancelled = errors.New("cancelled by the caller")
	// ErrAnswered means that a request has had its final answer already.
	ErrAnswered = errors.New("the request has been answered already")
	// ErrNoAnswer means that the request takes no answer (ACK).
	ErrNoAnswer = errors.New("an ACK is not answered")
	// ErrNotRunning means that the edge does not run, or stops.
	ErrNotRunning = errors.New("the SIP edge is not running")
	// ErrBusy means that the edge has as many transactions as it may have.
	ErrBusy = errors.New("too many SIP transactions")
	// ErrSilent means that nobody answered in time (RFC 3261 §17.1.4).
	ErrSilent = errors.New("no answer")
	// ErrUnsafe means that a message cannot be written without harm: its
	// Request-URI, method or a host holds characters that do not belong there.
	ErrUnsafe = errors.New("the message holds characters that SIP does not allow")
)
