package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// PlanOf compiles the dialplan of a configuration that did not come from a file.
// The plan is nil when there is a failure among what it gives.
func PlanOf(c *Config) (*dialplan.Plan, Errors) {
	plan, findings := dialplan.Compile(c.spec(nil, nil))
	var out Errors
	for _, f := range findings {
		out = append(out, &Error{Path: f.Path, Reason: f.Reason, Remedy: f.Remedy, Warning: f.Warning})
	}
	if out.Err() != nil {
		return nil, out
	}
	return plan, out
}

// spec is the part of the configuration that decides where calls go. at says where
// a key stands; nil is nowhere.
func (c *Config) spec(read func(string) ([]byte, error), at func(path string) Position) dialplan.Spec {
	trunks := make(map[string]dialplan.TrunkEntry, len(c.Trunks))
	for name, t := range c.Trunks {
		trunks[name] = dialplan.TrunkEntry{Context: t.Context, Host: t.Host, Country: t.Country, Internal: t.Internal}
	}
	numbers := make(map[string]dialplan.Number, len(c.Numbers))
	for number, n := range c.Numbers {
		of := dialplan.Number{To: n.To, Name: n.Name, Language: n.Language}
		if at != nil {
			of.At = dialplan.Pos(at(join("numbers", number)))
		}
		numbers[number] = of
	}
	features := dialplan.Features{Echo: c.Features.Echo, Tone: c.Features.Tone, Music: c.Features.Music, Milliwatt: c.Features.Milliwatt, Delay: c.Features.Delay, Silence: c.Features.Silence, Sweep: c.Features.Sweep, Keys: c.Features.Keys, Block: c.Features.Block, Unblock: c.Features.Unblock, Settings: c.Features.Settings, Pickup: c.Features.Pickup, Intercom: c.Features.Intercom}
	mailboxes := c.Mailboxes()
	if len(mailboxes) > 0 {
		features.VoicemailPickUp = c.Features.VoicemailPickUp
		features.Voicemail, features.VoicemailAny, features.VoicemailLeave = c.Features.Voicemail, c.Features.VoicemailAny, c.Features.VoicemailLeave
	}
	return dialplan.Spec{
		Site: c.Site, Schedules: c.Schedules, Groups: c.Groups, Subplans: c.Subplans, Menus: c.Menus, Contexts: c.Dialplan,
		Messages:       c.Messages.Routes,
		Names:          c.names(),
		Extensions:     slices.Sorted(maps.Keys(c.Extensions)),
		Features:       features,
		Mailboxes:      mailboxes,
		VoicemailDelay: c.Voicemail.Delay.D(),
		Parking:        c.Parking.entry(),
		Operators:      c.operators(mailboxes),
		Lists:          slices.Sorted(maps.Keys(c.Lists)),
		Trunks:         slices.Sorted(maps.Keys(c.Trunks)),
		Entries:        trunks,
		Numbers:        numbers,
		RingTimeout:    c.Calls.RingTimeout.D(),
		Webhooks:       slices.Sorted(maps.Keys(c.Webhooks)),
		Mail:           c.Mail.Server != "",
		Speech:         c.Speech.TTS.Enabled(),
		Hearing:        c.Speech.STT.Enabled(),
		Music:          slices.Sorted(maps.Keys(c.Music.Classes)),
		Conferences:    c.conferenceEntries(at),
		Pins:           c.Pins,
		ReadFile:       read,
	}
}

// dialplan compiles the plan and reports what is wrong with it, but for what
// follows from parts that could not be read.
func (c *validator) dialplan() {
	var read func(string) ([]byte, error)
	if c.files {
		read = func(name string) ([]byte, error) {
			data, _, err := readRegular(name, maxFileBytes)
			if err == nil {
				c.reads(name)
				if c.shows != nil {
					c.shows(name, data)
				}
			}
			return data, err
		}
	}
	failed := slices.Sorted(maps.Keys(c.failed))
	spec := c.cfg.spec(read, func(path string) Position { return c.place(path).key })
	if c.files {
		spec.Prompt, spec.Recorded = c.cfg.prompt, c.cfg.recorded
	}
	plan, findings := dialplan.Compile(spec)
	bad := false
	for _, f := range findings {
		bad = bad || !f.Warning
		if unread(failed, f.Path) {
			continue
		}
		at := Position(f.At)
		if at.File == "" {
			at = c.place(f.Path).value
		}
		c.report(finding{at: at, path: f.Path, problem: problem{f.Reason, f.Remedy}, warning: f.Warning})
	}
	if !bad {
		c.plan = plan
	}
}

// unread reports whether path, or something below it, could not be read.
func unread(failed []string, path string) bool {
	i, _ := slices.BinarySearchFunc(failed, path, cmp.Compare[string])
	for ; i < len(failed) && strings.HasPrefix(failed[i], path); i++ {
		if rest := failed[i][len(path):]; rest == "" || rest[0] == '.' || rest[0] == '[' {
			return true
		}
	}
	return false
}
