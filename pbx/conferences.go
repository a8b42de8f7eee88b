package pbx

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"dialtone/dialplan"
	"dialtone/pbx/api"
	"dialtone/pbx/conference"
)

// Conferences implements api.Server.
func (s *Server) Conferences() []api.Conference {
	var list []api.Conference
	for _, r := range s.board.Rooms().List() {
		out := api.Conference{Room: r.Room, Conference: r.Conference, Opened: r.Opened, Locked: r.Locked, Waiting: r.Waiting}
		for _, m := range r.Members {
			out.Members = append(out.Members, api.ConferenceMember{
				ID: m.ID, Party: m.Party, Name: m.Name, Joined: m.Joined, Leader: m.Leader, Muted: m.Muted, Deaf: m.Deaf,
				Held: m.Held, Waiting: m.Waiting, Speaking: m.Sound.Speaking, Level: m.Sound.Level, Heard: m.Sound.Heard,
			})
		}
		list = append(list, out)
	}
	return list
}

// ControlConference implements api.Server.
func (s *Server) ControlConference(room, member string, a api.ConferenceAction) error {
	var err error
	rooms := s.board.Rooms()
	switch {
	case a.Do == "play" && member == "":
		err = rooms.Play(room, a.Prompt)
	case a.Do == "call" && member == "":
		err = s.callInto(room, a)
	default:
		err = rooms.Control(room, member, conference.Do(a.Do))
	}
	var unknown *conference.UnknownError
	var refused *dialplan.Ended
	switch {
	case err == nil:
		return nil
	case errors.Is(err, conference.ErrUnknown):
		return fmt.Errorf("conference %q: %w: nobody is in it", room, api.ErrNotFound)
	case errors.Is(err, conference.ErrMember):
		return fmt.Errorf("%q is not in conference %q: %w", member, room, api.ErrNotFound)
	case errors.Is(err, conference.ErrSeveral):
		return &api.Error{Status: http.StatusConflict, Code: "several", Message: fmt.Sprintf("several %q are in conference %q: name one by its id", member, room)}
	case errors.As(err, &refused):
		return &api.Error{Status: http.StatusForbidden, Code: "refused", Message: refused.Error()}
	case errors.Is(err, conference.ErrFull), errors.Is(err, conference.ErrCalling), errors.Is(err, conference.ErrEnded), errors.Is(err, conference.ErrStrangers):
		return &api.Error{Status: http.StatusConflict, Code: "refused", Message: err.Error()}
	case errors.As(err, &unknown), a.Do == "play":
		return &api.Error{Status: http.StatusBadRequest, Code: "invalid", Message: err.Error()}
	}
	return err
}

// callInto calls a number into a conference.
func (s *Server) callInto(room string, a api.ConferenceAction) error {
	if _, known := s.Config().Extensions[a.As]; a.As != "" && !known {
		return &api.Error{Status: http.StatusBadRequest, Code: "invalid", Message: fmt.Sprintf("there is no extension %q", a.As)}
	}
	return s.board.Rooms().Call(room, conference.Calling{Number: a.Number, As: a.As, Party: cmp.Or(a.As, room), Name: "conference " + room})
}

// conferenceNumbers are those at which extensions reach conferences.
func (s *Server) conferenceNumbers() (list []api.Feature) {
	all := s.Config().Conferences
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		if c.Dial == "" {
			continue
		}
		text := "Enters the conference " + name
		if c.Rooms != "" {
			text = "Enters the conference of that number, which is as " + name + " says"
		}
		if c.PIN != "" || c.LeaderPIN != "" {
			text += ", for a PIN"
		}
		list = append(list, api.Feature{Number: c.Dial, Name: "conference " + name, Text: text + "."})
	}
	return list
}
