package api

import (
	"context"
	"net/http"
	"time"
)

// Parked is a call that waits in a slot until somebody fetches it.
type Parked struct {
	Slot     string    `json:"slot"`
	Call     string    `json:"call"` // its id
	From     string    `json:"from,omitempty"`
	FromName string    `json:"from_name,omitempty"`
	By       string    `json:"by,omitempty"` // the extension that parked it
	Since    time.Time `json:"since"`
}

func (a *API) parked(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, list(a.server.Parked()))
}

// Parked asks for the calls that wait in slots.
func (c *Client) Parked(ctx context.Context) (calls []Parked, err error) {
	return calls, c.do(ctx, "GET", "/v1/parked", nil, &calls)
}
