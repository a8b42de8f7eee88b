package sipua

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media/sdp"
)

// reasonPhrases are those of RFC 3261 §21 for the statuses that refuse a call.
var reasonPhrases = map[int]string{
	302: "Moved Temporarily",
	403: "Forbidden",
	404: "Not Found",
	408: "Request Timeout",
	410: "Gone",
	480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist",
	482: "Loop Detected",
	484: "Address Incomplete",
	486: "Busy Here",
	487: "Request Terminated",
	488: "Not Acceptable Here",
	500: "Server Internal Error",
	503: "Service Unavailable",
	504: "Server Time-out",
	600: "Busy Everywhere",
	603: "Decline",
	604: "Does Not Exist Anywhere",
	606: "Not Acceptable",
}

func reasonPhrase(status int) string {
	if phrase, known := reasonPhrases[status]; known {
		return phrase
	}
	return "Call Refused"
}

// refusalOf is the status that refuses an INVITE for e, and the headers that
// explain it.
func refusalOf(e *dialplan.Ended) (status int, extra []sip.Header) {
	status = e.Cause.SIP()
	switch e.Status {
	case 403, 404, 410, 480, 484, 486, 488, 504, 600, 603, 604, 606, 607, 608:
		status = e.Status // others speak of how we reached the callee, or of that dialog
	}
	if status < 400 { // a redirection would need a target that the caller can reach
		status = sip.StatusTemporarilyUnavailable
	}
	if r := reasonHeader(e); r != nil {
		extra = append(extra, r)
	}
	switch {
	case e.Cause == dialplan.CauseNoCommonCodec:
		extra = append(extra, warning(305, e.Detail))
	case status == sip.StatusNotAcceptableHere:
		extra = append(extra, warning(304, e.Detail))
	case status == sip.StatusServiceUnavailable, e.Cause == dialplan.CauseCallLimit:
		extra = append(extra, retryAfter(10))
	}
	return status, extra
}

// warning is a Warning header (RFC 3261 §20.43).
func warning(code int, text string) sip.Header {
	return sip.NewHeader("Warning", fmt.Sprintf(`%d dialtone "%s"`, code, quotedName(text)))
}

// notAcceptable is the ending for a description that cannot be used, or answered
// because of a fault of ours.
func notAcceptable(what string, err error) *dialplan.Ended {
	e := &dialplan.Ended{Cause: dialplan.CauseInternal, Detail: what + ": " + withoutPackage(err)}
	var none *sdp.NoCommonFormatError
	switch {
	case errors.As(err, &none):
		e.Cause = dialplan.CauseNoCommonCodec
	case theirFault(err):
		e.Cause = dialplan.CauseNotAcceptable
	}
	return e
}

// withoutPackage is the text of an error for people at the other end.
func withoutPackage(err error) string { return strings.TrimPrefix(err.Error(), "sdp: ") }

// theirFault reports whether err is about what the far side said, not about what
// we lack.
func theirFault(err error) bool {
	var unreadable *sdp.ParseError
	if errors.As(err, &unreadable) {
		return true
	}
	for _, e := range []error{
		errNoAnswer, sdp.ErrNoAudio, sdp.ErrCryptoRequired, sdp.ErrCryptoRefused, sdp.ErrNoCrypto, sdp.ErrDowngrade, sdp.ErrNoOffer,
		sdp.ErrNoWebRTC,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// refuseOffer answers a request whose offer cannot be accepted: 400 when it
// cannot be read, 491 and 500 when offers cross, else 488 that says why.
func refuseOffer(err error) (status int, reason string, extra []sip.Header) {
	var unreadable *sdp.ParseError
	var none *sdp.NoCommonFormatError
	switch {
	case errors.As(err, &unreadable):
		return sip.StatusBadRequest, "Bad Session Description", []sip.Header{warning(399, withoutPackage(unreadable))}
	case errors.Is(err, sdp.ErrGlare):
		return sip.StatusRequestPending, "Request Pending", nil
	case errors.Is(err, sdp.ErrPending):
		return sip.StatusInternalServerError, "Offer Pending", []sip.Header{retryAfter(3)}
	case errors.As(err, &none):
		return sip.StatusNotAcceptableHere, "Not Acceptable Here", []sip.Header{warning(305, withoutPackage(none))}
	case theirFault(err):
		return sip.StatusNotAcceptableHere, "Not Acceptable Here", []sip.Header{warning(304, withoutPackage(err))}
	}
	return sip.StatusServiceUnavailable, "Service Unavailable", []sip.Header{retryAfter(10)}
}
