package main

import (
	"context"
	"errors"

	"dialtone/dialplan"
)

// What else nobody can say beforehand.
var (
	errRings  = errors.New("which calls ring")
	errParked = errors.New("who is parked, and who fetches whom")
)

// Pickup implements dialplan.Session.
func (r rehearsal) Pickup(context.Context, []string) (string, error) { return "", r.depends(errRings) }

// Park implements dialplan.Session.
func (r rehearsal) Park(context.Context, dialplan.Waiting) (slot, by string, err error) {
	return "", "", r.depends(errParked)
}

// Unpark implements dialplan.Session.
func (r rehearsal) Unpark(context.Context, string) (string, error) { return "", r.depends(errParked) }

// Page implements dialplan.Session: it comes to nothing only when no phone can be paged.
func (r rehearsal) Page(_ context.Context, p dialplan.Paging) (int, error) {
	for _, e := range p.Extensions {
		if len(r.cfg.Extensions[e].AutoAnswerHeaders()) > 0 && r.Registered(e) && !r.Busy(e) && !r.cfg.Extensions[e].DND {
			return 0, r.depends(errAnswer)
		}
	}
	return 0, &dialplan.Ended{Cause: dialplan.CauseBusy, Detail: "no phone can be paged"}
}
