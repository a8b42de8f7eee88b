// Package doctor finds out why phones and browsers cannot be used with a server: it does
// what they do, from outside, and says in plain words what is wrong and what to do.
//
//	doctor.go       findings, and the order of the tests
//	patient.go      the server: how it was configured, and what it says of itself
//	configuration.go, ports.go, machine.go, processors.go, clock_*.go, names.go
//	certificate.go  what browsers will say to the certificate
//	wire.go, dialog.go, digest.go  a SIP phone, no larger than it has to be
//	listeners.go    OPTIONS over each transport, WebSocket too
//	call.go         a call to the number at which a phone hears itself, with its delay and loss
//	ice.go, stun.go where the server tells browsers to send their audio, and whether it is heard
//	turn.go         a relay of TURN
//	phones.go       trunks and registrations
package doctor

import (
	"context"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels. Skipped is what could not be tested; the text says why.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem"
	Skipped Level = "skipped"
)

// Finding is what one test has found.
type Finding struct {
	Test  string `json:"test"` // "certificate"
	Level Level  `json:"level"`
	Text  string `json:"text"`         // one sentence
	Do    string `json:"do,omitempty"` // what to do about it
	// Values are the numbers that were measured, by name; times are in milliseconds.
	Values map[string]float64 `json:"values,omitempty"`
}

// test is one that finds something. It tells what it finds as it goes.
type test struct {
	name    string
	running bool // it needs a server that runs
	find    func(*patient, context.Context) []Finding
}

// tests are all, in an order in which the first that fails is likely to be the cause of
// those that follow.
func tests() []test {
	return []test{
		{"configuration", false, (*patient).configuration},
		{"server", false, (*patient).server},
		{"ports", false, (*patient).ports},
		{"data", false, (*patient).folder},
		{"clock", false, (*patient).clock},
		{"processors", false, (*patient).processors},
		{"names", false, (*patient).names},
		{"certificate", true, (*patient).certificate},
		{"websocket", true, (*patient).webSocket},
		{"sip", true, (*patient).listeners},
		{"echo", true, (*patient).echo},
		{"browsers", true, (*patient).browsers},
		{"turn", true, (*patient).relays},
		{"trunks", true, (*patient).trunks},
		{"phones", true, (*patient).phones},
	}
}

// each is how long one test may take.
const each = 20 * time.Second

// Examine does all tests in order and has tell called with each finding. What cannot be
// tested since the server does not run is left out.
func Examine(ctx context.Context, o Options, tell func(Finding)) {
	p := newPatient(ctx, o)
	for _, one := range tests() {
		if ctx.Err() != nil {
			return
		}
		if one.running && !p.running() {
			continue
		}
		within, cancel := context.WithTimeout(ctx, each)
		found := one.find(p, within)
		cancel()
		for _, f := range found {
			f.Test = one.name
			tell(f)
		}
	}
}

func ok(text string) Finding          { return Finding{Level: OK, Text: text} }
func warning(text, do string) Finding { return Finding{Level: Warning, Text: text, Do: do} }
func problem(text, do string) Finding { return Finding{Level: Problem, Text: text, Do: do} }
func skipped(text, do string) Finding { return Finding{Level: Skipped, Text: text, Do: do} }

// Worst is the worst level among findings.
func Worst(found []Finding) Level {
	worst := OK
	for _, f := range found {
		if f.Level == Problem || f.Level == Warning && worst == OK {
			worst = f.Level
		}
	}
	return worst
}
