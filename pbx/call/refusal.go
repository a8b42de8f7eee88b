package call

import (
	"slices"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/media/codec"
)

// rank orders refusals by what they tell the caller (RFC 3261 §16.7 step 6).
func rank(e *dialplan.Ended) int {
	switch {
	case e.Status >= 600:
		return 6
	case e.Cause == dialplan.CauseBusy, e.Cause == dialplan.CauseDoNotDisturb:
		return 5
	case e.Cause == dialplan.CauseNoCommonCodec:
		return 4
	case e.Cause == dialplan.CauseNoAnswer:
		return 3
	case e.Cause == dialplan.CauseUnreachable, e.Cause == dialplan.CauseGone:
		return 1
	}
	return 2
}

// refusal is what the caller is told when a phone refused with e: the phone's
// own status only when it speaks of the callee, never of how we reached it. With
// a 487 that nobody asked for, or a challenge to us, the caller has nothing to do.
func refusal(e *dialplan.Ended) *dialplan.Ended {
	r := *e
	switch e.Status {
	case 404, 410, 480, 484, 486, 488, 600, 603, 604, 606, 607, 608:
	default:
		r.Status = 0
	}
	if e.Cause == dialplan.CauseCancelled || e.Status == 401 || e.Status == 407 {
		r.Cause = dialplan.CauseRejected
	}
	return &r
}

// nearFor is what the other side of a bridge can be given, when this one is as far
// says: the same formats, those that can be converted into one of them byte by byte,
// and as a last resort those that have to be decoded and encoded.
func nearFor(far Want) Want {
	near := Want{Direction: far.Direction}
	if len(far.Formats) == 0 {
		near.Direction = media.SendRecv
		return near
	}
	near.Video = far.Video
	near.Formats = append(near.Formats, far.Formats...)
	for _, f := range far.Formats {
		for _, g := range [...]codec.Format{codec.PCMA, codec.PCMU} {
			if codec.Conversion(f, g) != nil && !contains(near.Formats, g) {
				near.Formats = append(near.Formats, g)
			}
		}
	}
	if !slices.ContainsFunc(near.Formats, isEvent) { // keys are passed on in another form
		near.Formats = append(near.Formats, codec.DTMF)
	}
	near.Made = made(near.Formats)
	return near
}

// made are the formats besides that audio in one of formats can be turned into.
func made(formats []codec.Format) (list []codec.Format) {
	for _, g := range codec.Coded() {
		convertible := func(f codec.Format) bool { return codec.Convertible(f, g) }
		if slices.ContainsFunc(formats, convertible) && !contains(formats, g) {
			list = append(list, g)
		}
	}
	return list
}

// askable is near with what it takes to ask the callee for a key.
func askable(near Want) Want {
	for _, f := range [...]codec.Format{codec.PCMA, codec.PCMU, codec.DTMF} {
		if len(near.Formats) > 0 && !contains(near.Formats, f) {
			near.Formats = append(near.Formats, f)
		}
	}
	return near
}

func contains(list []codec.Format, f codec.Format) bool {
	for _, g := range list {
		if f.Same(g) {
			return true
		}
	}
	return false
}
