package settings

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// Why something is not set.
var (
	// ErrNotFound is for an extension or a setting that is not there.
	ErrNotFound = errors.New("not found")
	// ErrValue is for what a setting cannot be.
	ErrValue = errors.New("cannot be set")
)

// Forward is where calls go instead; Voicemail, as a number, is the mailbox.
type Forward = storage.Forward

// Voicemail forwards to the mailbox of the extension.
const Voicemail = storage.ForwardVoicemail

// Store is where settings outlive a restart.
type Store interface {
	Settings() ([]storage.Settings, error)
	SaveSettings(storage.Settings) error
	CDRs(f storage.CDRFilter, yield func(storage.CDR) bool) error
}

// Options are what Settings work with; all are required.
type Options struct {
	Store  Store
	Config func() *config.Config
	Plan   func() *dialplan.Plan
	// Judge says why an extension may not call a number outside, whatever it has called
	// before; nil when it may.
	Judge func(cfg *config.Config, extension string, o dialplan.Outside) error
	// Board is asked only after Open has returned.
	Board func() Board
	Log   *slog.Logger
}

// Settings are those of all extensions, in memory and in the store.
type Settings struct {
	store  Store
	config func() *config.Config
	plan   func() *dialplan.Plan
	judge  func(*config.Config, string, dialplan.Outside) error
	board  func() Board
	log    *slog.Logger
	news   chan struct{} // capacity 1: somebody waits for another one
	told   func(extension string)

	editing sync.Mutex // held while an edit is under way, also to the disk
	mu      sync.RWMutex
	all     map[string]storage.Settings
}

var _ call.Settings = (*Settings)(nil)

// Open reads the settings from the store.
func Open(o Options) (*Settings, error) {
	kept, err := o.Store.Settings()
	if err != nil {
		return nil, err
	}
	s := &Settings{
		store: o.Store, config: o.Config, plan: o.Plan, judge: o.Judge, board: o.Board, log: o.Log,
		news: make(chan struct{}, 1), told: func(string) {}, all: make(map[string]storage.Settings, len(kept)),
	}
	for _, one := range kept {
		s.all[one.Extension] = one
	}
	return s, nil
}

// Of implements call.Settings.
func (s *Settings) Of(extension string) storage.Settings {
	s.mu.RLock()
	one := s.all[extension]
	s.mu.RUnlock()
	one.Extension = extension
	one.DND = one.DND || s.config().Extensions[extension].DND
	return one
}

// Extensions are those that have set something, sorted.
func (s *Settings) Extensions() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.all))
}

// HidesNumber implements dialplan.Settings.
func (s *Settings) HidesNumber(extension string) bool { return s.Of(extension).HideNumber }

// Set implements dialplan.Settings. The setting is durable when it returns.
func (s *Settings) Set(extension, name, value string) (now string, err error) {
	if _, known := s.config().Extensions[extension]; !known {
		return "", fmt.Errorf("extension %q: %w; %s", extension, ErrNotFound, dialplan.Instead(extension, slices.Sorted(maps.Keys(s.config().Extensions))))
	}
	if !slices.Contains(dialplan.SettingNames(), name) {
		return "", fmt.Errorf("setting %q: %w; %s", name, ErrNotFound, dialplan.Instead(name, dialplan.SettingNames()))
	}
	err = s.edit(extension, func(one *storage.Settings) error { return s.apply(one, name, value) })
	if err != nil {
		return "", fmt.Errorf("%s of extension %s %w", name, extension, err)
	}
	now = name + " " + Values(s.Of(extension))[name]
	s.log.Info("setting changed", "extension", extension, "setting", name, "value", Values(s.Of(extension))[name])
	return now, nil
}

// edit changes the settings of one extension, for good.
func (s *Settings) edit(extension string, change func(*storage.Settings) error) error {
	s.editing.Lock()
	defer s.editing.Unlock()
	s.mu.RLock()
	one := s.all[extension].Clone()
	s.mu.RUnlock()
	one.Extension = extension
	if err := change(&one); err != nil {
		return err
	}
	one.Changed = time.Now().Truncate(time.Second).UTC()
	if err := s.store.SaveSettings(one); err != nil {
		return err
	}
	s.mu.Lock()
	if one.Empty() {
		delete(s.all, extension)
	} else {
		s.all[extension] = one
	}
	s.mu.Unlock()
	s.told(extension)
	return nil
}

// apply changes one setting of one.
func (s *Settings) apply(one *storage.Settings, name, value string) error {
	switch name {
	case "forward":
		return s.forward(one, &one.Forward, value, false)
	case "forward-busy":
		return s.forward(one, &one.Busy, value, false)
	case "forward-no-answer":
		return s.forward(one, &one.NoAnswer, value, true)
	case "forward-not-registered":
		return s.forward(one, &one.NotRegistered, value, false)
	case "follow-me":
		return s.follow(one, value)
	}
	on, err := onOff(value)
	if err != nil {
		return err
	}
	switch name {
	case "dnd":
		if !on && s.config().Extensions[one.Extension].DND {
			return fmt.Errorf("%w to off: the configuration says dnd: true there; remove that", ErrValue)
		}
		one.DND = on
	case "call-waiting":
		one.NoWaiting = !on
	case "hide-number":
		one.HideNumber = on
	}
	return nil
}

func onOff(value string) (bool, error) {
	switch value {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("%w to %q; write on or off", ErrValue, value)
}

// forward sets where calls go.
func (s *Settings) forward(one *storage.Settings, f *storage.Forward, value string, delayed bool) error {
	switch {
	case value == "off":
		f.On = false
		return nil
	case value == "on" && f.To == "":
		return fmt.Errorf("%w to on: it was never given a number; write one", ErrValue)
	case value != "on":
		t, err := read(value)
		if err != nil {
			return err
		}
		if t.asks != "" {
			return fmt.Errorf("%w to %q: only the numbers of follow-me are asked", ErrValue, value)
		}
		if t.after != 0 && !delayed {
			return fmt.Errorf("%w to %q: after is for forward-no-answer", ErrValue, value)
		}
		*f = storage.Forward{To: t.to, After: t.after}
	}
	to, err := s.target(one.Extension, f.To)
	if err == nil {
		f.On, f.To = true, to
	}
	return err
}

// follow sets who rings too.
func (s *Settings) follow(one *storage.Settings, value string) error {
	switch {
	case value == "off":
		one.FollowMe = false
		return nil
	case value == "on" && len(one.Follow) == 0:
		return fmt.Errorf("%w to on: it has no numbers yet; write %q", ErrValue, "102 after 5s, +491701234567 after 10s")
	case value == "on":
		one.FollowMe = true
		return nil
	}
	list, err := readList(value)
	if err != nil {
		return err
	}
	one.FollowMe, one.Follow = true, nil
	for _, t := range list {
		if t.to == storage.ForwardVoicemail {
			return fmt.Errorf("%w to %q: a mailbox does not ring; set forward-no-answer to voicemail", ErrValue, value)
		}
		to, err := s.target(one.Extension, t.to)
		if err != nil {
			return err
		}
		_, ours := s.config().Extensions[to]
		ask := cmp.Or(t.asks, map[bool]string{true: "without"}[ours], "with") == "with"
		one.Follow = append(one.Follow, storage.Follow{To: to, After: t.after, Confirm: ask})
	}
	return nil
}
