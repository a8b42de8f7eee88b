package pbx

import (
	"dialtone/config"
	"dialtone/dialplan"
)

// planOf is the dialplan of a configuration that was read. One that came from
// nowhere has none yet; a plan that is wrong was refused with its configuration.
func planOf(l *config.Loaded) *dialplan.Plan {
	if l.Plan != nil {
		return l.Plan
	}
	plan, _ := config.PlanOf(l.Config)
	return plan
}
