package pbx

import (
	"errors"
	"fmt"
	"net/http"

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
	if a.Do == "play" && member == "" {
		err = rooms.Play(room, a.Prompt)
	} else {
		err = rooms.Control(room, member, conference.Do(a.Do))
	}
	var unknown *conference.UnknownError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, conference.ErrUnknown):
		return fmt.Errorf("nobody is in a conference %q: %w", room, api.ErrNotFound)
	case errors.Is(err, conference.ErrMember):
		return fmt.Errorf("%q is not in conference %q: %w", member, room, api.ErrNotFound)
	case errors.Is(err, conference.ErrSeveral):
		return &api.Error{Status: http.StatusConflict, Code: "several", Message: fmt.Sprintf("several %q are in conference %q: name one by its id", member, room)}
	case errors.As(err, &unknown), a.Do == "play":
		return &api.Error{Status: http.StatusBadRequest, Code: "invalid", Message: err.Error()}
	}
	return err
}
