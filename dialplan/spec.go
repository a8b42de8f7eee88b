package dialplan

import (
	"fmt"
	"time"
)

// Pos is a place in a file, from 1; the zero Pos is nowhere, for what Dialtone
// wrote itself.
type Pos struct {
	File         string
	Line, Column int
}

// String is file:line:column.
func (p Pos) String() string {
	if p.File == "" {
		return "the built-in plan"
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Text is a text in a plan: where its first character stands, and what variables
// it refers to once it is compiled.
type Text struct {
	Value string
	At    Pos
	parts []part // nil for a text without variables
}

// Placed is where something stands, for what is embedded in it.
type Placed struct{ at Pos }

// SetPos says where it stands.
func (p *Placed) SetPos(at Pos) { p.at = at }

// Where is where it stands.
func (p *Placed) Where() Pos { return p.at }

// Texts is a text or a list of texts.
type Texts []Text

// Steps are taken in their order.
type Steps []Step

// Value is a text with a name.
type Value struct {
	Name string
	At   Pos // of the name
	Text Text
}

// Values are texts with names, in the order in which they are written.
type Values []Value

// Case is what a switch does for one value.
type Case struct {
	Value Text
	Do    Steps
}

// Cases are those of a switch, in the order in which they are written.
type Cases []Case

// Spec is a dialplan as it is written, with what it refers to.
type Spec struct {
	Site       Site
	Schedules  map[string]*ScheduleSpec
	Groups     map[string]*GroupSpec
	Subplans   map[string]*SubplanSpec
	Menus      map[string]*MenuSpec
	Contexts   map[string][]*RouteSpec
	Extensions []string
	// Messages are the routes of messages in writing.
	Messages []*MessageRouteSpec
	// Names are those of extensions that have one.
	Names  map[string]string
	Trunks []string
	// Entries say, by trunk, where its calls enter.
	Entries map[string]TrunkEntry
	// Lists are the names of lists that are edited at run time, besides BlockList.
	Lists []string
	// Numbers are ours in the public network, by E.164.
	Numbers map[string]Number
	// Features are the numbers of the built-in routes; "" is off.
	Features Features
	// Parking is where callers are parked.
	Parking Parking
	// RingTimeout is how long a dial rings that does not say.
	RingTimeout time.Duration
	// Webhooks are the names of those that can be told.
	Webhooks []string
	// Mail is true when mail can be sent.
	Mail bool
	// Speech is true when texts can be spoken.
	Speech bool
	// Hearing is true when speech is understood.
	Hearing bool
	// Music are the classes of music by name, besides DefaultMusic.
	Music []string
	// Mailboxes are the extensions that have one; none when there is no voicemail.
	Mailboxes []string
	// VoicemailDelay is how long the built-in routes ring an extension that has a mailbox.
	VoicemailDelay time.Duration
	// Operators are the numbers to which 0 leads in mailboxes, by the key that says so.
	Operators map[string]string
	// Conferences are rooms in which callers hear each other, by name.
	Conferences map[string]ConferenceEntry
	// Pins are those that callers may be asked for, by name.
	Pins map[string]Secret
	// Prompt says what is wrong with a prompt, by its name without .wav, but not where;
	// with a * in the name, that none is like it. Nil where no file may be read.
	Prompt func(name string) *Finding
	// Recorded reports whether there is a file of that name in the folder of prompts; nil
	// where no file may be read.
	Recorded func(name string) bool
	// ReadFile reads a calendar file or script; nil where no file may be read.
	ReadFile func(name string) ([]byte, error)
}

// TrunkEntry says how the calls of a trunk enter.
type TrunkEntry struct {
	Context  string // "" is OutsideContext
	Host     string // where its calls go
	Country  string // of numbers without a country code; "" is the site's
	Internal bool   // it leads to another exchange of ours
}

// Number says whom a number of ours reaches.
type Number struct {
	To, Name, Language string
	At                 Pos
}

// Features are the numbers that the built-in routes answer.
type Features struct {
	Echo, Tone, Music                       string
	Milliwatt, Delay, Silence, Sweep, Keys  string
	Block, Unblock                          string
	Voicemail, VoicemailAny, VoicemailLeave string
	VoicemailPickUp                         string
	// Settings are those by which extensions set things for themselves.
	Settings         SettingCodes
	Pickup, Intercom string
}

// Site says where the exchange stands, so that times and numbers mean what they
// mean there.
type Site struct {
	// Country is where the exchange stands, as two letters (ISO 3166), such as DE:
	// numbers without a country code are of this country, and its emergency numbers
	// go before all routes. An office in another country needs an exchange of its own.
	Country string `yaml:"country" format:"country"`
	// Timezone is the zone of all schedules that name none, such as
	// Europe/Berlin. The default is that of the machine.
	Timezone string `yaml:"timezone" format:"timezone"`
	// Emergency are the trunks over which emergency numbers are called, in order;
	// then all others are tried. The default is all. Trunks that are internal lead to
	// another place: they are tried only when they are named here, or when there are
	// no others at all.
	Emergency []string `yaml:"emergency" format:"name"`
	// Headers are the SIP headers that routes may look at, such as X-Priority.
	// What is in them is what the caller wrote: a wish, no proof.
	Headers []string `yaml:"headers" format:"header"`
	// HeadersOut are the SIP headers that the step header may set besides those that
	// begin with X-, such as Alert-Info.
	HeadersOut []string `yaml:"headers_out" format:"header"`
}

// ScheduleSpec is when something is open.
type ScheduleSpec struct {
	Placed
	// Open are the times at which it is open, such as "Mon-Fri 08:00-18:00". A
	// range may go over midnight: "daily 22:00-07:00".
	Open Texts `yaml:"open"`
	// Dates are whole days on which it is open: "2026-12-24", "12-25" for every
	// year, "2026-12-24 to 2026-12-26".
	Dates Texts `yaml:"dates"`
	// Except names schedules; while one of those is open, this is closed.
	Except Texts `yaml:"except"`
	// Ical is a calendar file (iCalendar) whose events count as open, relative to
	// the configuration file.
	Ical Text `yaml:"ical" path:"true"`
	// Timezone is the zone of the times, when it is not that of the site.
	Timezone Text `yaml:"timezone"`
}

// GroupSpec is a set of extensions that ring together.
type GroupSpec struct {
	Placed
	// Members are the extensions, in their order.
	Members []*MemberSpec `yaml:"members"`
	// Strategy is how they ring: all at once, sequential (one after the other) or
	// random (one after the other, each time in another order).
	Strategy string `yaml:"strategy" enum:"all,sequential,random"`
	// Each is how long one member rings before the next does, when they ring one
	// after the other. The default is 15s.
	Each time.Duration `yaml:"each" min:"1s" max:"10m"`
}

// MemberSpec is an extension in a group. A text alone is the extension.
type MemberSpec struct {
	Placed
	// Extension is who rings.
	Extension Text `yaml:"extension" main:"true"`
	// Delay lets the others ring alone for so long.
	Delay time.Duration `yaml:"delay" min:"1s" max:"10m"`
}

// SubplanSpec is a list of steps with a name, which the step call takes.
type SubplanSpec struct {
	Placed
	// Args are the names of the variables that the caller gives values.
	Args Texts `yaml:"args"`
	// Do are the steps.
	Do Steps `yaml:"do"`
}

// RouteSpec says which calls it is for and what to do with them.
type RouteSpec struct {
	Placed
	// Name is what logs, records and traces call the route. It must be unique in
	// its context.
	Name Text `yaml:"name"`
	// To is the number dialled: a pattern such as 1XX or 00., a regular expression
	// between slashes, or a list of such; one that begins with "not " must not fit.
	// Without it, every number fits. Spaces and - . ( ) / in a number that is dialled do
	// not count.
	To Texts `yaml:"to"`
	// When are further conditions. All of them must hold.
	When When `yaml:"when"`
	// Do are the steps, taken in order.
	Do Steps `yaml:"do"`
}

// When are conditions on a call; what is not written does not matter. Where a
// list stands, one of its values is enough; a value that begins with "not " must
// not fit.
type When struct {
	Placed
	// Time names a schedule that is open.
	Time Texts `yaml:"time"`
	// From is the caller's number, as patterns like those of to.
	From Texts `yaml:"from"`
	// FromName is a part of the caller's name, in any case of letters.
	FromName Texts `yaml:"from_name"`
	// Anonymous is true for callers that hide their number, false for the others.
	Anonymous *bool `yaml:"anonymous"`
	// Verified is true for callers who have the number that they show: an extension,
	// which proved it, and a call on a trunk whose provider says so (verstat, of
	// STIR/SHAKEN); false for all others, also when nobody says anything of the number
	// or it is hidden.
	Verified *bool `yaml:"verified"`
	// Country is that of the caller's number, as two letters.
	Country Texts `yaml:"country"`
	// Extension is the extension that calls, or a group that it is in.
	Extension Texts `yaml:"extension"`
	// Trunk is the trunk on which the call comes in; any is every one, so that
	// "not any" is for calls of extensions.
	Trunk Texts `yaml:"trunk"`
	// Network is where the call comes from: 192.168.2.0/24, or one address.
	Network Texts `yaml:"network"`
	// List names a list that the caller's number is on: block, or one of lists.
	List Texts `yaml:"list"`
	// Busy names an extension that is in a call.
	Busy Texts `yaml:"busy"`
	// Registered names an extension of which a phone can be reached.
	Registered Texts `yaml:"registered"`
	// Header are SIP headers of the call and their values; site.headers must name
	// them.
	Header map[string]Texts `yaml:"header"`
	// Var are variables and their values.
	Var map[string]Texts `yaml:"var"`
	// If is an expression that is true.
	If Text `yaml:"if"`
}

// Finding is one thing wrong in a plan.
type Finding struct {
	At      Pos
	Path    string // the key, such as dialplan.phones[2].do[0].goto
	Reason  string
	Remedy  string
	Warning bool // worth a look, but no reason to refuse the plan
}
