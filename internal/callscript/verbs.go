package callscript

import (
	"slices"
	"strconv"
	"strings"

	"dialtone/internal/testphone"
)

// verb is one thing that a line can say. In form, words in capitals stand for
// anything; PHONE must be the name of a phone.
type verb struct {
	form  string
	doc   string
	run   func(*stage)
	phone bool // makes a phone
}

// verbs are all that there are, tried in this order.
var verbs = slices.Concat(
	[]verb{{"phone NAME NUMBER TRAITS...", "makes a phone and registers it; the traits are below", newPhone, true}},
	settingUp, watching, talking, changing, ending, writing, serving)

var settingUp = []verb{
	{form: "PHONE dials NUMBER", doc: "calls a number", run: func(s *stage) { s.dial(testphone.Dialling{}) }},
	{form: "PHONE dials NUMBER without sdp", doc: "calls a number and leaves the offer to the other side", run: func(s *stage) { s.dial(testphone.Dialling{NoSDP: true}) }},
	{form: "PHONE gets a call", doc: "a call arrives; it says nothing to that yet", run: func(s *stage) { s.arriving() }},
	{form: "PHONE is not called", doc: "no call has arrived that was not spoken of", run: notCalled},
	{form: "PHONE rings", doc: "a call arrives and it rings (180, or 183 when it has early media)", run: func(s *stage) { s.arriving().Ring() }},
	{form: "PHONE rings N times", doc: "the same with N times 180", run: func(s *stage) { s.arriving().RingTimes(s.number("N")) }},
	{form: "PHONE sends early media", doc: "183 with SDP: its audio flows before the answer", run: func(s *stage) { s.arriving().Progress() }},
	{form: "PHONE answers", doc: "200", run: func(s *stage) { s.arriving().Answer() }},
	{form: "PHONE is busy", doc: "refuses with 486", run: func(s *stage) { s.arriving().Busy() }},
	{form: "PHONE declines", doc: "refuses with 603", run: func(s *stage) { s.arriving().Decline() }},
	{form: "PHONE refuses with STATUS", doc: "refuses with any status", run: func(s *stage) { s.arriving().Reject(s.number("STATUS")) }},
	{form: "PHONE redirects to URI", doc: "302", run: func(s *stage) { s.arriving().Redirect(s.args["URI"]) }},
	{form: "PHONE hears ringing", doc: "180 arrives", run: func(s *stage) { s.call().WaitRinging(s.ctx) }},
	{form: "PHONE sees STATUS", doc: "that provisional response arrives", run: func(s *stage) { s.call().WaitStatus(s.ctx, s.number("STATUS")) }},
	{form: "PHONE is answered", doc: "the caller: 200 arrives; the callee: ACK", run: func(s *stage) { s.call().WaitAnswered(s.ctx) }},
	{form: "exactly one of PHONES...", doc: "of these phones one is in a call and the others are not (any more)", run: exactlyOne},
}

var talking = []verb{
	{form: "PHONE says HZ", doc: "speaks that tone from now on", run: func(s *stage) { s.call().Speak(s.hz()) }},
	{form: "PHONE is silent", doc: "sends silence from now on", run: func(s *stage) { s.call().Speak(0) }},
	{form: "PHONE mutes", doc: "sends no audio packets from now on", run: func(s *stage) { s.call().Mute() }},
	{form: "PHONE unmutes", doc: "sends them again", run: func(s *stage) { s.call().Unmute() }},
	{form: "PHONE hears nothing", doc: "nothing but silence arrives for 300 ms", run: func(s *stage) { s.call().HearsNothing(s.ctx) }},
	{form: "PHONE hears something", doc: "anything but silence arrives", run: func(s *stage) { s.call().HearsSomething(s.ctx) }},
	{form: "PHONE hears HZ", doc: "that tone arrives, from now on; the first time in a call, from its beginning on", run: func(s *stage) { s.call().Hears(s.ctx, s.hz()) }},
	{form: "PHONE heard one stream", doc: "all audio so far was one RTP stream (SSRC) from one address, and all of it usable", run: heardOneStream},
	{form: "PHONE lost no audio", doc: "the sequence numbers of what arrived so far have no gap", run: lostNothing},
	{form: "PHONE presses DIGITS", doc: "sends digits as RFC 4733 events", run: func(s *stage) { s.call().SendDTMF(s.args["DIGITS"]) }},
	{form: "PHONE gets digits DIGITS", doc: "these digits have arrived in all", run: func(s *stage) { s.call().WaitDigits(s.ctx, s.args["DIGITS"]) }},
	{form: "PHONE sounds DIGITS", doc: "presses digits as tones within the audio", run: func(s *stage) { s.call().Sound(s.args["DIGITS"]) }},
	{form: "PHONE gets tones DIGITS", doc: "these digits have arrived as tones within the audio, in all", run: getTones},
	{form: "PHONE gets key DIGIT by info", doc: "an INFO arrives that tells of that digit", run: getKeyByInfo},
	{form: "PHONE got payload type N", doc: "audio or digits have arrived in payload type N", run: gotPayloadType},
	{form: "PHONE sends info TYPE BODY...", doc: "INFO; it is answered 200", run: sendInfo},
	{form: "PHONE gets info TYPE BODY...", doc: "that INFO arrives", run: getInfo},
	{form: "PHONE uses CODEC", doc: "sends its audio in that codec", run: func(s *stage) { s.same("the codec", s.call().Codec(), s.args["CODEC"]) }},
	{form: "PHONE is encrypted", doc: "its audio is SRTP", run: func(s *stage) { s.same("encrypted", s.call().Encrypted(), true) }},
	{form: "PHONE is not encrypted", doc: "its audio is plain RTP", run: func(s *stage) { s.same("encrypted", s.call().Encrypted(), false) }},
}

var changing = []verb{
	{form: "PHONE holds", doc: "re-INVITE with a=sendonly; after glare it tries again", run: func(s *stage) { s.call().Hold(s.ctx) }},
	{form: "PHONE resumes", doc: "re-INVITE with a=sendrecv", run: func(s *stage) { s.call().Resume(s.ctx) }},
	{form: "PHONE renegotiates", doc: "re-INVITE with the same offer", run: func(s *stage) { s.call().Renegotiate(s.ctx, testphone.Reinvite{}) }},
	{form: "PHONE renegotiates without sdp", doc: "re-INVITE that leaves the offer to the other side", run: func(s *stage) { s.call().Renegotiate(s.ctx, testphone.Reinvite{NoSDP: true}) }},
	{form: "PHONE updates", doc: "UPDATE with an offer", run: func(s *stage) { s.call().Renegotiate(s.ctx, testphone.Reinvite{Update: true}) }},
	{form: "PHONE changes to CODECS", doc: "re-INVITE with these codecs: PCMA,PCMU", run: func(s *stage) {
		s.call().Renegotiate(s.ctx, testphone.Reinvite{Codecs: strings.Split(s.args["CODECS"], ",")})
	}},
	{form: "PHONE refuses re-INVITEs with STATUSES...", doc: "the next ones, with one status each: 491 491", run: refuseReinvites},
	{form: "PHONE audio is DIRECTION", doc: "negotiated as seen from this phone: sendrecv, sendonly, recvonly, inactive", run: func(s *stage) { s.call().WaitDirection(s.ctx, s.args["DIRECTION"]) }},
	{form: "PHONE has a session timer of N", doc: "N seconds were agreed on", run: hasTimer},
	{form: "PHONE got answer with HEADER TEXT...", doc: "the 200 to its INVITE has that text in that header", run: gotAnswerHeader},
	{form: "PHONE got METHOD with HEADER TEXT...", doc: "the last request of that method in the call has that text in that header", run: gotHeader},
}

var ending = []verb{
	{form: "PHONE transfers to NUMBER", doc: "REFER, which is accepted: the other party is to call that number", run: transfers},
	{form: "PHONE transfers to NUMBER and gets STATUS", doc: "REFER, which is answered with that status", run: transfers},
	{form: "PHONE joins its calls", doc: "REFER with Replaces, which is accepted: the party of its call before is to take its place in its call", run: joins},
	{form: "PHONE joins its calls the other way round", doc: "the party of its call is to take its place in its call before", run: joinsBack},
	{form: "PHONE transfer ends with STATUS", doc: "a NOTIFY tells that final status", run: func(s *stage) { s.same("the outcome", s.call().WaitTransfer(s.ctx), s.number("STATUS")) }},
	{form: "PHONE takes the call of OTHER", doc: "INVITE with Replaces: it takes the place of that phone in the call that the phone made or got last", run: takes},
	{form: "PHONE takes the call of OTHER if it rings", doc: "the same with early-only", run: takesEarly},
	{form: "PHONE is told that it talks with NUMBER", doc: "an INVITE, an UPDATE or the answer has that number in P-Asserted-Identity or Remote-Party-ID", run: talksWith},
	{form: "PHONE turns to its call before", doc: "verbs speak of the call before that from now on", run: turn},
	{form: "PHONE hangs up", doc: "BYE, or CANCEL, or 603: what the state of the call asks for", run: func(s *stage) { s.call().Hangup() }},
	{form: "PHONE cancels", doc: "CANCEL, as soon as something came back", run: func(s *stage) { s.call().Cancel() }},
	{form: "PHONE cancels at once", doc: "CANCEL right behind its INVITE", run: func(s *stage) { s.call().CancelAtOnce() }},
	{form: "PHONE is hung up REASON...", doc: "BYE arrives, with that text in its Reason", run: func(s *stage) { s.ended("BYE", 0, s.args["REASON"]) }},
	{form: "PHONE is cancelled REASON...", doc: "CANCEL arrives, with that text in its Reason", run: func(s *stage) { s.ended("CANCEL", 0, s.args["REASON"]) }},
	{form: "PHONE is refused STATUS TEXT...", doc: "its call is refused, with that text somewhere in the response", run: refused},
	{form: "PHONE disappears", doc: "is switched off without a word", run: func(s *stage) { s.who().phone.Close() }},
}

var serving = []verb{
	{form: "PHONE registers", doc: "REGISTER is accepted", run: func(s *stage) { s.who().phone.Register(s.ctx) }},
	{form: "PHONE unregisters", doc: "REGISTER with Expires: 0 is accepted", run: func(s *stage) { s.who().phone.Unregister(s.ctx) }},
	{form: "PHONE registers and gets STATUS", doc: "REGISTER ends with that status", run: registerStatus},
	{form: "PHONE lamp is STATE COUNTS", doc: "it was told of messages (RFC 3842): on or off, and 2/1 are the new and the saved ones", run: lampIs},
	{form: "PHONE drops its connection", doc: "closes its TCP or TLS connection", run: func(s *stage) { s.who().phone.DropConnections() }},
	{form: "server reloads FILE", doc: "its configuration is now the defaults with FILE, a part of this script, merged in", run: reload},
	{form: "server restarts", doc: "SIGTERM, exit code 0, and a new start with the same configuration", run: func(s *stage) { s.must(s.run.server.Quit()); s.must(s.run.server.start(s.ctx)) }},
	{form: "server has written", doc: "what it puts off writing, by a second, is in its files", run: hasWritten},
	{form: "server is killed", doc: "SIGKILL", run: func(s *stage) { s.must(s.run.server.Kill()) }},
	{form: "server starts", doc: "after it was killed", run: func(s *stage) { s.must(s.run.server.start(s.ctx)) }},
	{form: "web is asked METHOD PATH TEXT...", doc: "the script's web server got that request, with that text in a header or the body, and no line before has named it", run: webIsAsked},
	{form: "ctl COMMAND", doc: "dialtone ctl COMMAND, in quotes, succeeds", run: func(s *stage) { s.must(s.run.server.Ctl(s.ctx, nil, strings.Fields(s.args["COMMAND"])...)) }},
	{form: "calls N", doc: "so many calls are up, by dialtone ctl calls", run: func(s *stage) { s.count("calls") }},
	{form: "registrations N", doc: "so many phones are registered, by dialtone ctl registrations", run: func(s *stage) { s.count("registrations") }},
	{form: "quality of PARTY is TEXT...", doc: "dialtone ctl quality of the only call says that of the party, within a few tries", run: qualityIs},
	{form: "recording FIELDS...", doc: "a recording that no line before has named is as the fields say: by=rule consent=announced from=100 to=101 parties=100,101 pauses=1 format=wav complete=yes sealed=no; left=440 right=620,880 are tones on that side, without=1000 is one on neither; atleast=2s atmost=9s; key=AGE-SECRET-KEY-... opens a sealed one", run: findRecording},
	{form: "recordings N", doc: "so many recordings there are, by dialtone ctl recordings", run: func(s *stage) { s.count("recordings") }},
	{form: "record DO of NUMBER", doc: "dialtone ctl record of the call from that number: start, stop, pause or resume", run: orderCall},
	{form: "cdrs N", doc: "so many records are kept, by dialtone ctl cdr", run: func(s *stage) { s.count("cdr") }},
	{form: "cdr FIELDS...", doc: "a record that no line before has named has these fields: from=100 to=101 cause=normal blame=nobody answered=yes legs=2", run: findCDR},
}

func (s *stage) number(name string) int {
	n, err := strconv.Atoi(s.args[name])
	if err != nil {
		s.Fatalf("%q is no number", s.args[name])
	}
	return n
}

func (s *stage) hz() float64 { return float64(s.number("HZ")) }

func (s *stage) must(err error) {
	if err != nil {
		s.Fatalf("%v", err)
	}
}

func (s *stage) same(what string, got, want any) {
	if got != want {
		s.Fatalf("expected %s to be %v, it is %v\n%s", what, want, got, s.who().phone.Trace())
	}
}

func (s *stage) dial(how testphone.Dialling) {
	p := s.who()
	s.setCall(p, p.phone.DialWith(s.ctx, s.args["NUMBER"], how))
}

// until asks again and again, until done says true or the statement's time is
// over.
func (s *stage) until(done func() (ok bool, seen string)) {
	seen := "nothing"
	if !Until(s.ctx, func() bool {
		ok, now := done()
		if s.ctx.Err() == nil {
			seen = now // else what was asked may have been cut off
		}
		return ok
	}) {
		s.Fatalf("not seen in time; %s", seen)
	}
}
