package main

import (
	"errors"
	"slices"
	"strings"

	"dialtone/dialplan"
	"dialtone/pbx/settings"
	"dialtone/pbx/toll"
)

// fails says why a target cannot answer, or nobody to whom it forwards; passed are who
// forwarded so far. With a mailbox that is where the call goes.
func (r rehearsal) fails(t dialplan.Target, passed []string) (cause dialplan.Cause, why, mailbox string) {
	e := t.Extension
	if t.Outside != nil {
		var refused *dialplan.Ended
		if errors.As(toll.Judge(r.cfg, r.caller, *t.Outside), &refused) {
			r.forbid(refused)
			return refused.Cause, refused.Detail, ""
		}
		return dialplan.CauseNone, "", ""
	}
	own := r.own.Of(e)
	var forward settings.Forward
	switch {
	case own.DND:
		cause, why, forward = dialplan.CauseDoNotDisturb, e+" does not want to be disturbed", own.Busy
	case own.Forward.On:
		cause, why, forward = dialplan.CauseNoAnswer, e+" forwards to its mailbox", own.Forward
	case !r.Registered(e):
		cause, why, forward = dialplan.CauseNotRegistered, e+" has no phone", own.NotRegistered
	case r.Busy(e):
		cause, why, forward = dialplan.CauseBusy, e+" is in a call", own.Busy
	}
	if !forward.On {
		return cause, why, ""
	}
	if forward.To == settings.Voicemail {
		r.note(e + " forwards to its mailbox")
		return cause, why, e
	}
	r.note(e + " forwards to " + forward.To)
	return r.onward(e, forward.To, passed)
}

// onward looks at those to whom an extension forwards.
func (r rehearsal) onward(by, to string, passed []string) (cause dialplan.Cause, why, mailbox string) {
	passed = append(slices.Clone(passed), by)
	const most = 5
	if len(passed) > most {
		return dialplan.CauseLoop, strings.Join(passed, " forwards to ") + ", no more", ""
	}
	ring, e := r.own.Onward(by, to)
	if e != nil {
		return e.Cause, e.Detail, ""
	}
	cause, why = dialplan.CauseNotFound, to+" rings nobody"
	for _, t := range ring.Targets {
		if slices.Contains(passed, t.Extension) || t.Extension == r.caller && t.Outside == nil {
			cause, why = dialplan.CauseLoop, by+" forwards to "+t.Extension+" again"
			continue
		}
		if cause, why, mailbox = r.fails(t, passed); cause == dialplan.CauseNone || mailbox != "" {
			return cause, why, mailbox
		}
	}
	return cause, why, ""
}
