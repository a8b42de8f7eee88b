package api

import (
	"net/http"

	"dialtone/config"
)

// route is one row of the API: adding one adds the handler and its page in the
// reference.
type route struct {
	method, path string
	sentence     string  // what it does, for the reference
	query        []param // what may follow the question mark
	takes        any     // an example of the body, nil when there is none
	gives        any     // an example of the answer, nil when there is none
	lines        bool    // the answer is one JSON object a line, any number of them
	handle       func(*API, http.ResponseWriter, *http.Request) error
}

type param struct{ name, sentence string }

// routes is the whole API. The examples are what the reference shows.
func routes() []route {
	return []route{
		{
			method: "GET", path: "/v1/status", handle: (*API).status,
			sentence: "How the server is: version, addresses, calls and registrations, what it takes of the machine.",
			gives:    exampleStatus(),
		},
		{
			method: "POST", path: "/v1/check", handle: (*API).check,
			sentence: "What `dialtone doctor` needs to try the server out: where browsers find it and what they are shown there, and credentials, good for a few minutes, with which one number can be called: the one at which a phone hears itself.",
			gives:    exampleCheck(),
		},
		{
			method: "GET", path: "/v1/calls", handle: (*API).calls,
			sentence: "The calls in progress, oldest first.",
			gives:    []Call{exampleCall()},
		},
		{
			method: "DELETE", path: "/v1/calls/{id}", handle: (*API).hangup,
			sentence: "Ends a call. 404 when there is no call with that id.",
		},
		{
			method: "GET", path: "/v1/calls/{id}/quality", handle: (*API).quality,
			sentence: "Measures the audio of a call, party by party, and says in words what is wrong. 404 when there is no call with that id.",
			query:    []param{{"for", "for how long, up to 20s; without it 3s"}},
			gives:    []Quality{exampleQuality()},
		},
		{
			method: "GET", path: "/v1/subscriptions", handle: (*API).subscriptions,
			sentence: "Which phones are told of what (SUBSCRIBE), by event and by what is watched. `failed` is how many NOTIFYs in a row the phone did not answer.",
			query:    []param{{"number", "what this extension watches, and who watches it"}},
			gives:    []Subscription{exampleSubscription()},
		},
		{
			method: "GET", path: "/v1/registrations", handle: (*API).registrations,
			sentence: "The phones that can be called now, by extension.",
			gives:    []Registration{exampleRegistration()},
		},
		{
			method: "GET", path: "/v1/trunks", handle: (*API).trunks,
			sentence: "The lines to the outside, by name: how each is, since when and why, and its servers in the order in which they are tried.",
			gives:    []Trunk{exampleTrunk()},
		},
		{
			method: "GET", path: "/v1/features", handle: (*API).features,
			sentence: "The numbers that Dialtone answers itself.",
			gives:    []Feature{{Number: "600", Name: "echo", Text: "Sends back what it hears."}},
		},
		{
			method: "POST", path: "/v1/reload", handle: (*API).reload,
			sentence: "Reads the configuration again. When it has mistakes, or a key changed that needs a restart, the answer is 422 with all reasons and the old configuration stays.",
			gives:    ReloadResult{Changes: []config.Change{{Path: "extensions.104.dnd", Old: "false", New: "true"}}},
		},
		{
			method: "POST", path: "/v1/compare", handle: (*API).compare,
			sentence: "Reads the configuration in a file on the server's machine, without a file the one it was started with, and says what it would change: each difference is of the kind `setting`, of what the configuration has by name (`extension`, `trunk`, `number`...), `route`, or `file`, which is a script or calendar that both name and that says something else. Nothing is put in force; when it has mistakes the answer is 422 with all of them.",
			takes:    Compare{File: "/etc/dialtone/new.yaml"},
			gives:    exampleComparison(),
		},
		{
			method: "PUT", path: "/v1/log-level", handle: (*API).setLogLevel,
			sentence: "Changes how much is logged, until the next start.",
			takes:    LogLevel{Level: "debug"},
		},
		{
			method: "PUT", path: "/v1/trace", handle: (*API).setTrace,
			sentence: "Turns the log of SIP messages on or off, until the next start. Passwords in it are masked.",
			takes:    Trace{On: true},
		},
		{
			method: "GET", path: "/v1/music", handle: (*API).music,
			sentence: "The classes of music on hold: where each comes from, what is heard of it now, by how many, and whose it is.",
			gives: []Music{{
				Class: "default", Source: "/etc/dialtone/music", Playing: "02-evening.flac", Listeners: 12,
				Encodings: []string{"PCMA/8000 20ms", "OPUS/48000 20ms"}, Credits: "Evening, by K. Nobody, CC BY 4.0",
				DecodedSeconds: 5120.5, EncodedFrames: 512050,
			}},
		},
		{
			method: "GET", path: "/v1/parked", handle: (*API).parked,
			sentence: "The calls that are parked, by slot.",
			gives:    []Parked{exampleParked()},
		},
		{
			method: "GET", path: "/v1/conferences", handle: (*API).conferences,
			sentence: "The conferences in which somebody is, by name, and who: who speaks, and how loud.",
			gives:    []Conference{exampleConference()},
		},
		{
			method: "POST", path: "/v1/conferences/{room}", handle: (*API).controlConference,
			sentence: "Does something to a conference: `mute` or `unmute` all but the leaders, `lock`, `unlock`, `end`, `play` a `prompt` to all, or `call` a `number` into it: an extension, or with `as`, the extension that pays, any that this one may call. 404 when nobody is in it, 403 when it may not be called.",
			takes:    ConferenceAction{Do: "play", Prompt: "menu/one-moment"},
		},
		{
			method: "POST", path: "/v1/conferences/{room}/members/{member}", handle: (*API).controlConference,
			sentence: "Does something to a member, who is named by a number or by the id of the call: `mute`, `unmute`, `deafen`, `undeafen` or `kick`. 404 when there is no such member, 409 when there are several of that number.",
			takes:    ConferenceAction{Do: "mute"},
		},
		{
			method: "GET", path: "/v1/menus", handle: (*API).menus,
			sentence: "What callers did in each menu, since the start or the last reset: which choices they made, how often they pressed nothing or what is no choice, how many hung up instead of choosing.",
			gives:    exampleMenus(),
		},
		{
			method: "DELETE", path: "/v1/menus", handle: (*API).resetMenus,
			sentence: "Begins to count what callers do in menus from nothing.",
		},
		{
			method: "GET", path: "/v1/extensions", handle: (*API).extensions,
			sentence: "What extensions have set for themselves, of those that have set something.",
			query:    []param{{"all", "with `all=yes`, of all extensions"}},
			gives:    []Extension{exampleExtension()},
		},
		{
			method: "GET", path: "/v1/extensions/{extension}", handle: (*API).extension,
			sentence: "What one extension has set. 404 when there is no such extension.",
			gives:    exampleExtension(),
		},
		{
			method: "PUT", path: "/v1/extensions/{extension}/settings/{setting}", handle: (*API).setSetting,
			sentence: "Sets one thing: `dnd`, `forward`, `forward-busy`, `forward-no-answer`, `forward-not-registered`, `follow-me`, `call-waiting` or `hide-number`; `dialtone docs settings` has the values. 404 when there is no such extension or setting, 400 with the reason when it cannot be set.",
			takes:    SettingValue{Value: "+491701234567 after 15s"},
			gives:    exampleExtension(),
		},
		{
			method: "GET", path: "/v1/lists", handle: (*API).lists,
			sentence: "The lists of callers that are edited at run time: `block`, and those that the configuration names.",
			gives:    []List{{Name: "block", Text: "Callers who are refused.", Entries: 2}},
		},
		{
			method: "GET", path: "/v1/lists/{list}", handle: (*API).listEntries,
			sentence: "The numbers on a list. `by` is the extension that put one there; without it, it was the operator.",
			gives:    []ListEntry{exampleEntry()},
		},
		{
			method: "PUT", path: "/v1/lists/{list}/{number}", handle: (*API).addToList,
			sentence: "Puts a number on a list: a whole one, the beginning of numbers with a dot behind it (`+49180.`), or `anonymous` for callers that hide theirs. It counts from the next call on, and the answer is the entry as it was kept.",
			takes:    Note{Note: "sells windows"},
			gives:    exampleEntry(),
		},
		{
			method: "DELETE", path: "/v1/lists/{list}/{number}", handle: (*API).removeFromList,
			sentence: "Takes a number off a list. 404 when it is not there.",
		},
		{
			method: "GET", path: "/v1/mailboxes", handle: (*API).mailboxes,
			sentence: "The mailboxes of all extensions: how many messages are new and how many were heard.",
			gives:    []Mailbox{{Mailbox: "101", Name: "Ann", New: 2, Old: 5, Urgent: 1, Email: "ann@example.net", Unsent: 1}},
		},
		{
			method: "GET", path: "/v1/mailboxes/{mailbox}/messages", handle: (*API).messages,
			sentence: "The messages of a mailbox, oldest first. 404 when there is no such mailbox.",
			gives:    []Message{exampleMessage()},
		},
		{
			method: "GET", path: "/v1/mailboxes/{mailbox}/messages/{id}/audio", handle: (*API).messageAudio,
			sentence: "The audio of a message, a WAV file. It does not count as heard. 404 when it is not there.",
		},
		{
			method: "DELETE", path: "/v1/mailboxes/{mailbox}/messages/{id}", handle: (*API).deleteMessage,
			sentence: "Deletes a message for good. 404 when it is not there.",
		},
		{
			method: "GET", path: "/v1/chats", handle: (*API).chats,
			sentence: "Who has written to whom (messages in writing, SIP MESSAGE), the last first.",
			query:    []param{{"party", "those of this number only"}},
			gives:    []Chat{{Parties: [2]string{"100", "101"}, Messages: 12, Waiting: 1, Last: exampleStart()}},
		},
		{
			method: "GET", path: "/v1/chats/messages", handle: (*API).chatMessages,
			sentence: "Messages in writing, newest first. `receipts` are what each phone has said to one; `body`, in base64, is there instead of `text` when it is no text. An answer that is cut off before its last line ends means that reading failed.",
			query: []param{
				{"since", "those that were taken at this time or later (RFC 3339)"},
				{"until", "those that were taken before this time (RFC 3339)"},
				{"party", "those from or to this number"},
				{"with", "of those, the ones to or from this other number"},
				{"id", "the one with this id"},
				{"limit", "at most so many; without it, or with 0, all"},
			},
			gives: exampleChatMessage(), lines: true,
		},
		{
			method: "POST", path: "/v1/calls/{id}/recording", handle: (*API).record,
			sentence: "Does something with the recording of a call: `start`, `stop`, `pause` or `resume`. The answer to `start` comes when both have heard the announcement. 404 when there is no such call, 409 with the reason when it cannot be done.",
			takes:    RecordAction{Do: "pause"},
		},
		{
			method: "GET", path: "/v1/recordings", handle: (*API).recordings,
			sentence: "Recordings, newest first. An answer that is cut off before its last line ends means that reading failed.",
			query: []param{
				{"since", "those that began at this time or later (RFC 3339)"},
				{"until", "those that began before this time (RFC 3339)"},
				{"party", "those in which this number is heard, or was called"},
				{"call", "those of the call with this id, or of the conference of this name"},
				{"id", "the one with this id"},
				{"limit", "at most so many; without it, or with 0, all"},
			},
			gives: exampleRecording(), lines: true,
		},
		{
			method: "GET", path: "/v1/recordings/{id}/audio", handle: (*API).recordingAudio,
			sentence: "The file of a recording, as it is on the disk: WAV or Ogg Opus, sealed when recordings are. 404 when it is not there.",
		},
		{
			method: "DELETE", path: "/v1/recordings/{id}", handle: (*API).deleteRecording,
			sentence: "Deletes a recording for good. 404 when it is not there, 409 when it is still being made.",
		},
		{
			method: "POST", path: "/v1/recordings/verify", handle: (*API).verifyRecordings,
			sentence: "Reads the files of all recordings again and says which are not as they were made.",
			gives:    Verification{Good: 812, Faults: []RecordingFault{{ID: "019df1d0ac0-k3v7m2qa", File: "2026/05/04/019df1d0ac0-k3v7m2qa.wav", Why: "the file was changed"}}},
		},
		{
			method: "GET", path: "/v1/cdr", handle: (*API).cdr,
			sentence: "Records of calls that ended, newest first. An answer that is cut off before its last line ends means that reading failed.",
			query: []param{
				{"since", "calls that started at this time or later (RFC 3339)"},
				{"until", "calls that started before this time (RFC 3339)"},
				{"party", "calls from or to this number"},
				{"id", "the call with this id"},
				{"missed", "with `true`, calls from outside that nobody took: not answered, or by a menu, an announcement or a tone only"},
				{"limit", "at most so many; without it, or with 0, all"},
			},
			gives: exampleCDR(), lines: true,
		},
	}
}
