package api

import (
	"time"

	"dialtone/config"
	"dialtone/storage"
)

// Status is how a server is.
type Status struct {
	Version       string     `json:"version"`
	Started       time.Time  `json:"started"`
	Draining      bool       `json:"draining"`                 // no new calls: the server is about to stop
	Config        string     `json:"config"`                   // the file; "" when there is none
	ConfigVersion string     `json:"config_version,omitempty"` // the git commit that it is of, or a hash
	Data          string     `json:"data"`                     // the folder
	Addresses     []Address  `json:"addresses"`
	Extensions    int        `json:"extensions"`
	Registrations int        `json:"registrations"`        // phones, not extensions
	DND           int        `json:"dnd,omitempty"`        // extensions that are not to be disturbed
	Forwarding    int        `json:"forwarding,omitempty"` // extensions that forward every call
	Calls         int        `json:"calls"`
	CallsMax      int        `json:"calls_max"`
	CallsTotal    uint64     `json:"calls_total"` // since the start
	RTPPortsUsed  int        `json:"rtp_ports_used"`
	RTPPorts      int        `json:"rtp_ports"`      // how many there are
	Zone          string     `json:"zone,omitempty"` // of the site, such as Europe/Berlin; "" is that of the machine
	LogLevel      string     `json:"log_level"`
	Trace         bool       `json:"trace"`
	LastReload    LastReload `json:"last_reload,omitzero"`
	Process       Process    `json:"process"`
	Stalls        Stalls     `json:"stalls,omitzero"`
	// Alerts are the newest events that an operator should know of, newest first,
	// at most 100 since the start.
	Alerts []Alert `json:"alerts,omitempty"`
}

// Stalls are how often the server did not run in time while there were calls, since the
// start: gaps in the audio of all of them.
type Stalls struct {
	Times     int       `json:"times"`
	TotalMS   float64   `json:"total_ms"`
	LongestMS float64   `json:"longest_ms"`
	Last      time.Time `json:"last,omitzero"`
	Told      time.Time `json:"told,omitzero"` // when that was an alert last
	Why       string    `json:"why,omitempty"` // of the last
	Do        string    `json:"do,omitempty"`  // what to do about it
}

// Alert is an event that an operator should know of.
type Alert struct {
	At     time.Time         `json:"at"`
	Level  string            `json:"level"` // "warn", "error"
	Event  string            `json:"event"` // "toll-limit", "emergency-call", "emergency-failed"...
	Text   string            `json:"text"`
	Values map[string]string `json:"values,omitempty"`
}

// Address is one place where the server listens.
type Address struct {
	Transport string `json:"transport"` // "udp", "tcp", "tls"
	Address   string `json:"address"`   // host:port
}

// LastReload is how the last reload went; zero when there was none.
type LastReload struct {
	At    time.Time `json:"at"`
	Error string    `json:"error,omitempty"`
}

// Process is what the server takes of the machine.
type Process struct {
	PID        int    `json:"pid"`
	RSS        uint64 `json:"rss"`  // bytes of memory in use, as the system counts
	Heap       uint64 `json:"heap"` // bytes of it that hold live objects
	Goroutines int    `json:"goroutines"`
	Files      int    `json:"files"`     // open files and sockets; 0 when not known
	FilesMax   uint64 `json:"files_max"` // how many there may be; 0 when not known
}

// Call is a call in progress.
type Call struct {
	ID       string    `json:"id"`
	From     string    `json:"from"`
	FromName string    `json:"from_name,omitempty"`
	To       string    `json:"to"`
	State    string    `json:"state"` // "trying", "ringing", "up", "held"
	Start    time.Time `json:"start"`
	Answer   time.Time `json:"answer,omitzero"` // zero: not answered yet
	Legs     []Leg     `json:"legs"`
}

// Leg is one party of a call. The quality is that of the audio that arrives
// from this party.
type Leg struct {
	ID        string  `json:"id"`
	Inbound   bool    `json:"inbound"`
	Party     string  `json:"party"`
	Trunk     string  `json:"trunk,omitempty"`   // the line to the outside that it came or goes over
	PaidBy    string  `json:"paid_by,omitempty"` // the extension on whose permission it was called
	Remote    string  `json:"remote,omitempty"`  // "udp 192.0.2.7:5060"
	UserAgent string  `json:"user_agent,omitempty"`
	Codec     string  `json:"codec,omitempty"`
	Encrypted bool    `json:"encrypted,omitempty"`
	RxPackets uint64  `json:"rx_packets"`
	RxLost    uint64  `json:"rx_lost"`
	TxPackets uint64  `json:"tx_packets"`
	JitterMS  float64 `json:"jitter_ms"`
	RTTMS     float64 `json:"rtt_ms,omitempty"`
	MOS       float64 `json:"mos,omitempty"` // an estimate, 1 (bad) to 4.5
}

// LossPercent is the part of the packets that should have arrived and did not.
func (l Leg) LossPercent() float64 {
	sent := l.RxPackets + l.RxLost
	if sent == 0 {
		return 0
	}
	return 100 * float64(l.RxLost) / float64(sent)
}

// Registration is one phone that can be called.
type Registration struct {
	Extension string    `json:"extension"`
	Name      string    `json:"name,omitempty"`
	Contact   string    `json:"contact"`   // the URI, as registered
	Transport string    `json:"transport"` // "udp", "tcp", "tls"
	Flow      string    `json:"flow"`      // ip:port that it registered from
	NAT       bool      `json:"nat,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Since     time.Time `json:"since"`
	Expires   time.Time `json:"expires"`
	// Reachable is "yes" or "no" as the last OPTIONS found, "" when none was sent.
	Reachable string  `json:"reachable,omitempty"`
	LatencyMS float64 `json:"latency_ms,omitempty"` // of that OPTIONS
}

// What storage keeps of calls is what the API gives.
type (
	// CDR is the record of a call.
	CDR = storage.CDR
	// CDRLeg is one party in it.
	CDRLeg = storage.CDRLeg
	// CDRFilter picks records.
	CDRFilter = storage.CDRFilter
)

// Feature is a number that Dialtone answers itself.
type Feature struct {
	Number string `json:"number"`
	Name   string `json:"name"` // "echo", "conference team"
	Text   string `json:"text"` // one sentence
}

// ReloadResult is what a reload changed.
type ReloadResult struct {
	Changes  []config.Change `json:"changes"`
	Warnings config.Errors   `json:"warnings,omitempty"` // about a configuration that works
}

// Compare names the configuration to compare with the one in force.
type Compare struct {
	File string `json:"file"` // an absolute path; "" is the file that the server was started with
}

// Comparison is what another configuration would change.
type Comparison struct {
	Running     string              `json:"running"` // version of the configuration in force
	File        string              `json:"file"`    // what it was compared with
	Version     string              `json:"version"` // of File
	Differences []config.Difference `json:"differences"`
	Warnings    config.Errors       `json:"warnings,omitempty"`
}

// LogLevel is how much is logged: debug, info, warn or error.
type LogLevel struct {
	Level string `json:"level"`
}

// Trace says whether SIP messages are logged.
type Trace struct {
	On bool `json:"on"`
}
