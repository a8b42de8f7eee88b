package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Conference is a room in which callers hear each other now.
type Conference struct {
	Room       string             `json:"room"`
	Conference string             `json:"conference"` // of the configuration
	Opened     time.Time          `json:"opened"`
	Locked     bool               `json:"locked"`
	Waiting    bool               `json:"waiting"` // for a leader
	Members    []ConferenceMember `json:"members"` // in the order in which they came
}

// ConferenceMember is one in a conference. The levels are in dBov, 0 the loudest; they
// are left out for who hears music.
type ConferenceMember struct {
	ID       string    `json:"id"` // of the call
	Party    string    `json:"party"`
	Name     string    `json:"name,omitempty"`
	Joined   time.Time `json:"joined"`
	Leader   bool      `json:"leader"`
	Muted    bool      `json:"muted"`
	Deaf     bool      `json:"deaf"`
	Held     bool      `json:"held"`    // has put the conference on hold
	Waiting  bool      `json:"waiting"` // hears music
	Speaking bool      `json:"speaking"`
	Level    float64   `json:"level,omitempty"` // of what it says
	Heard    float64   `json:"heard,omitempty"` // of what it hears
}

// ConferenceAction is what is done to a conference or to a member.
type ConferenceAction struct {
	Do     string `json:"do"`               // "mute", "unmute", "deafen", "undeafen", "kick", "lock", "unlock", "end", "play", "call"
	Prompt string `json:"prompt,omitempty"` // for "play"
	Number string `json:"number,omitempty"` // for "call"
	As     string `json:"as,omitempty"`     // for "call": the extension that pays for a number outside
}

func (a *API) conferences(w http.ResponseWriter, _ *http.Request) error {
	rooms := list(a.server.Conferences())
	for i := range rooms {
		rooms[i].Members = list(rooms[i].Members)
	}
	return answer(w, rooms)
}

func (a *API) controlConference(w http.ResponseWriter, r *http.Request) error {
	var body ConferenceAction
	if err := read(r, &body); err != nil {
		return err
	}
	if err := a.server.ControlConference(r.PathValue("room"), r.PathValue("member"), body); err != nil {
		return err
	}
	return done(w)
}

// Conferences asks for the rooms in which somebody is.
func (c *Client) Conferences(ctx context.Context) (rooms []Conference, err error) {
	return rooms, c.do(ctx, "GET", "/v1/conferences", nil, &rooms)
}

// ControlConference does something to a room, or to a member of it; "" is all.
func (c *Client) ControlConference(ctx context.Context, room, member string, action ConferenceAction) error {
	path := "/v1/conferences/" + url.PathEscape(room)
	if member != "" {
		path += "/members/" + url.PathEscape(member)
	}
	return c.do(ctx, "POST", path, action, nil)
}

func exampleConference() Conference {
	return Conference{
		Room: "team", Conference: "team", Opened: exampleStart(),
		Members: []ConferenceMember{
			{ID: "64dcghd7bk6f", Party: "100", Name: "Reception", Joined: exampleStart(), Leader: true, Speaking: true, Level: -21.4, Heard: -96},
			{ID: "h2m4xq7zrw3k", Party: "+4930123456", Joined: exampleStart().Add(time.Minute), Muted: true, Level: -96, Heard: -21.4},
		},
	}
}
