package call

import (
	"context"
	"errors"
	"strings"

	"dialtone/dialplan"
	"dialtone/pbx/conference"
	"dialtone/pbx/recording"
)

// Why a phone's wish about its own call is not granted.
var (
	ErrNoCall     = errors.New("it has no such call")
	ErrNotAllowed = errors.New("it may not do that")
)

// legOf finds the call in which an extension has a leg with that Call-ID, and the leg.
func (s *Switchboard) legOf(extension, sipCallID string) (*Call, Leg) {
	s.mu.Lock()
	calls := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	s.mu.Unlock()
	for _, c := range calls {
		c.mu.Lock()
		for _, p := range c.legs {
			if p.talks() && p.record.Party == extension && p.leg.Info().Trunk == "" && p.leg.Info().SIPCallID == sipCallID {
				defer c.mu.Unlock()
				return c, p.leg
			}
		}
		c.mu.Unlock()
	}
	return nil, nil
}

// RecordOwn lets an extension start, stop, pause or resume the recording of its call with
// that Call-ID, as its keys do. The errors are ErrNoCall, ErrNotAllowed and *OrderError.
func (s *Switchboard) RecordOwn(ctx context.Context, extension, sipCallID, do string) error {
	c, leg := s.legOf(extension, sipCallID)
	if c == nil {
		return ErrNoCall
	}
	if _, _, may := c.tapes(); !may[leg.ID()] {
		return ErrNotAllowed
	}
	var why string
	if do == dialplan.RecordStart {
		why = c.order(ctx, recording.ByKey, do)
	} else {
		why = c.control(do)
	}
	c.log.Info("recording by the web phone", "extension", extension, "do", do, "why_not", why)
	if why != "" {
		return &OrderError{strings.TrimSpace(why)}
	}
	return nil
}

// Member lets an extension mute, unmute or remove somebody from the conference that it has
// made of the call with that Call-ID, and others. The errors are ErrNoCall, ErrNotAllowed and those of
// conference.Rooms.Control.
func (s *Switchboard) Member(extension, sipCallID, member, do string) error {
	c, _ := s.legOf(extension, sipCallID)
	if c == nil {
		return ErrNoCall
	}
	room := c.merged()
	if room == "" || c.sits == nil || !c.sits.Leader {
		return ErrNotAllowed
	}
	what, known := map[string]conference.Do{"mute": conference.Mute, "unmute": conference.Unmute, "remove": conference.Kick}[do]
	if !known || member == "" {
		return &conference.UnknownError{Do: conference.Do(do)}
	}
	defer s.touched()
	return s.rooms.Control(room, member, what)
}
