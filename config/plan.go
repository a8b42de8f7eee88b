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
	plan, findings := dialplan.Compile(c.spec(nil))
	var out Errors
	for _, f := range findings {
		out = append(out, &Error{Path: f.Path, Reason: f.Reason, Remedy: f.Remedy, Warning: f.Warning})
	}
	if out.Err() != nil {
		return nil, out
	}
	return plan, out
}

// spec is the part of the configuration that decides where calls go.
func (c *Config) spec(read func(string) ([]byte, error)) dialplan.Spec {
	return dialplan.Spec{
		Site: c.Site, Schedules: c.Schedules, Groups: c.Groups, Subplans: c.Subplans, Contexts: c.Dialplan,
		Extensions:  slices.Sorted(maps.Keys(c.Extensions)),
		Features:    dialplan.Features{Echo: c.Features.Echo, Tone: c.Features.Tone, Music: c.Features.Music},
		RingTimeout: c.Calls.RingTimeout.D(),
		ReadFile:    read,
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
			}
			return data, err
		}
	}
	failed := slices.Sorted(maps.Keys(c.failed))
	plan, findings := dialplan.Compile(c.cfg.spec(read))
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
