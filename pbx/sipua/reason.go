package sipua

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
)

// reasonHeader says in a CANCEL or BYE why the leg ends (RFC 3326); nil when
// there is nothing worth saying.
func reasonHeader(e *dialplan.Ended) sip.Header {
	switch {
	case e == nil || e.Cause == dialplan.CauseNone:
		return nil
	case e.Cause == dialplan.CauseAnsweredElsewhere:
		return sip.NewHeader("Reason", `SIP;cause=200;text="Call completed elsewhere"`)
	}
	return sip.NewHeader("Reason", fmt.Sprintf(`Q.850;cause=%d;text="%s"`, e.Cause.Q850(), quotedName(e.Cause.Text())))
}

// endedByRemote is the reading of a BYE or CANCEL: fallback, unless its Reason
// says more.
func endedByRemote(m headered, fallback dialplan.Cause) *dialplan.Ended {
	e := &dialplan.Ended{Cause: fallback, Remote: true}
	for _, r := range list(m, "Reason") {
		protocol, cause, text := readReason(r)
		switch {
		case strings.EqualFold(protocol, "SIP") && cause == 200:
			e.Cause = dialplan.CauseAnsweredElsewhere
		case strings.EqualFold(protocol, "SIP") && cause >= 400:
			e.Cause, e.Status = dialplan.CauseOfStatus(cause), cause
		case strings.EqualFold(protocol, "Q.850") && cause != 16 && cause != 0:
			e.Cause = causeOfQ850(cause, fallback)
		}
		if text != "" || cause != 0 {
			e.Detail = strings.TrimSpace(fmt.Sprintf("%s cause %d %s", clean(protocol), cause, text))
		}
	}
	return e
}

// readReason reads one value of a Reason header.
func readReason(s string) (protocol string, cause int, text string) {
	parts := split(s, ';')
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(p, "=")
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "cause":
			cause, _ = strconv.Atoi(strings.TrimSpace(v))
		case "text":
			text = displayName(strings.Trim(strings.TrimSpace(v), `"`))
		}
	}
	return parts[0], cause, text
}

// causeOfQ850 covers the values of ITU-T Q.850 that tell something which the
// message itself does not.
func causeOfQ850(q int, fallback dialplan.Cause) dialplan.Cause {
	switch q {
	case 17:
		return dialplan.CauseBusy
	case 18, 19:
		return dialplan.CauseNoAnswer
	case 21:
		return dialplan.CauseDeclined
	case 26:
		return dialplan.CauseAnsweredElsewhere
	case 27, 38, 41:
		return dialplan.CauseUnreachable
	case 102:
		return dialplan.CauseSessionExpired
	}
	return fallback
}

// refusedWith is why an INVITE that got a final refusal failed.
func refusedWith(res *sip.Response) *dialplan.Ended {
	e := &dialplan.Ended{Cause: dialplan.CauseOfStatus(res.StatusCode), Status: res.StatusCode, Remote: true}
	detail := []string{fmt.Sprintf("%d %s", res.StatusCode, clean(res.Reason))}
	for _, name := range []string{"Warning", "Reason", "Retry-After"} {
		if v := value(res, name); v != "" {
			detail = append(detail, name+": "+clean(v))
		}
	}
	e.Detail = strings.Join(detail, "; ")
	return e
}
