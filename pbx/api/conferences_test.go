package api

import (
	"errors"
	"fmt"
	"testing"
)

func (f *fakeServer) Conferences() []Conference {
	return []Conference{{Room: "team", Conference: "team"}}
}

func (f *fakeServer) ControlConference(room, member string, a ConferenceAction) error {
	if room != "team" || member == "nobody" {
		return fmt.Errorf("conference %q: %w", room, ErrNotFound)
	}
	f.told = append(f.told, fmt.Sprintf("%s %s %s %s", room, member, a.Do, a.Prompt))
	return nil
}

func TestConferences(t *testing.T) {
	f := &fakeServer{}
	client := serve(t, f)
	rooms, err := client.Conferences(t.Context())
	if err != nil || len(rooms) != 1 || rooms[0].Members == nil {
		t.Fatalf("%+v, %v: want a room with no members, as a list", rooms, err)
	}
	for _, c := range []struct {
		room, member string
		action       ConferenceAction
		told         string
		missing      bool
	}{
		{"team", "101", ConferenceAction{Do: "kick"}, "team 101 kick ", false},
		{"team", "+49 30/1", ConferenceAction{Do: "mute"}, "team +49 30/1 mute ", false},
		{"team", "", ConferenceAction{Do: "play", Prompt: "menu/welcome"}, "team  play menu/welcome", false},
		{"team", "nobody", ConferenceAction{Do: "kick"}, "", true},
		{"other", "", ConferenceAction{Do: "end"}, "", true},
	} {
		f.told = nil
		err := client.ControlConference(t.Context(), c.room, c.member, c.action)
		if errors.Is(err, ErrNotFound) != c.missing || !c.missing && (err != nil || len(f.told) != 1 || f.told[0] != c.told) {
			t.Errorf("%q %q %+v: %v, the server was told %q", c.room, c.member, c.action, err, f.told)
		}
	}
}
