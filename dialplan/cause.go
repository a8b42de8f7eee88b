package dialplan

// Cause is why a call or a leg ended. The slug is the same in the log, the call
// record and the metric.
type Cause uint8

// The causes, grouped by who is to blame.
const (
	CauseNone Cause = iota // not ended

	CauseNormal            // hung up after an answer
	CauseAnsweredElsewhere // another leg of the fork answered
	CauseCancelled         // the caller gave up before an answer
	CauseBusy
	CauseDoNotDisturb
	CauseNoAnswer
	CauseDeclined // the callee refused (603)
	CauseNotRegistered
	CauseNotFound
	CauseForbidden
	CauseCallLimit
	CauseMaxDuration
	CauseNoCommonCodec
	CauseNotAcceptable
	CauseRTPTimeout
	CauseSessionExpired // session timer (RFC 4028) ran out
	CauseAckTimeout     // our 200 was never acknowledged
	CauseUnreachable    // no answer of any kind, or the transport failed
	CauseGone           // the far side no longer knows the dialog (481)
	CauseNoCall         // the call that was to be taken over is not there
	CauseLoop
	CauseRejected // any other final refusal by the far side
	CauseRedirected
	CauseTransferred // its other party goes on elsewhere
	CauseAdmin       // ended by the operator
	CauseShutdown    // the server stops
	CauseInternal
)

// Blame says which side an ending is to be put down to.
type Blame string

// Who can be to blame for an ending.
const (
	BlameNobody Blame = "nobody" // as it should be
	BlameCaller Blame = "caller"
	BlameCallee Blame = "callee"
	BlameNet    Blame = "network"
	BlameServer Blame = "server"
	BlameAdmin  Blame = "admin"
)

type causeRow struct {
	slug  string
	blame Blame
	sip   int // status that refuses a call for this cause
	q850  int // ITU-T Q.850 cause value
	text  string
}

var causes = [...]causeRow{
	CauseNone:              {"", BlameNobody, 0, 0, ""},
	CauseNormal:            {"normal", BlameNobody, 480, 16, "Normal call clearing"},
	CauseAnsweredElsewhere: {"answered-elsewhere", BlameNobody, 487, 26, "Call completed elsewhere"},
	CauseCancelled:         {"cancelled", BlameCaller, 487, 16, "Caller gave up"},
	CauseBusy:              {"busy", BlameCallee, 486, 17, "User busy"},
	CauseDoNotDisturb:      {"do-not-disturb", BlameCallee, 486, 17, "Do not disturb"},
	CauseNoAnswer:          {"no-answer", BlameCallee, 480, 19, "No answer"},
	CauseDeclined:          {"declined", BlameCallee, 603, 21, "Call declined"},
	CauseNotRegistered:     {"not-registered", BlameCallee, 480, 20, "No phone is registered"},
	CauseNotFound:          {"not-found", BlameCaller, 404, 1, "No such number"},
	CauseForbidden:         {"forbidden", BlameCaller, 403, 21, "Not allowed"},
	CauseCallLimit:         {"call-limit", BlameServer, 503, 42, "Too many calls"},
	CauseMaxDuration:       {"max-duration", BlameServer, 480, 31, "Longest duration reached"},
	CauseNoCommonCodec:     {"no-common-codec", BlameCallee, 488, 88, "No common codec"},
	CauseNotAcceptable:     {"not-acceptable", BlameCallee, 488, 88, "Media not acceptable"},
	CauseRTPTimeout:        {"rtp-timeout", BlameNet, 480, 41, "Audio stopped arriving"},
	CauseSessionExpired:    {"session-expired", BlameNet, 408, 102, "Session timer ran out"},
	CauseAckTimeout:        {"ack-timeout", BlameNet, 408, 102, "Answer was not acknowledged"},
	CauseUnreachable:       {"unreachable", BlameNet, 480, 27, "Phone cannot be reached"},
	CauseGone:              {"dialog-gone", BlameNet, 480, 41, "Far side lost the call"},
	CauseNoCall:            {"no-such-call", BlameCaller, 481, 101, "That call is not there any more"},
	CauseLoop:              {"loop", BlameServer, 482, 25, "Call loops"},
	CauseRejected:          {"rejected", BlameCallee, 480, 21, "Call refused"},
	CauseRedirected:        {"redirected", BlameCallee, 302, 23, "Call redirected"},
	CauseTransferred:       {"transferred", BlameNobody, 487, 16, "Transferred"},
	CauseAdmin:             {"hung-up-by-operator", BlameAdmin, 480, 16, "Ended by the operator"},
	CauseShutdown:          {"shutdown", BlameServer, 503, 41, "Server stops"},
	CauseInternal:          {"internal-error", BlameServer, 500, 41, "Internal error"},
}

func (c Cause) row() causeRow {
	if int(c) < len(causes) {
		return causes[c]
	}
	return causes[CauseInternal]
}

// String is the slug.
func (c Cause) String() string { return c.row().slug }

// Blame is the side to which the ending is put down.
func (c Cause) Blame() Blame { return c.row().blame }

// SIP is the status code that refuses a call for this cause.
func (c Cause) SIP() int { return c.row().sip }

// Q850 is the cause value of ITU-T Q.850, for Reason headers (RFC 3326).
func (c Cause) Q850() int { return c.row().q850 }

// Text is one plain sentence for people.
func (c Cause) Text() string { return c.row().text }

// CauseOfStatus gives the cause that a final SIP status stands for when the far
// side refuses a call with it.
func CauseOfStatus(status int) Cause {
	switch status {
	case 486, 600:
		return CauseBusy
	case 603, 607, 608:
		return CauseDeclined
	case 404, 604, 410, 484:
		return CauseNotFound
	case 403, 401, 407:
		return CauseForbidden
	case 408:
		return CauseUnreachable
	case 480:
		return CauseNoAnswer
	case 481:
		return CauseGone
	case 482, 483:
		return CauseLoop
	case 487:
		return CauseCancelled
	case 488, 606:
		return CauseNoCommonCodec
	case 503:
		return CauseUnreachable
	}
	if status >= 300 && status < 400 {
		return CauseRedirected
	}
	return CauseRejected
}

// Ended is why a leg or a call is over: an error, so that it can be the cause
// of a context.
type Ended struct {
	Cause  Cause
	Status int    // the SIP status received, 0 when there was none
	Detail string // what exactly failed, for the log; "" when the cause says it all
	Remote bool   // the far side ended it, not we
}

// Error gives the slug and what is known beyond it.
func (e *Ended) Error() string {
	if e.Detail == "" {
		return e.Cause.String()
	}
	return e.Cause.String() + ": " + e.Detail
}

// CauseOf gives the cause with that slug, CauseNone when there is none.
func CauseOf(slug string) Cause {
	for c := range causes {
		if causes[c].slug == slug {
			return Cause(c)
		}
	}
	return CauseNone
}
