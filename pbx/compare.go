package pbx

import (
	"cmp"

	"dialtone/config"
	"dialtone/pbx/api"
)

// Compare implements api.Server.
func (s *Server) Compare(file string) (api.Comparison, error) {
	read := s.holder.Read
	if file != "" {
		read = func() (*config.Loaded, error) { return config.Read(file) }
	}
	next, err := read()
	if err != nil {
		return api.Comparison{}, err
	}
	now := s.holder.Loaded()
	return api.Comparison{
		Running: now.Version, File: cmp.Or(file, s.ConfigPath), Version: next.Version,
		Differences: config.Compare(now, next), Warnings: next.Warnings,
	}, nil
}
