package settings

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/storage"
)

// Only are settings that no store keeps, by extension and name, for calls that are only
// thought of. Nobody can be rung back there.
func Only(o Options, values map[string]map[string]string) (*Settings, error) {
	o.Store, o.Board, o.Log = nothing{}, func() Board { return idle{} }, slog.New(slog.DiscardHandler)
	s, err := Open(o)
	if err != nil {
		return nil, err
	}
	for _, extension := range slices.Sorted(maps.Keys(values)) {
		for _, name := range slices.Sorted(maps.Keys(values[extension])) {
			if _, err := s.Set(extension, name, values[extension][name]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// Fixed gives what never changes as an option wants it.
func Fixed(cfg *config.Config, plan *dialplan.Plan, judge func(*config.Config, string, dialplan.Outside) error) Options {
	return Options{
		Config: func() *config.Config { return cfg }, Plan: func() *dialplan.Plan { return plan }, Judge: judge,
	}
}

// nothing is a store that keeps nothing.
type nothing struct{}

// Settings implements Store.
func (nothing) Settings() ([]storage.Settings, error) { return nil, nil }

// SaveSettings implements Store.
func (nothing) SaveSettings(storage.Settings) error { return nil }

// CDRs implements Store.
func (nothing) CDRs(storage.CDRFilter, func(storage.CDR) bool) error { return nil }

// idle is a board without calls.
type idle struct{ dialplan.NoPhones }

// Watch implements Board.
func (idle) Watch() (changed <-chan struct{}, stop func()) { return nil, func() {} }

// RingBack implements Board.
func (idle) RingBack(context.Context, string, string) error {
	return &dialplan.Ended{Cause: dialplan.CauseNotRegistered}
}
