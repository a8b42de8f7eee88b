// Package config is everything that an admin can set: one struct, read strictly
// from YAML. Its doc comments are the reference in docs/config.md.
package config

import "dialtone/dialplan"

// Config is the whole of dialtone.yaml. The doc comment of a field is what an
// admin reads of its key; the tags are what is checked, documented and put into
// the JSON Schema:
//
//	restart  a change is refused by a reload
//	path     a file name, made relative to the file that names it
//	enum     the only values
//	min, max the bounds of a number or duration
//	off      the value outside the bounds that turns the key off
//	plan     read as a part of the dialplan, see decode_plan.go
//	format   a Format by name, of a string or of each item of a list
//	key      a Format by name, of the keys of a map
type Config struct {
	// Include names further files, read as if they stood here. Paths and patterns
	// (*.yaml) are relative to the file that includes them.
	Include []string `yaml:"include,omitempty" format:"files"`
	// Data is the folder for what Dialtone keeps: the store, the generated
	// certificate, the control socket. Relative to the configuration file.
	Data string `yaml:"data" restart:"true" path:"true" format:"path"`
	// Prompts is the folder of the files (WAV, FLAC, Opus, Vorbis or MP3) that the
	// dialplan plays, relative to the
	// configuration file. The default is prompts in the data folder. A file there comes
	// before the prompt of the same name that comes with Dialtone (see `dialtone docs
	// prompts`): NAME.wav for all languages, fr/NAME.wav for French.
	Prompts string `yaml:"prompts,omitempty" path:"true" format:"path"`
	// Log says how much is logged and in what shape.
	Log Log `yaml:"log"`
	// SIP is where phones reach Dialtone and how it treats what arrives.
	SIP SIP `yaml:"sip"`
	// Web is the phone in the browser: one HTTPS server for its page and for SIP over
	// WebSocket.
	Web Web `yaml:"web"`
	// Registrar says for how long, and how many, phones may register.
	Registrar Registrar `yaml:"registrar"`
	// Media is how audio is carried.
	Media Media `yaml:"media"`
	// Calls sets limits and timers for calls.
	Calls Calls `yaml:"calls"`
	// Voicemail takes messages for extensions that do not answer.
	Voicemail Voicemail `yaml:"voicemail"`
	// Messages are texts that extensions write to each other.
	Messages Messages `yaml:"messages"`
	// Recording says how calls are recorded. Nothing is recorded unless an extension, a
	// number, a conference or the step record says so.
	Recording Recording `yaml:"recording"`
	// Transfers are keys by which phones without a button for it transfer calls.
	Transfers Transfers `yaml:"transfers,omitempty"`
	// Lamps say what phones may know of what the others do.
	Lamps Lamps `yaml:"lamps,omitempty"`
	// Features are the numbers that Dialtone answers itself; an empty one is off.
	Features Features `yaml:"features"`
	// Site says where the exchange stands, and what routes may look at.
	Site dialplan.Site `yaml:"site"`
	// Trunks are the lines to the outside, by name.
	Trunks map[string]Trunk `yaml:"trunks,omitempty" key:"name"`
	// Numbers are ours in the public network, by themselves: +4930123450. Each
	// reaches an extension or group when no route takes the call before.
	Numbers map[string]Number `yaml:"numbers,omitempty" key:"e164"`
	// Permissions say what extensions may call outside, by name; default is that
	// of extensions that name none. Without one of that name, they may call
	// toll-free, domestic, mobile and service numbers: 10 calls at once and 100
	// an hour.
	Permissions map[string]Permission `yaml:"permissions,omitempty" key:"name"`
	// Pins are PINs that callers can be asked for by the step pin, by the name or the
	// extension of who has them: 4 to 20 digits, in quotes. Write ${NAME} to take one
	// from the environment, or file:PATH to take it from the first line of a file.
	Pins map[string]Secret `yaml:"pins,omitempty" key:"extension"`
	// Parking is where callers wait with music until somebody calls their slot.
	Parking Parking `yaml:"parking"`
	// Conferences are rooms in which callers hear each other, by name. The step conference
	// lets callers in.
	Conferences map[string]Conference `yaml:"conferences,omitempty" key:"name"`
	// Lists are lists of callers that are edited at run time, by name, for when:
	// {list: NAME}; there is always block, whose callers are refused. `dialtone ctl
	// list` edits them.
	Lists map[string]List `yaml:"lists,omitempty" key:"name"`
	// Webhooks are servers of yours that the step webhook tells about calls, by
	// name.
	Webhooks map[string]Webhook `yaml:"webhooks,omitempty" key:"name"`
	// Speech says how texts become speech.
	Speech Speech `yaml:"speech,omitempty"`
	// Music is what callers hear who wait.
	Music Music `yaml:"music,omitempty"`
	// Mail says how mail is sent: by the step email, and with the messages of mailboxes.
	Mail Mail `yaml:"mail,omitempty"`
	// Schedules are times at which something is open, by name.
	Schedules map[string]*dialplan.ScheduleSpec `yaml:"schedules,omitempty" plan:"true" key:"name"`
	// Groups are extensions that ring together, by name.
	Groups map[string]*dialplan.GroupSpec `yaml:"groups,omitempty" plan:"true" key:"name"`
	// Extensions are the phones that may register, by number.
	Extensions map[string]Extension `yaml:"extensions" key:"extension"`
	// Subplans are steps that the step call takes, by name.
	Subplans map[string]*dialplan.SubplanSpec `yaml:"subplans,omitempty" plan:"true" key:"name"`
	// Menus are what the step menu lets callers choose from, by name.
	Menus map[string]*dialplan.MenuSpec `yaml:"menus,omitempty" plan:"true" key:"name"`
	// Dialplan says where calls go: routes in contexts, by the name of the context.
	// Calls of extensions enter the context phones; what fits no route there goes
	// to the features and extensions, as it does without a dialplan.
	Dialplan map[string][]*dialplan.RouteSpec `yaml:"dialplan,omitempty" plan:"true" key:"name"`
}

// Log says how much is logged and in what shape.
type Log struct {
	// Level is debug, info, warn or error. `dialtone ctl log-level` changes it
	// while running.
	Level string `yaml:"level" enum:"debug,info,warn,error"`
	// Format is text or json.
	Format string `yaml:"format" enum:"text,json"`
}

// SIP is where phones reach Dialtone.
type SIP struct {
	// Domain is the name that phones register at and the digest realm. Calls to
	// other names are still for us when they arrive here.
	Domain string `yaml:"domain" format:"domain"`
	// UDP lists addresses to listen on, host:port. A host of 0.0.0.0 or [::] means
	// every address of the machine in that family, ":5060" every one of both.
	UDP []string `yaml:"udp" restart:"true" format:"listen"`
	// TCP is like udp, for SIP over TCP.
	TCP []string `yaml:"tcp" restart:"true" format:"listen"`
	// TLS is like udp, for SIP over TLS.
	TLS []string `yaml:"tls" restart:"true" format:"listen"`
	// Certificate is a PEM file with the chain for TLS, relative to the
	// configuration file. When it and key are empty, a self-signed certificate is
	// made in the data folder at first start.
	Certificate string `yaml:"certificate" path:"true" format:"file"`
	// Key is the PEM file with the private key that belongs to certificate.
	Key string `yaml:"key" path:"true" format:"file"`
	// External is the address that phones outside the local networks see, when
	// Dialtone is behind NAT: an IP address.
	External string `yaml:"external" format:"ip"`
	// LocalNetworks are those for which external is not used.
	LocalNetworks []string `yaml:"local_networks" format:"network"`
	// Allow lists the networks that may send SIP; empty means all.
	Allow []string `yaml:"allow" format:"network"`
	// Deny lists networks whose packets are dropped before they are read.
	Deny []string `yaml:"deny" format:"network"`
	// RatePerSource is how many messages a second one address may send, on
	// average; bursts may be ten times that. Flows of registered phones may send
	// ten times more.
	RatePerSource int `yaml:"rate_per_source" min:"1" max:"100000"`
	// MaxFailures is how many wrong passwords one address may try for one
	// extension within ten minutes; then it is not answered for ten minutes.
	MaxFailures int `yaml:"max_failures" min:"1" max:"1000"`
	// Digest is how phones prove their password: MD5, SHA-256 (RFC 8760), or both,
	// SHA-256 first. A phone that does not know SHA-256 should ignore that part of
	// both; many refuse to register instead.
	Digest string `yaml:"digest" enum:"MD5,both,SHA-256"`
	// SessionExpires is the session timer (RFC 4028) that Dialtone asks for.
	SessionExpires Duration `yaml:"session_expires" min:"90s" max:"1d"`
	// Trace logs every SIP message, with passwords and pressed keys masked.
	Trace bool `yaml:"trace"`
}

// Registrar says for how long, and how many, phones may register.
type Registrar struct {
	// MinExpires is the shortest registration granted; shorter asks get 423.
	MinExpires Duration `yaml:"min_expires" min:"10s" max:"7d"`
	// MaxExpires is the longest; longer asks are shortened to it.
	MaxExpires Duration `yaml:"max_expires" min:"10s" max:"7d"`
	// DefaultExpires is granted when the phone asks for nothing.
	DefaultExpires Duration `yaml:"default_expires" min:"10s" max:"7d"`
	// MaxContacts is how many phones may be registered as one extension.
	MaxContacts int `yaml:"max_contacts" min:"1" max:"100"`
	// WhenFull is what happens to one more: reject (403) or replace (the one
	// heard of longest ago goes).
	WhenFull string `yaml:"when_full" enum:"reject,replace"`
	// Qualify is how often a registered phone is asked whether it is there
	// (OPTIONS); 0 turns that off. Behind NAT it keeps the way open.
	Qualify Duration `yaml:"qualify" off:"0" min:"5s" max:"1h"`
}

// Media is how audio is carried.
type Media struct {
	// Ports is the range of UDP ports for RTP and RTCP, "first-last".
	Ports string `yaml:"ports" restart:"true" format:"ports"`
	// Codecs are offered and accepted in this order, by name. Phones without a codec
	// in common hear each other all the same: OPUS, G722, PCMA and PCMU are converted
	// into each other, which costs time and some quality. G729 and GSM must be shared
	// by both phones.
	Codecs []string `yaml:"codecs" format:"codec"`
	// WebRTCPort is the one port for the audio of all browsers, at each address of this
	// machine. Firewalls must let in UDP, and TCP for browsers that have no UDP. 0 is no
	// audio with browsers; without web.listen there is none, either.
	WebRTCPort int `yaml:"webrtc_port" restart:"true" min:"0" max:"65535"`
	// ICE says who looks for ways between browsers and Dialtone. With lite, browsers do,
	// and Dialtone answers, which needs an address, or a port that the router passes on,
	// that they can reach. With full, Dialtone looks as well, which opens the way through
	// a router. auto is full for browsers that are neither in the networks of this
	// machine nor in sip.local_networks, when this machine has no public address, and for
	// all when stun is set.
	ICE string `yaml:"ice" restart:"true" enum:"lite,full,auto"`
	// STUN is a server that is asked every 20 seconds which address and port this machine
	// has outside, which browsers are told of. Its port is 3478 unless another one is
	// written. Without, none is asked.
	STUN string `yaml:"stun" restart:"true" format:"stun"`
	// SRTP is the encryption of audio (SDES): off, optional (used when the phone
	// offers it, offered to phones that are connected by TLS) or required.
	SRTP string `yaml:"srtp" enum:"off,optional,required"`
	// Video passes video on between phones and browsers that have VP8 or H.264 in common.
	// Without it, they are answered that there is none.
	Video bool `yaml:"video"`
	// Timeout ends a call on which no audio arrived for this long, from a side that
	// should send; 0 never does.
	Timeout Duration `yaml:"timeout" off:"0" min:"5s" max:"1d"`
}

// Calls sets limits and timers for calls.
type Calls struct {
	// Max is how many calls may be up at once; more are refused with 503.
	Max int `yaml:"max" min:"1" max:"100000"`
	// RingTimeout ends an attempt that nobody answers.
	RingTimeout Duration `yaml:"ring_timeout" min:"5s" max:"1h"`
	// MaxDuration ends calls that last longer; 0 never does.
	MaxDuration Duration `yaml:"max_duration" off:"0" min:"1m" max:"30d"`
	// DrainTimeout is how long calls in progress may go on after the first
	// Ctrl-C or SIGTERM.
	DrainTimeout Duration `yaml:"drain_timeout" off:"0" min:"1s" max:"1d"`
	// KeepRecords is for how long call records are kept; 0 keeps them for ever.
	KeepRecords Duration `yaml:"keep_records" off:"0" min:"1d" max:"10000d"`
}

// Extension is one phone account.
type Extension struct {
	// Password is what the phone logs in with. Write ${NAME} to take it from the
	// environment, or file:PATH to take it from the first line of a file.
	Password Secret `yaml:"password"`
	// WebPassword is what its owner logs in with at the web phone; without it, password. It
	// may be a hash, $argon2id$v=19$..., as the program argon2 writes it.
	WebPassword Secret `yaml:"web_password,omitempty"`
	// Name is shown to whom this extension calls.
	Name string `yaml:"name,omitempty"`
	// DND refuses calls to this extension as busy.
	DND bool `yaml:"dnd,omitempty"`
	// MaxCalls is how many calls the extension may have at once; 0 means 10.
	MaxCalls int `yaml:"max_calls,omitempty" min:"0" max:"1000"`
	// Permission names one of permissions: what the extension may call outside.
	Permission string `yaml:"permission,omitempty" format:"name"`
	// CallerID is the number that callees outside see, one of numbers. It goes before
	// what caller_id of the trunk says; caller_id of the step dial goes before it.
	CallerID string `yaml:"caller_id,omitempty" format:"e164"`
	// Language is that of announcements to this extension, such as en or fr.
	Language string `yaml:"language,omitempty" format:"language"`
	// Codecs narrows and orders media.codecs for this extension.
	Codecs []string `yaml:"codecs,omitempty" format:"codec"`
	// DTMF is how keys that are pressed are told by this phone, and to it: rfc4733
	// (telephone-event), info (SIP INFO), inband (tones in the audio) or auto, which is
	// usual: telephone-event when the phone knows it, else tones. INFO is understood
	// from all of them.
	DTMF string `yaml:"dtmf,omitempty" enum:"auto,rfc4733,info,inband"`
	// Connected is how the phone is told with whom it talks when that changes, after a
	// transfer for instance: pai (P-Asserted-Identity, the default), rpid
	// (Remote-Party-ID) or off.
	Connected string `yaml:"connected,omitempty" enum:"pai,rpid,off"`
	// Record says whether its conversations are recorded: always; by_key, when it presses
	// recording.key; or never, which is so whatever others want. Without it, they are when
	// something or somebody else says so.
	Record string `yaml:"record,omitempty" enum:"always,by_key,never"`
	// Watchers are the extensions that may watch this one with a lamp; [] lets nobody.
	// Without it, all may.
	Watchers []string `yaml:"watchers,omitempty" format:"extension"`
	// Pickup are extensions and groups whose calls this extension may take when they ring,
	// besides those of its own groups.
	Pickup []string `yaml:"pickup,omitempty" format:"extension"`
	// AutoAnswer is how phones of the extension are told to answer by themselves when they
	// are paged: call-info (Call-Info: answer-after=0), alert-info (Alert-Info:
	// info=alert-autoanswer), answer-mode (RFC 5373), all of them, never, or a header as it
	// is: "Alert-Info: Auto Answer". The default is all.
	AutoAnswer string `yaml:"auto_answer,omitempty"`
	// Voicemail is the mailbox of the extension; false is none.
	Voicemail Mailbox `yaml:"voicemail,omitempty"`
}

// List is a list of numbers, or beginnings of them, that is edited at run time.
type List struct {
	// Text says what it is for, for people.
	Text string `yaml:"text,omitempty"`
}

// Features are the numbers that Dialtone answers itself.
type Features struct {
	// Echo sends back what it hears.
	Echo string `yaml:"echo" format:"number"`
	// Tone plays a steady tone of 440 Hz.
	Tone string `yaml:"tone" format:"number"`
	// Music plays the music of the class default, which is the built-in music unless
	// music.classes has one of that name.
	Music string `yaml:"music" format:"number"`
	// Milliwatt plays 1004 Hz at 0 dBm0, to measure levels with; *41 is usual. Off
	// unless it is given, as all that follow.
	Milliwatt string `yaml:"milliwatt" format:"number"`
	// Delay sends back what it hears two seconds later, so that one hears one's own
	// voice as the others do; *42 is usual.
	Delay string `yaml:"delay" format:"number"`
	// Silence answers and says nothing, to hear what the line itself adds; *43 is usual.
	Silence string `yaml:"silence" format:"number"`
	// Sweep glides from 300 to 3400 Hz in ten seconds; *44 is usual.
	Sweep string `yaml:"sweep" format:"number"`
	// Keys sends back each key that is pressed, in the form that the phone wants; *45 is
	// usual.
	Keys string `yaml:"keys" format:"number"`
	// Block puts the number of the last caller from outside on the block list, or
	// the number that is dialled behind it: *60, or *60030123456. Calls from there
	// are refused from then on, for everybody. Off unless it is given; *60 is usual.
	Block string `yaml:"block" format:"number"`
	// Unblock takes it off again, in the same ways; *61 is usual.
	Unblock string `yaml:"unblock" format:"number"`
	// Voicemail lets an extension hear its messages.
	Voicemail string `yaml:"voicemail" format:"number"`
	// VoicemailAny asks whose messages are to be heard, and for the PIN.
	VoicemailAny string `yaml:"voicemail_any" format:"number"`
	// VoicemailLeave takes a message for the extension that is dialled behind it, without
	// ringing it: *99101.
	VoicemailLeave string `yaml:"voicemail_leave" format:"number"`
	// Pickup takes the call that rings at the extension or group which is dialled behind
	// it: *8101. Without one, it takes the call that has rung for longest at the extension
	// that calls, or at one with which it shares a group.
	Pickup string `yaml:"pickup" format:"number"`
	// Intercom talks with the extension that is dialled behind it, whose phone answers by
	// itself: *80101. Off unless it is given; *80 is usual.
	Intercom string `yaml:"intercom" format:"number"`
	// Settings are the numbers by which extensions set what happens to their calls: see
	// `dialtone docs settings`. Those named here are in force unless they are others.
	Settings dialplan.SettingCodes `yaml:"settings"`
	// VoicemailPickUp lets an extension talk with who is leaving it a message right now.
	VoicemailPickUp string `yaml:"voicemail_pick_up" format:"number"`
}
