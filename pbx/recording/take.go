package recording

import (
	"time"

	"dialtone/media"
)

// Why a recording is made.
const (
	ByRule       = "rule" // of an extension or a number
	ByKey        = "key"
	ByStep       = "step"
	ByOperator   = "ctl"
	ByConference = "conference"
)

// What was done for the consent of who is recorded.
const (
	Announced = "announced"
	Agreed    = "agreed"
	Silent    = "silent"
)

// Subject is what is to be recorded.
type Subject struct {
	Call           string // its id, or the name of a room
	From, FromName string
	To, DID        string
	Parties        []string
	By             string
	Consent        string
	Keep           time.Duration // 0 is as the configuration says
	Paused         bool          // from its beginning; of a call
}

// Take is a recording that is being made. Its methods are safe for concurrent use.
type Take interface {
	ID() string
	// Pause leaves out what is said from now on, and reports whether that is new.
	Pause() bool
	// Resume goes on, as soon as what was said until then is over (record.Lag), and reports
	// whether it was paused.
	Resume() bool
	// Done is closed when it ends, also when nobody called Stop: the disk is full.
	Done() <-chan struct{}
	// Joined notes one more who is heard in it.
	Joined(party string)
	// Stop ends it, and returns when it is kept; it is dropped when nothing was recorded.
	Stop()
}

// CallTake is a recording of a call, in two channels.
type CallTake interface {
	Take
	// Start records what is said at e, on the left, and what is heard there.
	Start(e media.Endpoint) error
	// Follow goes on with what is said and heard at e, where the caller is now.
	Follow(e media.Endpoint) error
}

// RoomTake is a recording of a conference, in one channel.
type RoomTake interface {
	Take
	// Frame records 20 ms. It neither blocks nor keeps pcm.
	Frame(pcm []int16, rate int)
}
