package api

import (
	"context"
	"net/http"
	"time"
)

// Menus is what callers did in menus, since a time.
type Menus struct {
	Since time.Time `json:"since"` // of the start, or of the last reset
	Menus []Menu    `json:"menus"` // by name; those that nobody entered too
}

// Menu is what callers did in one menu.
type Menu struct {
	Menu       string            `json:"menu"`
	Entered    uint64            `json:"entered"`
	Keys       map[string]uint64 `json:"keys"`       // by choice, also those that nobody made
	Extensions uint64            `json:"extensions"` // that were dialled
	Timeouts   uint64            `json:"timeouts"`   // nothing was pressed
	Invalid    uint64            `json:"invalid"`    // what was pressed is no choice
	Failed     uint64            `json:"failed"`     // callers who used up their tries
	HungUp     uint64            `json:"hung_up"`    // callers who hung up instead of choosing
	Last       *time.Time        `json:"last,omitempty"`
}

func (a *API) menus(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, a.server.Menus())
}

func (a *API) resetMenus(w http.ResponseWriter, _ *http.Request) error {
	a.server.ResetMenus()
	return done(w)
}

// Menus asks what callers did in menus.
func (c *Client) Menus(ctx context.Context) (m Menus, err error) {
	return m, c.do(ctx, "GET", "/v1/menus", nil, &m)
}

// ResetMenus lets the counting begin anew.
func (c *Client) ResetMenus(ctx context.Context) error {
	return c.do(ctx, "DELETE", "/v1/menus", nil, nil)
}

func exampleMenus() Menus {
	last := exampleStart()
	return Menus{Since: exampleStart().Add(-24 * time.Hour), Menus: []Menu{{
		Menu: "main", Entered: 120, Keys: map[string]uint64{"1": 61, "2": 23, "*": 9}, Extensions: 12,
		Timeouts: 14, Invalid: 6, Failed: 3, HungUp: 11, Last: &last,
	}}}
}
