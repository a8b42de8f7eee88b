package sipedge

import "time"

// Limits bounds what the network can make the edge keep. A zero field means its
// default.
type Limits struct {
	Connections          int           // TCP and TLS connections at once: 10000
	ConnectionsPerSource int           // of one address: 512
	Transactions         int           // server and client transactions, each, and those finished that are remembered: 65536
	Handlers             int           // handlers running at once: 20000
	Sources              int           // addresses whose rate is remembered: 65536
	Idle                 time.Duration // silence on a connection nobody registered on: 2m
	Message              time.Duration // from the first byte of a message to the last: 10s
	Handshake            time.Duration // TLS: 10s
	Write                time.Duration // one message on a connection: 10s
	Dial                 time.Duration // to connect: 5s
}

const (
	maxMessage  = 65535                  // bytes of a message
	maxHeaders  = 256                    // header fields of a message
	tryingAfter = 200 * time.Millisecond // RFC 3261 §17.2.1
	cancelWait  = 500 * time.Millisecond
	laneWait    = 500 * time.Millisecond
	laneQueue   = 32
	heldCancels = 1024
	rescanEvery = 10 * time.Second
	largeUDP    = 1300 // RFC 3261 §18.1.1
)

func (l Limits) withDefaults() Limits {
	orInt(&l.Connections, 10000)
	orInt(&l.ConnectionsPerSource, 512)
	orInt(&l.Transactions, 65536)
	orInt(&l.Handlers, 20000)
	orInt(&l.Sources, 65536)
	orTime(&l.Idle, 2*time.Minute)
	orTime(&l.Message, 10*time.Second)
	orTime(&l.Handshake, 10*time.Second)
	orTime(&l.Write, 10*time.Second)
	orTime(&l.Dial, 5*time.Second)
	return l
}

func orInt(v *int, def int) {
	if *v == 0 {
		*v = def
	}
}

func orTime(v *time.Duration, def time.Duration) {
	if *v == 0 {
		*v = def
	}
}
