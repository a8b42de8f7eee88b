package pbx

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"dialtone/pbx/api"
	"dialtone/pbx/settings"
)

// Extensions implements api.Server.
func (s *Server) Extensions(all bool) []api.Extension {
	names := s.settings.Extensions()
	cfg := s.Config()
	for name, e := range cfg.Extensions {
		if (all || e.DND) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var list []api.Extension
	for _, name := range names {
		list = append(list, s.extension(name))
	}
	return list
}

func (s *Server) extension(name string) api.Extension {
	own := s.settings.Of(name)
	e := api.Extension{Extension: name, Name: s.Config().Extensions[name].Name, Settings: settings.Values(own), Changed: own.Changed}
	for _, b := range own.RingBacks {
		e.RingBacks = append(e.RingBacks, b.To)
	}
	return e
}

// Extension implements api.Server.
func (s *Server) Extension(name string) (api.Extension, error) {
	if _, known := s.Config().Extensions[name]; !known {
		return api.Extension{}, fmt.Errorf("extension %q: %w", name, api.ErrNotFound)
	}
	return s.extension(name), nil
}

// SetSetting implements api.Server.
func (s *Server) SetSetting(extension, setting, value string) (api.Extension, error) {
	if _, err := s.settings.Set(extension, setting, value); err != nil {
		return api.Extension{}, settingError(err)
	}
	return s.extension(extension), nil
}

// settingError says in the words of the API what is wrong with a setting.
func settingError(err error) error {
	switch {
	case errors.Is(err, settings.ErrNotFound):
		return &api.Error{Status: http.StatusNotFound, Code: "not_found", Message: err.Error()}
	case errors.Is(err, settings.ErrValue):
		return &api.Error{Status: http.StatusBadRequest, Code: "invalid", Message: err.Error()}
	}
	return err
}

// settingOf counts the extensions that are not to be disturbed, and that forward their
// calls, for the status.
func (s *Server) settingOf() (dnd, forwarding int) {
	cfg := s.Config()
	for name := range cfg.Extensions {
		own := s.settings.Of(name)
		if own.DND {
			dnd++
		}
		if own.Forward.On {
			forwarding++
		}
	}
	return dnd, forwarding
}
