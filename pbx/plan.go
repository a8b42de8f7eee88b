package pbx

import (
	"maps"
	"slices"

	"dialtone/config"
	"dialtone/dialplan"
)

// planOf is the built-in dialplan for a configuration.
func planOf(c *config.Config) *dialplan.Plan {
	return dialplan.NewPlan(dialplan.BuiltIn{
		Extensions:  slices.Collect(maps.Keys(c.Extensions)),
		RingTimeout: c.Calls.RingTimeout.D(),
		Echo:        c.Features.Echo,
		Tone:        c.Features.Tone,
		Music:       c.Features.Music,
	})
}
