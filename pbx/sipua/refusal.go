package sipua

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
	"dialtone/media/sdp"
)

// reasons are the phrases of RFC 3261 §21 for the statuses that refuse a call.
func reasonPhrase(status int) string {
	switch status {
	case 302:
		return "Moved Temporarily"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 408:
		return "Request Timeout"
	case 410:
		return "Gone"
	case 480:
		return "Temporarily Unavailable"
	case 481:
		return "Call/Transaction Does Not Exist"
	case 482:
		return "Loop Detected"
	case 484:
		return "Address Incomplete"
	case 486:
		return "Busy Here"
	case 487:
		return "Request Terminated"
	case 488:
		return "Not Acceptable Here"
	case 500:
		return "Server Internal Error"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Server Time-out"
	case 600:
		return "Busy Everywhere"
	case 603:
		return "Decline"
	case 604:
		return "Does Not Exist Anywhere"
	case 606:
		return "Not Acceptable"
	}
	return "Call Refused"
}

// refusalOf is the status that refuses an INVITE for e, and the headers that
// explain it.
func refusalOf(e *dialplan.Ended) (status int, extra []sip.Header) {
	status = e.Cause.SIP()
	if e.Status >= 400 && e.Status < 700 {
		status = e.Status
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

// notAcceptable is the ending for a description that cannot be used.
func notAcceptable(what string, err error) *dialplan.Ended {
	e := &dialplan.Ended{Cause: dialplan.CauseNotAcceptable, Detail: what + ": " + strings.TrimPrefix(err.Error(), "sdp: ")}
	var none *sdp.NoCommonFormat
	if errors.As(err, &none) {
		e.Cause = dialplan.CauseNoCommonCodec
	}
	return e
}

// refuseOffer answers a request whose offer cannot be accepted: 400 when it
// cannot be read, 491 and 500 when offers cross, else 488 that says why.
func refuseOffer(err error) (status int, reason string, extra []sip.Header) {
	var unreadable *sdp.ParseError
	var none *sdp.NoCommonFormat
	switch {
	case errors.As(err, &unreadable):
		return sip.StatusBadRequest, "Bad Session Description", []sip.Header{warning(399, unreadable.Error())}
	case errors.Is(err, sdp.ErrGlare):
		return sip.StatusRequestPending, "Request Pending", nil
	case errors.Is(err, sdp.ErrPending):
		return sip.StatusInternalServerError, "Offer Pending", []sip.Header{retryAfter(3)}
	case errors.As(err, &none):
		return sip.StatusNotAcceptableHere, "Not Acceptable Here", []sip.Header{warning(305, none.Error())}
	}
	return sip.StatusNotAcceptableHere, "Not Acceptable Here", []sip.Header{warning(304, err.Error())}
}
