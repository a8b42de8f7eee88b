package plantest

import (
	"time"

	"dialtone/dialplan"
)

// File is a file of tests as it is written.
type File struct {
	dialplan.Placed
	// Plan is the configuration that is tested, relative to this file. The default
	// is the name of this file without _test.
	Plan dialplan.Text `yaml:"plan" path:"true"`
	// World is that of all tests; a test's own says more, or otherwise.
	World World `yaml:"world"`
	// Outside are numbers outside, and what they do when they are called; a test's
	// own says more, or otherwise. A number that is not there does not exist.
	Outside World `yaml:"outside"`
	// Trunks says how trunks are: up, down, silent (it does not answer), fails (503)
	// or full. A trunk that is not there is up.
	Trunks map[string]dialplan.Text `yaml:"trunks"`
	// Lists are the numbers on lists that are edited at run time, block among them,
	// in all tests.
	Lists map[string]dialplan.Texts `yaml:"lists"`
	// Settings are what extensions have set for themselves in all tests, as in
	// {"101": {dnd: on, forward-busy: "102"}}.
	Settings OwnSettings `yaml:"settings"`
	// HTTP is what web servers answer in all tests, unless a test's own fits.
	HTTP []*Answer `yaml:"http"`
	// Tests are the tests.
	Tests []*Case `yaml:"tests"`
}

// World is which phones are registered, by extension, and what they do when
// they are called. An extension that is not there has no phone.
type World map[string][]*Phone

// Case is one test: a call, and what is expected of it.
type Case struct {
	dialplan.Placed
	// Name is what reports call it.
	Name dialplan.Text `yaml:"name"`
	// At is when the call begins, at the site, such as 2026-12-24 22:30. The
	// default is Monday, 2026-01-05 12:00.
	At dialplan.Text `yaml:"at"`
	// Before are calls that began half a minute before and are up.
	Before []*Caller `yaml:"before"`
	// Call is the call.
	Call *Caller `yaml:"call"`
	// World is which phones there are.
	World World `yaml:"world"`
	// Outside is which numbers outside there are.
	Outside World `yaml:"outside"`
	// Trunks says how trunks are.
	Trunks map[string]dialplan.Text `yaml:"trunks"`
	// Lists are further numbers on lists that are edited at run time.
	Lists map[string]dialplan.Texts `yaml:"lists"`
	// Settings are what extensions have set for themselves, besides those of all tests.
	Settings OwnSettings `yaml:"settings"`
	// HTTP is what web servers answer to the step http: the first that fits.
	HTTP []*Answer `yaml:"http"`
	// Expect is what must happen; what is not written does not matter.
	Expect Expect `yaml:"expect"`
}

// Caller is who calls whom, and what the caller does.
type Caller struct {
	dialplan.Placed
	// From is the caller's number. An extension's is that of its phone.
	From dialplan.Text `yaml:"from"`
	// To is the number dialled.
	To dialplan.Text `yaml:"to"`
	// Trunk is the trunk on which a call from outside comes in.
	Trunk dialplan.Text `yaml:"trunk"`
	// Name is the caller's name; of an extension it is the one of the configuration.
	Name dialplan.Text `yaml:"name"`
	// Context is where a call from outside enters the plan; the default is that of
	// its trunk.
	Context dialplan.Text `yaml:"context"`
	// Anonymous is true for a caller that hides the number.
	Anonymous bool `yaml:"anonymous"`
	// Verified is true for a caller on a trunk whose provider vouches for the number.
	Verified bool `yaml:"verified"`
	// Source is the address from which the call comes, such as 192.0.2.7.
	Source dialplan.Text `yaml:"source"`
	// Transport is udp, tcp or tls; the default is udp.
	Transport string `yaml:"transport" enum:"udp,tcp,tls"`
	// UserAgent is what the phone says that it is.
	UserAgent dialplan.Text `yaml:"user_agent"`
	// Header are SIP headers that the call has.
	Header map[string]dialplan.Text `yaml:"header"`
	// Codecs are those that the caller's phone knows; the default is those of the
	// configuration.
	Codecs dialplan.Texts `yaml:"codecs"`
	// Keys are the keys that the caller presses, in order: "1234#", half a second
	// after those before, or after the answer; "1 during file menu", half a second
	// after that begins; "1 after file menu", half a second after its end; "1 after
	// 3s", from the start of the call.
	Keys dialplan.Texts `yaml:"keys"`
	// HangsUp is when the caller hangs up, from the start of the call. Without
	// it, the caller gives up after an hour, and talks for a minute unless the phone
	// that answered hangs up.
	HangsUp time.Duration `yaml:"hangs_up" min:"1ms" max:"1d"`
}

// Phone is one phone of an extension, and what it does when it is called. A text
// alone is what it does.
type Phone struct {
	dialplan.Placed
	// Does is answers, busy, declines or unreachable, at once, or rings, for ever.
	Does dialplan.Text `yaml:"does" main:"true"`
	// Phone is its name, for an extension that has several.
	Phone dialplan.Text `yaml:"phone"`
	// Answers is after how long it answers.
	Answers *time.Duration `yaml:"answers" max:"1d"`
	// Busy is after how long it says that it is busy.
	Busy *time.Duration `yaml:"busy" max:"1d"`
	// Declines is after how long it refuses the call.
	Declines *time.Duration `yaml:"declines" max:"1d"`
	// Unreachable is after how long it turns out that it is gone.
	Unreachable *time.Duration `yaml:"unreachable" max:"1d"`
	// HangsUp is how long after its answer it hangs up; without it, it leaves that
	// to the caller.
	HangsUp time.Duration `yaml:"hangs_up" min:"1ms" max:"1d"`
	// Keys are the keys that it presses, from half a second after its answer on, such
	// as "1" to confirm a dial with confirm.
	Keys dialplan.Text `yaml:"keys"`
	// Codecs are those that it knows; the default is those of the configuration.
	Codecs dialplan.Texts `yaml:"codecs"`
}

// Expect is what must happen.
type Expect struct {
	dialplan.Placed
	// Route is the last route that the call took; as CONTEXT/ROUTE, of that context.
	Route dialplan.Text `yaml:"route"`
	// Routes are all that it took, in order.
	Routes dialplan.Texts `yaml:"routes"`
	// Steps are the steps that were taken, in order, as a trace has them.
	Steps dialplan.Texts `yaml:"steps"`
	// Rang are the phones that rang, in order: 101, 101 after 5s, 101 desk after 5s
	// for 20s, +491701234567 via sipgate; or nobody.
	Rang dialplan.Texts `yaml:"rang"`
	// Outside are the calls that trunks took, in order, with the digits that were sent
	// and the number that the callee is to see, both written as the trunk has them:
	// 0301112222 via gateway from 030123450, 112 via landline, +4930123456 via sipgate
	// from anonymous; or nothing.
	Outside dialplan.Texts `yaml:"outside"`
	// Heard is what the caller heard, in order: ringing, tone 440 Hz for 2s, music,
	// echo,
	// file welcome, 101 after 5s; or nothing.
	Heard dialplan.Texts `yaml:"heard"`
	// Logged are the texts of the step log, in order; or nothing.
	Logged dialplan.Texts `yaml:"logged"`
	// Conference is the room that the caller was in last: team, or team as leader;
	// or none.
	Conference dialplan.Text `yaml:"conference"`
	// Answered is whether the caller was answered.
	Answered *bool `yaml:"answered"`
	// AnsweredBy is the phone that answered, such as 101 or 101 desk.
	AnsweredBy dialplan.Text `yaml:"answered_by"`
	// Shown is the caller's name as the phones that rang showed it.
	Shown dialplan.Text `yaml:"shown"`
	// Headers are SIP headers that the last phone which rang was sent, besides those
	// of the protocol.
	Headers map[string]dialplan.Text `yaml:"headers"`
	// Asked are the requests of the step http, in order, such as GET
	// https://crm.example.net/callers?number=101; or nothing.
	Asked dialplan.Texts `yaml:"asked"`
	// Sent are webhooks and mail, in order: webhook crm missed, email
	// ann@example.net: Missed call; or nothing.
	Sent dialplan.Texts `yaml:"sent"`
	// Voicemail are messages that the caller left and mailboxes that it heard, in order:
	// message for 101, mailbox 101; or nothing.
	Voicemail dialplan.Texts `yaml:"voicemail"`
	// Recorded is what was recorded, why and with which consent, in order: by rule,
	// announced; by step; pause; resume; or nothing.
	Recorded dialplan.Texts `yaml:"recorded"`
	// End is how the call ended.
	End *End `yaml:"end"`
}

// End is how a call ended. A text alone is the cause.
type End struct {
	dialplan.Placed
	// Cause is why, as in the call record: normal, busy, no-answer...
	Cause dialplan.Text `yaml:"cause" main:"true"`
	// After is when, from the start of the call.
	After *time.Duration `yaml:"after"`
	// By is who hung up: caller, a phone such as 101, or dialtone.
	By dialplan.Text `yaml:"by"`
}
