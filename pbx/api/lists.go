package api

import (
	"context"
	"net/http"
	"net/url"

	"dialtone/storage"
)

// List is a list of numbers that is edited at run time.
type List struct {
	Name    string `json:"name"`
	Text    string `json:"text,omitempty"` // what it is for
	Entries int    `json:"entries"`
}

// ListEntry is a number on a list, as storage keeps it.
type ListEntry = storage.ListEntry

// Note says why a number is on a list.
type Note struct {
	Note string `json:"note"`
}

// maxNote is what a note may hold, in bytes.
const maxNote = 200

func (a *API) lists(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, list(a.server.Lists()))
}

func (a *API) listEntries(w http.ResponseWriter, r *http.Request) error {
	entries, err := a.server.ListEntries(r.PathValue("list"))
	if err != nil {
		return err
	}
	return answer(w, list(entries))
}

func (a *API) addToList(w http.ResponseWriter, r *http.Request) error {
	var body Note
	if err := read(r, &body); err != nil {
		return err
	}
	if len(body.Note) > maxNote {
		return invalid("note: %d bytes, it may have %d", len(body.Note), maxNote)
	}
	entry, err := a.server.AddToList(r.PathValue("list"), r.PathValue("number"), body.Note)
	if err != nil {
		return err
	}
	return answer(w, entry)
}

func (a *API) removeFromList(w http.ResponseWriter, r *http.Request) error {
	if err := a.server.RemoveFromList(r.PathValue("list"), r.PathValue("number")); err != nil {
		return err
	}
	return done(w)
}

// Lists asks which lists there are.
func (c *Client) Lists(ctx context.Context) (l []List, err error) {
	return l, c.do(ctx, "GET", "/v1/lists", nil, &l)
}

// ListEntries asks what is on a list.
func (c *Client) ListEntries(ctx context.Context, list string) (e []ListEntry, err error) {
	return e, c.do(ctx, "GET", "/v1/lists/"+url.PathEscape(list), nil, &e)
}

// AddToList puts a number on a list and gives the entry as it was kept.
func (c *Client) AddToList(ctx context.Context, list, number, note string) (e ListEntry, err error) {
	return e, c.do(ctx, "PUT", "/v1/lists/"+url.PathEscape(list)+"/"+url.PathEscape(number), Note{note}, &e)
}

// RemoveFromList takes a number off a list; the error is ErrNotFound when it is
// not there.
func (c *Client) RemoveFromList(ctx context.Context, list, number string) error {
	return c.do(ctx, "DELETE", "/v1/lists/"+url.PathEscape(list)+"/"+url.PathEscape(number), nil, nil)
}
