package pbx

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"dialtone/dialplan"
	"dialtone/pbx/api"
	"dialtone/pbx/lists"
)

// Lists implements api.Server.
func (s *Server) Lists() []api.List {
	cfg := s.Config()
	out := []api.List{{Name: dialplan.BlockList, Text: "Callers from outside who are refused."}}
	for _, name := range slices.Sorted(maps.Keys(cfg.Lists)) {
		if name != dialplan.BlockList {
			out = append(out, api.List{Name: name, Text: cfg.Lists[name].Text})
		}
	}
	for i := range out {
		entries, _ := s.lists.Entries(out[i].Name) // a list that a reload took away has none
		out[i].Entries = len(entries)
	}
	return out
}

// ListEntries implements api.Server.
func (s *Server) ListEntries(list string) ([]api.ListEntry, error) {
	entries, err := s.lists.Entries(list)
	return entries, listError(err)
}

// AddToList implements api.Server.
func (s *Server) AddToList(list, number, note string) (api.ListEntry, error) {
	entry, err := s.lists.Add(list, number, note, "")
	return entry, listError(err)
}

// RemoveFromList implements api.Server.
func (s *Server) RemoveFromList(list, number string) error {
	return listError(s.lists.Remove(list, number, ""))
}

// listError says in the words of the API what is wrong with an edit.
func listError(err error) error {
	switch {
	case errors.Is(err, lists.ErrNotFound):
		return &api.Error{Status: http.StatusNotFound, Code: "not_found", Message: err.Error()}
	case errors.Is(err, lists.ErrNumber):
		return &api.Error{Status: http.StatusBadRequest, Code: "invalid", Message: err.Error()}
	case errors.Is(err, lists.ErrFull):
		return &api.Error{Status: http.StatusConflict, Code: "full", Message: err.Error()}
	}
	return err
}
