package pbx

import (
	"time"

	"dialtone/config"
	"dialtone/pbx/api"
)

// Reload reads the configuration again and puts it in force, or changes nothing
// and says why. Calls in progress go on.
func (s *Server) Reload() (api.ReloadResult, error) { return s.reload("asked for") }

// reloadChanged is a reload because files changed; nobody waits for its result.
func (s *Server) reloadChanged() {
	if r, err := s.reload("files changed"); err != nil {
		s.Log.Error("configuration refused, the old one stays", "error", err)
	} else if len(r.Changes) > 0 {
		s.Log.Info("configuration reloaded", "changes", r.Changes)
	}
}

func (s *Server) reload(reason string) (api.ReloadResult, error) {
	result, err := s.holder.Reload(reason)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastReload = api.LastReload{At: time.Now()}
	if err != nil {
		s.lastReload.Error = err.Error()
		return api.ReloadResult{}, err
	}
	s.adopt(result.Changes)
	if err := s.certs.load(s.Config()); err != nil {
		s.Log.Error("phones are still shown the old certificate", "error", err)
		result.Warnings = append(result.Warnings, &config.Error{
			Path: "sip.certificate", Reason: err.Error(), Remedy: "mend it and reload; phones are shown the old one", Warning: true,
		})
	}
	return api.ReloadResult{Changes: result.Changes, Warnings: result.Warnings}, nil
}

// adopt brings what was made from the old configuration up to date.
func (s *Server) adopt(changes []config.Change) {
	cfg := s.Config()
	s.plan.Store(planOf(s.holder.Loaded()))
	for _, c := range changes {
		switch c.Path {
		case "log.level":
			s.Level.Set(cfg.Log.Slog())
		case "sip.trace":
			s.SetTrace(cfg.SIP.Trace)
		}
	}
	s.registrar.Retain(func(extension string) bool { _, known := cfg.Extensions[extension]; return known })
}
