package pbx

import (
	"errors"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/pbx/api"
)

// Reload reads the configuration again and puts it in force, or changes nothing
// and says why, to the log too. Calls in progress go on.
func (s *Server) Reload() (api.ReloadResult, error) {
	r, err := s.reload("asked for")
	if err == nil && len(r.Changes) == 0 {
		s.Log.Info("configuration read again, nothing changed")
	}
	s.logReload(r, err)
	return r, err
}

// reloadChanged is a reload because files changed; nobody waits for its result.
func (s *Server) reloadChanged() { s.logReload(s.reload("files changed")) }

func (s *Server) logReload(r api.ReloadResult, err error) {
	if err != nil {
		var mistakes config.Errors
		if errors.As(err, &mistakes) {
			err = mistakes.Failures().Err()
		}
		if s.news(err.Error(), time.Now()) {
			s.Log.Error("configuration refused, the old one stays", "error", err)
		}
		return
	}
	if len(r.Changes) == 0 {
		return
	}
	s.Log.Info("configuration reloaded", "changes", changes(r.Changes))
	for _, warning := range r.Warnings {
		s.Log.Warn("a doubtful configuration is in force", "reason", warning)
	}
}

// refusal is why a configuration was refused, as the log was told.
type refusal struct {
	why string
	at  time.Time
}

// repeated is for how long a refusal is not logged again: who asks for a reload and
// the watcher of files find the same mistakes.
const repeated = time.Minute

// news reports whether the log is to be told that a configuration was refused.
func (s *Server) news(why string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if why == s.refusal.why && now.Sub(s.refusal.at) < repeated {
		return false
	}
	s.refusal = refusal{why, now}
	return true
}

// changes are a line each where the log is text.
type changes []config.Change

// String implements fmt.Stringer.
func (c changes) String() string {
	all := make([]string, len(c))
	for i, change := range c {
		all[i] = change.String()
	}
	return strings.Join(all, "\n")
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
	s.refusal = refusal{}
	s.adopt(result.Changes)
	if err := s.certs.load(s.Config()); err != nil {
		s.Log.Error("phones are still shown the old certificate", "error", err)
		result.Warnings = append(result.Warnings, &config.Error{
			Path: "sip.certificate", Reason: err.Error(), Remedy: "mend it and reload; phones are shown the old one", Warning: true,
		})
	}
	if err := s.browser.Reload(); err != nil {
		s.Log.Error("browsers are still shown the old certificate", "error", err)
		result.Warnings = append(result.Warnings, &config.Error{
			Path: "web.certificate", Reason: err.Error(), Remedy: "mend it and reload; browsers are shown the old one", Warning: true,
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
	s.music.Configure(musicOf(cfg))
	s.trunks.Reload()
	s.subs.Recheck()
	s.registrar.Retain(func(extension string) bool { _, known := cfg.Extensions[extension]; return known })
}
