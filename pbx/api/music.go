package api

import (
	"context"
	"net/http"
)

// Music is a class of music on hold, and how it fares.
type Music struct {
	Class     string   `json:"class"`
	Source    string   `json:"source"`            // built-in, a folder or the address of a stream
	Playing   string   `json:"playing,omitempty"` // the file, or what is heard instead
	Listeners int      `json:"listeners"`
	Encodings []string `json:"encodings,omitempty"` // that are made now, each once for all listeners
	Problem   string   `json:"problem,omitempty"`   // why there is other music than that of the class
	Credits   string   `json:"credits,omitempty"`   // what CREDITS.txt of the folder says
	// Since the start:
	DecodedSeconds float64 `json:"decoded_seconds"`
	EncodedFrames  uint64  `json:"encoded_frames"`
	MissedFrames   uint64  `json:"missed_frames"` // of 20 ms in which nothing was there to be heard
}

func (a *API) music(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, list(a.server.Music()))
}

// Music asks how the classes of music fare.
func (c *Client) Music(ctx context.Context) (m []Music, err error) {
	return m, c.do(ctx, "GET", "/v1/music", nil, &m)
}
